import { useSignal } from '@preact/signals';
import { copyFormats } from '../../src/base/copy-name.ts';
import { bytesText } from '../../src/base/format-bytes.ts';
import { DeleteButton } from '../parts/delete-button.tsx';
import type { LocalModel, QuantisedCopy } from './models.ts';

/** The copies of a model with rounded weights, each a model of its own. */
export function Copies({
  model: { name, copies, memoryBytes },
  use,
  onUse,
  onDelete,
}: {
  readonly model: LocalModel;
  /** What a copy is opened for, in a word; nothing where the model does not run here. */
  readonly use: string | undefined;
  readonly onUse: (copy: QuantisedCopy) => void;
  readonly onDelete: (format: string) => void;
}) {
  if (copies.length === 0) return null;
  return (
    <ul class="copies" aria-label={`Copies of ${name}`}>
      {copies.map((copy) => {
        const { format, bytes } = copy;
        const memory = memoryBytes?.[format];
        const sizes = [
          bytes !== undefined && `weights ${bytesText(bytes)} on disk`,
          memory !== undefined && `${bytesText(memory)} in memory`,
        ].filter((size) => size !== false);
        return (
          <li key={format} class="row">
            <span>
              <strong>{format} copy</strong>
              {sizes.length > 0 && <span class="quiet"> {sizes.join(', ')}</span>}
            </span>
            <span class="row">
              {use !== undefined && (
                <button type="button" aria-label={`${use} with it: ${copy.name}`} onClick={() => onUse(copy)}>
                  {use}
                </button>
              )}
              <DeleteButton name={`the ${format} copy of ${name}`} onDelete={() => onDelete(format)} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}

/** The button that makes a copy, and its format. */
export function MakeCopy({
  model: { name, copies },
  onMake,
}: {
  readonly model: LocalModel;
  readonly onMake: (format: string) => void;
}) {
  const format = useSignal<string>('int8');
  const has = (one: string): boolean => copies.some((copy) => copy.format === one);
  return (
    <>
      <p class="help">
        A copy with rounded weights takes less memory; it is said how its predictions change. It is chosen
        like any other model, as{' '}
        <code>
          {name}:{format.value}
        </code>
        .
      </p>
      <span class="joined">
        <button type="button" onClick={() => onMake(format.value)}>
          {has(format.value) ? 'Quantise anew' : 'Quantise'}
          <span class="hidden"> {name}</span>
        </button>
        <label>
          <span class="hidden">Format of the copy of {name}</span>
          <select value={format.value} onChange={({ currentTarget }) => (format.value = currentTarget.value)}>
            {copyFormats.map((one) => (
              <option key={one} value={one}>
                {one}
                {has(one) && ' (there is one)'}
              </option>
            ))}
          </select>
        </label>
      </span>
    </>
  );
}
