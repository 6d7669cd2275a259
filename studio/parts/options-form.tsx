import { type Field, fieldsOf, type JsonSchema } from '../core/fields.ts';
import {
  forStrategy,
  fieldsInGroups,
  type FilledGroup,
  type OptionGroup,
  ownNames,
  type Preset,
  presetOf,
  setByHand,
  strategySentences,
  type StrategySchemas,
  withPreset,
} from '../core/option-groups.ts';
import { FieldInput, typedOf, type Values } from './field-input.tsx';

interface FormProperties {
  readonly schema: JsonSchema;
  readonly groups: readonly OptionGroup[];
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  /** What holds in place of the schema's defaults: the model's own, which it tells once it was loaded. */
  readonly defaults?: Values | 'unknown';
  /** The options of each strategy: those of the chosen one are seen. */
  readonly strategies?: StrategySchemas;
  readonly presets?: readonly Preset[];
  /** The name of the group that is open at first; an empty one for none. Default: the first */
  readonly open?: string;
  /** What is said where nothing is changed. */
  readonly unchanged?: string;
}

/**
 * A form for options, made from the schema that the server checks them by: in groups of which one is open, so that no form is
 * longer than a screen. Fields are empty where the default holds; what is changed is listed below, where nothing moves.
 *
 * @param onChange  called with all values once one is changed and right
 */
export function OptionsForm(properties: FormProperties) {
  const { schema, groups, values, onChange, strategies = {}, presets = [], open } = properties;
  const isUnknown = properties.defaults === 'unknown';
  const defaults = properties.defaults === 'unknown' ? {} : (properties.defaults ?? {});
  const { unchanged = 'All as the model says.' } = properties;
  const own = ownNames(strategies);
  const strategy = String(values.strategy ?? defaults.strategy ?? schema.properties?.strategy?.default ?? '');
  const told = (field: Field): Field => ({
    ...field,
    ...(isUnknown && field.byDefault !== '' && { byDefault: 'the model’s own' }),
    ...(defaults[field.name] !== undefined && { byDefault: typedOf(field, defaults[field.name]) }),
    ...(field.name === 'strategy' && strategySentences[strategy] && { help: strategySentences[strategy] }),
  });
  const common = fieldsOf(schema).filter(({ name }) => !own.has(name));
  const ofStrategy = fieldsOf(strategies[strategy] ?? {}).filter(
    ({ name }) => name in (schema.properties ?? {}),
  );
  const filled = fieldsInGroups(common.map(told), groups, { strategy: ofStrategy });
  const change = (name: string, value: unknown) => {
    const { [name]: _, ...others } = values;
    const next = value === undefined ? others : { ...others, [name]: value };
    onChange(name === 'strategy' ? forStrategy(next, strategies, String(value ?? '')) : next);
  };
  const all = filled.flatMap(({ fields, rarer }) => [...fields, ...rarer]);
  return (
    <div class="form">
      {presets.length > 0 && <Presets {...{ presets, values, onChange, strategies, isUnknown }} />}
      {filled.map((group) => (
        <Group
          key={group.title}
          group={group}
          isOpen={group.title === (open ?? filled[0].title)}
          values={values}
          onChange={change}
        />
      ))}
      <Changed
        unchanged={unchanged}
        fields={all}
        values={values}
        onReset={(name) => change(name, undefined)}
        onClear={() => onChange({})}
      />
    </div>
  );
}

const changedAmong = (fields: readonly Field[], values: Values): number =>
  fields.filter(({ name }) => values[name] !== undefined).length;

/** Options that answer one question: the common ones, and the others once they are asked for. */
function Group({
  group: { title, fields, rarer },
  isOpen,
  values,
  onChange,
}: {
  readonly group: FilledGroup;
  readonly isOpen: boolean;
  readonly values: Values;
  readonly onChange: (name: string, value: unknown) => void;
}) {
  const changed = changedAmong([...fields, ...rarer], values);
  const inputs = (some: readonly Field[]) => (
    <div class="fields">
      {some.map((field) => (
        <FieldInput
          key={field.name}
          field={field}
          value={values[field.name]}
          onChange={(value) => onChange(field.name, value)}
        />
      ))}
    </div>
  );
  return (
    <details class="group" name="options" open={isOpen}>
      <summary>
        {title}
        {changed > 0 && <span class="count"> {changed} changed</span>}
      </summary>
      {inputs(fields)}
      {rarer.length > 0 && (
        <details class="rarer" open={changedAmong(rarer, values) > 0}>
          <summary>{rarer.length} more</summary>
          {inputs(rarer)}
        </details>
      )}
    </details>
  );
}

/** Ways of writing with one click each. */
function Presets({
  presets,
  values,
  onChange,
  strategies,
  isUnknown,
}: {
  readonly presets: readonly Preset[];
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  readonly strategies: StrategySchemas;
  /** The model has not told yet which of its own it has. */
  readonly isUnknown: boolean;
}) {
  const current = presetOf(presets, values);
  return (
    <div class="presets">
      <div class="segments" role="group" aria-label="Way of writing">
        {presets.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={preset === current}
            title={preset.says}
            onClick={() => onChange(withPreset(presets, preset, values, strategies))}
          >
            {preset.name}
          </button>
        ))}
      </div>
      <div class="help">
        {current ? current.says : <ByHand values={values} onChange={onChange} />}
        {current && !isUnknown && <Measured preset={current} />}
      </div>
    </div>
  );
}

/** Options that are no preset, and the way back. */
function ByHand({
  values,
  onChange,
}: {
  readonly values: Values;
  readonly onChange: (values: Values) => void;
}) {
  const set = setByHand(values);
  const reset = () =>
    onChange(Object.fromEntries(Object.entries(values).filter(([name]) => !set.includes(name))));
  return (
    <>
      {set.length === 1 ? 'an option' : `${set.length} options`} of your own · not measured{' '}
      <button type="button" class="plain" onClick={reset}>
        Reset
      </button>
    </>
  );
}

/** The numbers of a way to write, for who asks. */
function Measured({ preset: { measured } }: { readonly preset: Preset }) {
  if (measured === undefined) return <span class="measured">Not measured with this model.</span>;
  return (
    <details class="measured">
      <summary>what was measured</summary>
      {measured}
    </details>
  );
}

/** What isn't as the model says, each to be reset. */
function Changed({
  unchanged,
  fields,
  values,
  onReset,
  onClear,
}: {
  readonly unchanged: string;
  readonly fields: readonly Field[];
  readonly values: Values;
  readonly onReset: (name: string) => void;
  readonly onClear: () => void;
}) {
  const changed = fields.filter(({ name }) => values[name] !== undefined);
  if (changed.length === 0) return <p class="help changed">{unchanged}</p>;
  return (
    <div class="changed" role="group" aria-label="Changed options">
      {changed.map((field) => (
        <button key={field.name} type="button" class="reset-chip" onClick={() => onReset(field.name)}>
          <span class="hidden">Reset </span>
          {field.label} {typedOf(field, values[field.name])} <span aria-hidden="true">×</span>
        </button>
      ))}
      <button type="button" class="plain" onClick={onClear}>
        Reset all
      </button>
    </div>
  );
}
