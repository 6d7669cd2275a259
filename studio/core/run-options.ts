import { fieldsOf, type JsonSchema, labelOf } from './fields.ts';

/** An option of a run, in words. */
export interface ToldOption {
  readonly name: string;
  readonly label: string;
  /** What it does. */
  readonly help: string;
  readonly value: string;
}

/**
 * The options of a run in the order in which they were recorded: those in which it is another than a usual run, and the others.
 *
 * @param schema  what describes them
 * @param usual   what a run of its size does where its options say nothing
 */
export function toldOptions(
  options: Readonly<Record<string, unknown>>,
  schema: JsonSchema = {},
  usual: Readonly<Record<string, unknown>> = {},
): { readonly changed: readonly ToldOption[]; readonly others: readonly ToldOption[] } {
  const help = new Map(fieldsOf(schema).map((field) => [field.name, field.help]));
  const all = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  const isUsual = ([name, value]: [string, unknown]) => JSON.stringify(value) === JSON.stringify(usual[name]);
  const told = ([name, value]: [string, unknown]): ToldOption => ({
    name,
    label: labelOf(name),
    help: help.get(name) ?? '',
    value: inWords(value),
  });
  return {
    changed: all.filter((one) => !isUsual(one)).map(told),
    others: all.filter(isUsual).map(told),
  };
}

function inWords(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.map(inWords).join(', ') : JSON.stringify(value);
}
