import type { Objective } from '../core/objectives.ts';

/** What may be learned, a card with a picture each: above what the model sees, below what it learns to write. */
export function ObjectiveCards({
  objectives,
  value,
  onChange,
}: {
  readonly objectives: readonly Objective[];
  readonly value: Objective;
  readonly onChange: (objective: Objective) => void;
}) {
  return (
    <fieldset class="objectives">
      <legend class="hidden">What is learned</legend>
      {objectives.map((objective) => (
        <label key={objective.name} class={objective === value ? 'objective chosen' : 'objective'}>
          <input
            type="radio"
            name="objective"
            class="hidden"
            checked={objective === value}
            onChange={() => onChange(objective)}
          />
          <Picture rows={objective.picture} />
          <strong>{objective.title}</strong>
          <span class="help">{objective.says}</span>
        </label>
      ))}
    </fieldset>
  );
}

const [size, gap] = [14, 4];

function Picture({ rows }: { readonly rows: Objective['picture'] }) {
  const [width, height] = [rows[0].length * (size + gap) - gap, rows.length * (size + gap) - gap];
  return (
    <svg class="picture" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {rows.flatMap((row, y) =>
        row.map((cell, x) => (
          <rect
            key={`${x} ${y}`}
            class={cell}
            x={x * (size + gap)}
            y={y * (size + gap)}
            width={size}
            height={size}
            rx={3}
          />
        )),
      )}
    </svg>
  );
}
