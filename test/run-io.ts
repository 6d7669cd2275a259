import { TrainingView } from '../src/cli/terminal/training-view.ts';
import type { RunIo } from '../src/training/run/run-loop.ts';

/** What a run has of the world, for tests: `lines` is what the program writes of it where stderr is no terminal. */
export function testRunIo(
  stop: AbortSignal = new AbortController().signal,
  clock: () => number = () => performance.now(),
): RunIo & { readonly lines: string[] } {
  const lines: string[] = [];
  const view = new TrainingView({ write: (text: string) => lines.push(text) }, () => performance.now());
  return {
    lines,
    tell: (event) => Promise.resolve(view.show(event)),
    note: (event) => view.show(event),
    clock,
    now: () => new Date(0),
    stop,
  };
}

/** The lines of a metrics.jsonl without what the clock says: all else of a run is the same to the bit, however it was interrupted. */
export const withoutSeconds = (metrics: string): string => metrics.replaceAll(/,"seconds":[\d.e+-]+/g, '');
