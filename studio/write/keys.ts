import type { ReadonlySignal } from '@preact/signals';
import { useWhileShown } from '../parts/kept-page.tsx';
import type { Lane } from './lane.ts';

/** The keys of the page, for all runs at once; they mean nothing while one types or has a control chosen. */
export function useKeys(lanes: ReadonlySignal<readonly Lane[]>, stop: () => void): void {
  useWhileShown(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Escape') {
        // from the prompt it leads to the other keys
        if (lanes.peek().some((lane) => lane.isWriting.value)) stop();
        else (document.activeElement as HTMLElement | null)?.blur();
        return;
      }
      if ((event.target as Element).closest('input, textarea, select, button, summary, a')) return;
      const act = actions[`${event.shiftKey ? 'shift ' : ''}${event.key}`];
      if (!act) return;
      event.preventDefault();
      lanes.peek().forEach(act);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
}

const step = (by: number) => (lane: Lane) => {
  const player = lane.player.value;
  player.show(player.at.value + by);
};

const actions: Readonly<Record<string, (lane: Lane) => void>> = {
  ' ': ({ player: { value: player } }) => {
    if (player.size.value === 0) return;
    if (player.direction.value === 0) player.play(1);
    else player.show(player.at.value);
  },
  ArrowLeft: step(-1),
  ArrowRight: step(1),
  'shift ArrowLeft': (lane) => lane.pinNext(-1),
  'shift ArrowRight': (lane) => lane.pinNext(1),
};
