import type { Player, Speed } from './player.ts';

const speeds: readonly Speed[] = ['real time', 0.125, 0.25, 0.5, 1, 2, 4];

/** Plays, stops, steps and scrubs through what was recorded. */
export function Transport({ player }: { readonly player: Player }) {
  const { at, size, direction, facts } = player;
  const last = Math.max(0, size.value - 1);
  const all = player.expected.value;
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
  const step = (by: 1 | -1, sign: string, label: string) => (
    <button type="button" disabled={none} onClick={() => player.show(at.value + by)} aria-label={label}>
      {sign}
    </button>
  );
  return (
    <div class="transport" role="group" aria-label="Recording">
      {step(-1, '‹', 'One frame back')}
      {play(-1, '◀', 'Play backwards')}
      {play(1, '▶', 'Play')}
      {step(1, '›', 'One frame on')}
      <input
        type="range"
        min={0}
        max={all}
        value={Math.max(0, at.value)}
        disabled={none}
        aria-label="Frame"
        aria-valuetext={facts.value && `frame ${at.value} of ${all}, step ${facts.value.step}`}
        onInput={({ currentTarget }) => player.show(Number(currentTarget.value))}
      />
      <output>
        {Math.max(0, at.value)} / {all > last && 'about '}
        {all}
      </output>
      <SpeedPicker player={player} />
    </div>
  );
}

function SpeedPicker({ player: { speed } }: { readonly player: Player }) {
  return (
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
  );
}
