import { parseArgs } from 'node:util';
import { z } from 'zod';
import { InvalidOptionError } from '../errors.ts';
import { UsageError } from './command.ts';
import { nearest } from './nearest.ts';

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

export const kebabCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

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
      placeholder: property.placeholder ?? (kind === 'string' ? 'text' : 'n'),
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
 * The options that a command line asks for, checked by their schema.
 *
 * @param args         what follows the command's name
 * @param positionals  keys that may be given without their flag
 * @throws UsageError          for an unknown flag, a flag without its value, an option that is missing
 * @throws InvalidOptionError  for a value that the schema refuses; its option is written as the flag
 */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  args: readonly string[],
  positionals: readonly string[] = [],
): z.output<Schema> {
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
  placeLoose(loose, positionals, flags, give);

  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  throw mistakeOf(checked.error.issues[0], flags, values);
}

/** Gives the words that stand without a flag to the options that take them. */
function placeLoose(
  loose: readonly string[],
  positionals: readonly string[],
  flags: readonly Flag[],
  give: (flag: Flag, value: unknown) => void,
): void {
  const targets = positionals.map((key) => flags.find((flag) => flag.key === key)!);
  for (const [index, word] of loose.entries()) {
    const flag = targets[index] ?? (targets.at(-1)?.repeatable ? targets.at(-1) : undefined);
    if (flag) give(flag, valueOf(flag, word, true));
    else throw new UsageError(`unexpected ${JSON.stringify(word)}; quote a text of several words`);
  }
}

function unknownFlag(rawName: string, flags: readonly Flag[]): UsageError {
  const meant = nearest(rawName.replace(/^-+/, ''), [...flags.map((flag) => flag.name), 'help']);
  return new UsageError(`unknown option ${rawName}; ${meant ? `did you mean --${meant}?` : 'see --help'}`);
}

function booleanOf(flag: Flag, value: string | undefined, negated: boolean): boolean {
  if (value === undefined) return !negated;
  if (negated || (value !== 'true' && value !== 'false')) {
    throw new InvalidOptionError(`--${flag.name}`, 'is a switch and takes no value', value);
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
  if (flag.kind === 'number') throw new InvalidOptionError(`--${flag.name}`, 'must be a number', value);
  return value;
}

/** A decimal number and nothing else: Number('') is 0 and Number('0x10') is 16, and neither was meant. */
function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** The first thing that a schema refused, as a sentence about a flag. */
function mistakeOf(
  issue: z.core.$ZodIssue,
  flags: readonly Flag[],
  values: Readonly<Record<string, unknown>>,
): Error {
  const flag = flags.find(({ key }) => key === issue.path[0]);
  if (!flag) return new UsageError(issue.message);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], values);
  if (value === undefined && flag.required && !(flag.key in values)) {
    return new UsageError(`--${flag.name} is needed${flag.description && `: ${flag.description}`}`);
  }
  return new InvalidOptionError(`--${flag.name}`, problemOf(issue, value), value);
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'must be a whole number' : `must be a ${issue.expected}`;
    case 'invalid_value': {
      const meant = nearest(String(value), issue.values.map(String));
      const list = issue.values.map(String).join(', ');
      return `must be one of ${list}${meant ? ` (did you mean ${meant}?)` : ''}`;
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}
