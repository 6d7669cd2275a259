import { useSignal } from '@preact/signals';
import { bytesText } from '../../src/cli/terminal/transfer-view.ts';
import { DeleteButton } from '../parts/delete-button.tsx';
import type { LocalModel } from './models.ts';

const formats = ['f16', 'int8', 'int4'] as const;

/** Copies with rounded weights: those that are there, how they are used, and another. */
export function Copies({
  model,
  onMake,
  onDelete,
}: {
  readonly model: LocalModel;
  readonly onMake: (format: string) => void;
  readonly onDelete: (format: string) => void;
}) {
  const { name, copies } = model;
  return (
    <div class="copies">
      {copies.length > 0 && (
        <ul aria-label={`Copies of ${name}`}>
          {copies.map(({ format, path, bytes }) => (
            <li key={format} class="row">
              <span>
                <strong>{format}</strong>
                {bytes !== undefined && `, ${bytesText(bytes)}`}, in <code>{path}</code>
              </span>
              <DeleteButton name={`the ${format} copy of ${name}`} onDelete={() => onDelete(format)} />
            </li>
          ))}
        </ul>
      )}
      <p class="help">
        A copy with rounded weights takes less memory; it is said how its predictions change.{' '}
        {copies.length > 0 && (
          <>
            It is used where a program is started with its format:{' '}
            <code>unmask studio --weights {copies[0].format}</code>.{' '}
          </>
        )}
      </p>
      <Make model={model} onMake={onMake} />
    </div>
  );
}

/** The button that makes one, and its format. */
function Make({
  model: { name, copies },
  onMake,
}: {
  readonly model: LocalModel;
  readonly onMake: (format: string) => void;
}) {
  const format = useSignal<string>('int8');
  const has = (one: string): boolean => copies.some((copy) => copy.format === one);
  return (
    <span class="joined">
      <button type="button" onClick={() => onMake(format.value)}>
        {has(format.value) ? 'Quantise anew' : 'Quantise'}
        <span class="hidden"> {name}</span>
      </button>
      <label>
        <span class="hidden">Format of the copy of {name}</span>
        <select value={format.value} onChange={({ currentTarget }) => (format.value = currentTarget.value)}>
          {formats.map((one) => (
            <option key={one} value={one}>
              {one}
              {has(one) && ' (there is one)'}
            </option>
          ))}
        </select>
      </label>
    </span>
  );
}
