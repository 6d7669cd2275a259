import { useSignal } from '@preact/signals';
import type { Lane } from './lane.ts';

const parts = 1000;

/** One slider for all runs: each shows the same share of its way. Playing is as fast as each was written. */
export function TiedTransport({ lanes }: { readonly lanes: readonly Lane[] }) {
  const share = useSignal(parts);
  const players = lanes.map((lane) => lane.player.value).filter((player) => player.size.value > 0);
  const isPlaying = players.some((player) => player.direction.value !== 0);
  const move = (to: number) => {
    share.value = Math.max(0, Math.min(parts, to));
    for (const player of players) player.show(Math.round((share.value / parts) * (player.size.value - 1)));
  };
  const play = () => {
    if (isPlaying) return players.forEach((player) => player.show(player.at.value));
    for (const player of players) {
      player.speed.value = 'real time';
      player.show(0);
      player.play(1);
    }
    share.value = parts;
    return undefined;
  };
  const none = players.length === 0;
  return (
    <div class="transport tied" role="group" aria-label="All runs">
      <button type="button" disabled={none} onClick={play}>
        {isPlaying ? '❚❚ Pause' : '▶ Race'}
      </button>
      <input
        type="range"
        min={0}
        max={parts}
        value={share.value}
        disabled={none}
        aria-label="Share of the way"
        aria-valuetext={`${Math.round((100 * share.value) / parts)} % of each run`}
        onInput={({ currentTarget }) => move(Number(currentTarget.value))}
      />
      <output>{Math.round((100 * share.value) / parts)} %</output>
    </div>
  );
}
