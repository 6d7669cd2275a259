import type { Player, Speed } from './player.ts';

const speeds: readonly Speed[] = ['real time', 0.125, 0.25, 0.5, 1, 2, 4];

/** Plays, stops, steps and scrubs through what was recorded. */
export function Transport({ player }: { readonly player: Player }) {
  const { at, size, direction, speed, facts } = player;
  const last = Math.max(0, size.value - 1);
  const none = size.value === 0;
  const play = (way: 1 | -1, sign: string, label: string) => {
    const isPlaying = direction.value === way;
    return (
      <button
        type="button"
        disabled={none}
        onClick={() => (isPlaying ? player.show(at.value) : player.play(way))}
        aria-label={isPlaying ? 'Pause' : label}
      >
        {isPlaying ? '❚❚' : sign}
      </button>
    );
  };
  return (
    <div class="transport" role="group" aria-label="Recording">
      <button
        type="button"
        disabled={none}
        onClick={() => player.show(at.value - 1)}
        aria-label="One frame back"
      >
        ‹
      </button>
      {play(-1, '◀', 'Play backwards')}
      {play(1, '▶', 'Play')}
      <button
        type="button"
        disabled={none}
        onClick={() => player.show(at.value + 1)}
        aria-label="One frame on"
      >
        ›
      </button>
      <input
        type="range"
        min={0}
        max={last}
        value={Math.max(0, at.value)}
        disabled={none}
        aria-label="Frame"
        aria-valuetext={facts.value && `frame ${at.value} of ${last}, step ${facts.value.step}`}
        onInput={({ currentTarget }) => player.show(Number(currentTarget.value))}
      />
      <output>
        {Math.max(0, at.value)} / {last}
      </output>
      <label>
        <span class="hidden">Speed</span>
        <select
          value={speed.value}
          onChange={({ currentTarget }) => (speed.value = speeds[currentTarget.selectedIndex])}
        >
          {speeds.map((value) => (
            <option key={value} value={value}>
              {typeof value === 'number' ? `${value}×` : value}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
