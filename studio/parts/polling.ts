import { token } from '../token.ts';
import { useWhileShown } from './kept-page.tsx';

/**
 * Looks again and again while a component's page is shown and its tab is seen: the next time so long after the last look ended
 * as `pauseMs` says then. It looks at once when the tab is seen again, and when there is another token.
 *
 * @param onProblem  is told what a look threw, and undefined after one that threw nothing
 */
export function usePolling(
  look: (signal: AbortSignal) => Promise<void>,
  pauseMs: () => number,
  onProblem: (problem: unknown) => void,
): void {
  useWhileShown(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLooking = false;
    const run = async () => {
      clearTimeout(timer);
      if (isLooking || stop.signal.aborted || document.hidden) return;
      isLooking = true;
      try {
        await look(stop.signal);
        onProblem(undefined);
      } catch (problem) {
        if (!stop.signal.aborted) onProblem(problem);
      }
      isLooking = false;
      if (!stop.signal.aborted) timer = setTimeout(() => void run(), pauseMs());
    };
    const onVisible = () => void run();
    document.addEventListener('visibilitychange', onVisible);
    // at once, too
    const forget = token.subscribe(() => void run());
    return () => {
      forget();
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  });
}
