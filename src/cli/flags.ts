import { parseArgs } from 'node:util';
import { z } from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { nearest } from '../base/spelling.ts';
import { checkOptions, kebabCase } from '../base/options.ts';
import { UsageError } from './command.ts';

/** One option as the command line sees it. */
export interface Flag {
  /** The key in the schema: `blockLength`. */
  readonly key: string;
  /** The name after `--`: `block-length`. */
  readonly name: string;
  readonly kind: 'string' | 'number' | 'number or string' | 'boolean';
  readonly repeatable: boolean;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly defaultValue?: unknown;
  readonly description: string;
  readonly placeholder: string;
}

interface JsonSchema {
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly JsonSchema[];
  items?: JsonSchema;
  default?: unknown;
  description?: string;
  placeholder?: string;
}

/** A flag as one types it: one that is on by default is there to be switched off. */
export const flagText = ({ name, kind, defaultValue }: Flag): string =>
  kind === 'boolean' && defaultValue === true ? `--no-${name}` : `--${name}`;

/** The flags of a schema, in its order. */
export function flagsOf(schema: z.ZodObject): Flag[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(json.required);
  return Object.entries((json.properties ?? {}) as Record<string, JsonSchema>).map(([key, property]) => {
    const value = property.type === 'array' ? (property.items ?? {}) : property;
    const kind = kindOf(value);
    return {
      key,
      name: kebabCase(key),
      kind,
      repeatable: property.type === 'array',
      required: required.has(key),
      choices: choicesOf(value),
      defaultValue: property.default,
      description: property.description ?? '',
      placeholder: property.placeholder ?? (kind === 'number' ? 'n' : 'value'),
    };
  });
}

function kindOf(value: JsonSchema): Flag['kind'] {
  if (value.anyOf) {
    const kinds = new Set(value.anyOf.map(kindOf));
    if (kinds.size === 1) return [...kinds][0];
    return kinds.has('number') ? 'number or string' : 'string';
  }
  if (value.type === 'number' || value.type === 'integer') return 'number';
  return value.type === 'boolean' ? 'boolean' : 'string';
}

function choicesOf(value: JsonSchema): readonly string[] | undefined {
  const all = value.enum ?? (value.const === undefined ? undefined : [value.const]);
  return all?.map(String);
}

/**
 * The options that a command line asks for, checked by their schema, and the keys of those that it names.
 *
 * @param args         what follows the command's name
 * @param positionals  keys that may be given without their flag
 * @throws UsageError          for an unknown flag, a flag without its value, an option that is missing
 * @throws InvalidOptionError  for a value that the schema refuses
 */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  args: readonly string[],
  positionals: readonly string[] = [],
): { options: z.output<Schema>; given: ReadonlySet<string> } {
  const flags = flagsOf(schema);
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const options = Object.fromEntries(
    flags.map(({ name, kind }) => [name, { type: kind === 'boolean' ? 'boolean' : 'string' } as const]),
  );
  // strict mode would answer in sentences of its own, and could not suggest the flag that was meant
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });

  const values: Record<string, unknown> = {};
  const give = (flag: Flag, value: unknown): void => {
    if (!flag.repeatable) values[flag.key] = value;
    else ((values[flag.key] ??= []) as unknown[]).push(value);
  };
  const loose: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') loose.push(token.value);
    if (token.kind !== 'option') continue;
    const negated = token.name.startsWith('no-') ? byName.get(token.name.slice(3)) : undefined;
    const flag = byName.get(token.name) ?? (negated?.kind === 'boolean' ? negated : undefined);
    if (!flag) throw unknownFlag(token.rawName, flags);
    if (flag.kind === 'boolean') give(flag, booleanOf(flag, token.value, token.name !== flag.name));
    else give(flag, valueOf(flag, token.value, token.inlineValue === true));
  }
  placeLoose(loose, positionals, flags, { give, given: new Set(Object.keys(values)) });

  const missing = flags.find(({ key, required }) => required && !(key in values));
  if (missing) {
    throw new UsageError(`--${missing.name} is needed${missing.description && `: ${missing.description}`}`);
  }
  return { options: checkOptions(schema, values), given: new Set(Object.keys(values)) };
}

/** Gives the words that stand without a flag to the options that take them and have no flag on the command line. */
function placeLoose(
  loose: readonly string[],
  positionals: readonly string[],
  flags: readonly Flag[],
  { give, given }: { give: (flag: Flag, value: unknown) => void; given: ReadonlySet<string> },
): void {
  const all = positionals.map((key) => flags.find((flag) => flag.key === key)!);
  const targets = all.filter(({ key, repeatable }) => repeatable || !given.has(key));
  for (const [index, word] of loose.entries()) {
    const flag = targets[index] ?? (targets.at(-1)?.repeatable ? targets.at(-1) : undefined);
    if (flag) give(flag, valueOf(flag, word, true));
    else {
      const taken = all.find((one) => !targets.includes(one));
      const isText = /\s/.test(word) && flags.some(({ name }) => name === 'model');
      const many = isText
        ? 'one text at a time; a model is named by --model'
        : 'quote a text of several words';
      const why = taken ? `--${taken.name} is given already` : many;
      throw new UsageError(`unexpected ${JSON.stringify(word)}; ${why}`);
    }
  }
}

function unknownFlag(rawName: string, flags: readonly Flag[]): UsageError {
  const meant = nearest(rawName.replace(/^-+/, ''), [...flags.map((flag) => flag.name), 'help']);
  return new UsageError(`unknown option ${rawName}; ${meant ? `did you mean --${meant}?` : 'see --help'}`);
}

function booleanOf(flag: Flag, value: string | undefined, negated: boolean): boolean {
  if (value === undefined) return !negated;
  if (negated || (value !== 'true' && value !== 'false')) {
    throw new InvalidOptionError(flag.key, 'is a switch and takes no value', value);
  }
  return value === 'true';
}

function valueOf(flag: Flag, value: string | undefined, inline: boolean): string | number {
  if (value === undefined || (!inline && /^--?[a-z]/i.test(value))) {
    const remedy =
      value === undefined ? '' : ` (for a value that begins with a dash: --${flag.name}=${value})`;
    throw new UsageError(`--${flag.name} needs a value${remedy}`);
  }
  if (flag.kind === 'string') return value;
  const number = numberOf(value);
  if (number !== undefined) return number;
  if (flag.kind === 'number') throw new InvalidOptionError(flag.key, 'must be a number', value);
  return value;
}

/** A decimal number and nothing else: Number('') is 0 and Number('0x10') is 16, and neither was meant. */
function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
