import { useId } from 'preact/hooks';
import { areSame } from '../core/differences.ts';
import { servedModels } from '../parts/model-picker.tsx';
import { saidOf } from './comparison.tsx';
import type { Desk } from './desk.ts';
import { nameOf } from './figures.tsx';
import type { Lane } from './lane.ts';

/** A run that is not written yet: in what it is to differ from the first, what it is written with, and the button that has it written. */
export function Beside({ desk, lane }: { readonly desk: Desk; readonly lane: Lane }) {
  const id = useId();
  const name = nameOf(desk.lanes.value.indexOf(lane));
  const model = lane.writer;
  const { first, differences } = desk;
  return (
    <div class="beside panel">
      <p id={id}>As run A, but</p>
      <div class="row" role="group" aria-labelledby={id}>
        {differences.map((difference) => (
          <button
            key={difference.name}
            type="button"
            title={difference.says}
            aria-pressed={model === first.model && areSame(difference.options, lane.options.value)}
            onClick={() => desk.differ(lane, difference)}
          >
            {difference.name}
          </button>
        ))}
        <OtherModel desk={desk} lane={lane} />
      </div>
      <p class="help">
        Run {name}: {model}, {saidOf(lane)}, with the prompt and the seed of A. Any other option is set under
        Options.
      </p>
      {desk.isWaiting && (
        <button type="button" class="main" onClick={() => void desk.writeBeside()}>
          Write beside it
        </button>
      )}
    </div>
  );
}

function OtherModel({ desk, lane }: { readonly desk: Desk; readonly lane: Lane }) {
  const { first } = desk;
  const others = servedModels.value.filter(({ id }) => id !== first.model);
  if (others.length === 0) return null;
  return (
    <label>
      <span class="hidden">by another model</span>
      <select
        value={others.some(({ id }) => id === lane.served?.id) ? lane.served?.id : ''}
        onChange={({ currentTarget: { value } }) =>
          desk.differ(lane, { options: first.options, model: value === '' ? undefined : value })
        }
      >
        <option value="">by another model …</option>
        {others.map(({ id }) => (
          <option key={id} value={id}>
            by {id}
          </option>
        ))}
      </select>
    </label>
  );
}
