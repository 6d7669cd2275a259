import { type ToldOption, toldOptions } from '../core/run-options.ts';
import { optionSchemas } from '../parts/options.ts';
import type { RunDetails } from './runs.ts';

/** The options of a run: first those in which it is another than a usual one, in words. */
export function RunOptions({ run: { options } }: { readonly run: RunDetails }) {
  const schemas = optionSchemas.value;
  // its size is always told
  const usual = { ...schemas?.sizes[String(options.size)], size: undefined };
  const properties = { ...schemas?.distill.properties, ...schemas?.train.properties };
  const { changed, others } = toldOptions(options, { properties }, usual);
  return (
    <details>
      <summary>Options</summary>
      <List options={changed} />
      {others.length > 0 && (
        <details>
          <summary>{others.length} more, at their defaults</summary>
          <List options={others} />
        </details>
      )}
    </details>
  );
}

const List = ({ options }: { readonly options: readonly ToldOption[] }) => (
  <dl class="run-options">
    {options.map(({ name, label, help, value }) => (
      <div key={name}>
        <dt>{label}</dt>
        <dd>
          {value}
          {help !== '' && <small class="help">{help}</small>}
        </dd>
      </div>
    ))}
  </dl>
);
