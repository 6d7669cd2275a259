import { useId, useState } from 'preact/hooks';
import { type Field, fieldsOf, type JsonSchema, valueOf } from '../core/fields.ts';

export type Values = Readonly<Record<string, unknown>>;

/**
 * A form for options, made from the schema that the server checks them by. Fields are empty where the default holds.
 *
 * @param basic     the names of the fields that are always seen, in this order; the others are folded away
 * @param values    what is given; what is absent is as the server says
 * @param defaults  what holds in place of the schema's defaults, where that is known: the model's own
 * @param onChange  called with all values once one is changed and right
 */
export function SchemaForm({
  schema,
  basic,
  values,
  defaults = {},
  onChange,
  summary = 'All options',
}: {
  readonly schema: JsonSchema;
  readonly basic: readonly string[];
  readonly values: Values;
  readonly defaults?: Values;
  readonly onChange: (values: Values) => void;
  readonly summary?: string;
}) {
  const fields = fieldsOf(schema);
  const seen = basic.flatMap((name) => fields.filter((field) => field.name === name));
  const folded = fields.filter(({ name }) => !basic.includes(name));
  const given = folded.filter(({ name }) => values[name] !== undefined).length;
  const input = (field: Field) => (
    <FieldInput
      key={field.name}
      field={
        defaults[field.name] === undefined
          ? field
          : { ...field, byDefault: typedOf(field, defaults[field.name]) }
      }
      value={values[field.name]}
      onChange={(value) => {
        const { [field.name]: _, ...others } = values;
        onChange(value === undefined ? others : { ...others, [field.name]: value });
      }}
    />
  );
  return (
    <div class="form">
      <div class="fields">{seen.map(input)}</div>
      {folded.length > 0 && (
        <details>
          <summary>
            {summary}
            {given > 0 && ` (${given} set)`}
          </summary>
          <div class="fields">{folded.map(input)}</div>
        </details>
      )}
    </div>
  );
}

const inWords = (choice: string): string => ({ true: 'yes', false: 'no' })[choice] ?? choice;

/** A value as one types it; nothing for undefined. */
const typedOf = ({ control }: Field, value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' && control !== 'json' ? value : JSON.stringify(value);

/** Whether a field on the page has a mistake in it, which is then where one types: nothing should begin without what was meant. */
export function hasMistake(): boolean {
  const field = document.querySelector<HTMLInputElement>('input[aria-invalid="true"]');
  field?.closest('details')?.setAttribute('open', '');
  field?.focus();
  return field !== null;
}

interface InputProperties {
  readonly field: Field;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** What ties an input to its label and its help. */
interface Attributes {
  readonly id: string;
  readonly 'aria-describedby': string;
  readonly 'aria-invalid': boolean;
}

function FieldInput({ field, value, onChange }: InputProperties) {
  const id = useId();
  const [mistake, setMistake] = useState<{ readonly text: string; readonly problem: string }>();
  const problem = mistake?.problem;
  const { label, help, control } = field;
  const typed = (text: string) => {
    const result = valueOf(field, text);
    // what is wrong stays to be mended
    setMistake(result instanceof Error ? { text, problem: result.message } : undefined);
    if (!(result instanceof Error)) onChange(result);
  };
  const attributes = { id, 'aria-describedby': `${id}-help`, 'aria-invalid': problem !== undefined };
  const properties = { field, value, onChange, attributes };
  return (
    <div class={`field ${control}`}>
      <label for={id}>{label}</label>
      {control === 'choice' || control === 'switch' ? (
        <Choice {...properties} />
      ) : control === 'choices' ? (
        <Choices {...properties} />
      ) : (
        <input
          {...attributes}
          type="text"
          inputMode={control === 'number' ? 'decimal' : 'text'}
          value={mistake?.text ?? typedOf(field, value)}
          placeholder={field.byDefault.replaceAll('"', '')}
          spellcheck={false}
          autocomplete="off"
          onChange={({ currentTarget }) => typed(currentTarget.value)}
        />
      )}
      <p id={`${id}-help`} class={problem === undefined ? 'help' : 'help wrong'}>
        {problem ?? help}
      </p>
    </div>
  );
}

/** One of some values, yes or no, or the default. */
function Choice({
  field,
  value,
  onChange,
  attributes,
}: InputProperties & { readonly attributes: Attributes }) {
  const isSwitch = field.control === 'switch';
  const { byDefault } = field;
  const choose = (text: string) => onChange(text === '' ? undefined : isSwitch ? text === 'true' : text);
  return (
    <select
      {...attributes}
      value={typedOf(field, value)}
      onChange={({ currentTarget }) => choose(currentTarget.value)}
    >
      <option value="">
        {byDefault === '' ? 'default' : `${inWords(byDefault.replaceAll('"', ''))} (default)`}
      </option>
      {(isSwitch ? ['true', 'false'] : field.choices).map((choice) => (
        <option key={choice} value={choice}>
          {inWords(choice)}
        </option>
      ))}
    </select>
  );
}

/** Several of some values. */
function Choices({
  field,
  value,
  onChange,
  attributes,
}: InputProperties & { readonly attributes: Attributes }) {
  return (
    <select
      {...attributes}
      multiple
      size={Math.min(field.choices.length, 5)}
      onChange={({ currentTarget }) => {
        const chosen = [...currentTarget.selectedOptions].map((option) => option.value);
        onChange(chosen.length === 0 ? undefined : chosen);
      }}
    >
      {field.choices.map((choice) => (
        <option key={choice} value={choice} selected={Array.isArray(value) && value.includes(choice)}>
          {choice}
        </option>
      ))}
    </select>
  );
}
