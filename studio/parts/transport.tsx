import type { Player } from './player.ts';

const speeds = [0.25, 0.5, 1, 2, 4];

/** Plays, stops, steps and scrubs through what was recorded. */
export function Transport({ player }: { readonly player: Player }) {
  const { at, size, pace, speed, facts } = player;
  const last = Math.max(0, size.value - 1);
  const none = size.value === 0;
  const isPlaying = pace.value !== 0;
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
      <button
        type="button"
        disabled={none}
        onClick={() => (isPlaying ? player.show(at.value) : player.play(-1))}
        aria-label={isPlaying ? 'Pause' : 'Play backwards'}
      >
        {isPlaying ? '❚❚' : '◀'}
      </button>
      <button
        type="button"
        disabled={none}
        onClick={() => (isPlaying ? player.show(at.value) : player.play(1))}
        aria-label={isPlaying ? 'Pause' : 'Play'}
      >
        {isPlaying ? '❚❚' : '▶'}
      </button>
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
          onChange={({ currentTarget }) => (speed.value = Number(currentTarget.value))}
        >
          {speeds.map((value) => (
            <option key={value} value={value}>
              {value}×
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
