import { useId, useState } from 'preact/hooks';
import { type Field, valueOf } from '../core/fields.ts';

export type Values = Readonly<Record<string, unknown>>;

const inWords = (choice: string): string => ({ true: 'yes', false: 'no' })[choice] ?? choice;

/** A value as one types it; nothing for undefined. */
export const typedOf = ({ control }: Field, value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' && control !== 'json' ? value : JSON.stringify(value);

/** Whether a field on the page has a mistake in it, which is then where one types: nothing should begin without what was meant. */
export function hasMistake(): boolean {
  const field = document.querySelector<HTMLInputElement>('input[aria-invalid="true"]');
  for (let at = field?.closest('details'); at; at = at.parentElement?.closest('details'))
    at.setAttribute('open', '');
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

/** An option: its name, what is given for it, and what it does. */
export function FieldInput({ field, value, onChange }: InputProperties) {
  const id = useId();
  const [mistake, setMistake] = useState<{ readonly text: string; readonly problem: string }>();
  // what is drawn anew meanwhile takes nothing from who types
  const [typing, setTyping] = useState<string>();
  const problem = mistake?.problem;
  const { label, help, control } = field;
  const typed = (text: string) => {
    setTyping(undefined);
    const result = valueOf(field, text);
    // what is wrong stays to be mended
    setMistake(result instanceof Error ? { text, problem: result.message } : undefined);
    if (!(result instanceof Error)) onChange(result);
  };
  const attributes = { id, 'aria-describedby': `${id}-help`, 'aria-invalid': problem !== undefined };
  const properties = { field, value, onChange, attributes };
  return (
    <div class={`field option ${control}`}>
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
          value={typing ?? mistake?.text ?? typedOf(field, value)}
          placeholder={field.byDefault.replaceAll('"', '')}
          title={field.byDefault === '' ? undefined : `default: ${field.byDefault.replaceAll('"', '')}`}
          spellcheck={false}
          autocomplete="off"
          onInput={({ currentTarget }) => setTyping(currentTarget.value)}
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
