import type { z } from 'zod';
import { InvalidOptionError } from './errors.ts';
import { nearest } from './spelling.ts';

/**
 * Options as their schema has them, with its defaults.
 *
 * @throws InvalidOptionError  for the first that the schema refuses or does not know, in one sentence
 */
export function checkOptions<Schema extends z.ZodObject>(schema: Schema, values: unknown): z.output<Schema> {
  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], values);
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    if (issue.path.length > 0)
      throw new InvalidOptionError(nameOf(issue), `must not have ${key} there`, value);
    const meant = nearest(key, Object.keys(schema.shape));
    const given = (values as Readonly<Record<string, unknown>>)[key];
    throw new InvalidOptionError(key, `is no option${meant ? ` (did you mean ${meant}?)` : ''}`, given);
  }
  throw new InvalidOptionError(nameOf(issue), problemOf(issue, value), value);
}

/** The option, and which part of it where it is an object: `options.num_predict`. */
function nameOf({ path }: z.core.$ZodIssue): string {
  const end = path.findIndex((key) => typeof key !== 'string');
  return path.slice(0, end < 0 ? undefined : end).join('.') || 'options';
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (!isZods.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'too_small':
    case 'too_big':
      return limitOf(issue);
    case 'invalid_type':
      if (issue.expected === 'int') return 'must be a whole number';
      return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value': {
      const choices = issue.values.map(String);
      const meant = nearest(String(value), choices);
      return `must be one of ${choices.join(', ')}${meant ? ` (did you mean ${meant}?)` : ''}`;
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}

/** A sentence of zod's own; any other is the schema's, and says more. */
const isZods = /^(?:Too (?:big|small)|Invalid (?:input|option|number|string|key))\b/;

const counts: Readonly<Record<string, string>> = { array: 'values', set: 'values', string: 'characters' };

function limitOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isSmall = issue.code === 'too_small';
  const limit = isSmall ? issue.minimum : issue.maximum;
  const counted = counts[issue.origin];
  if (counted) return `must have ${isSmall ? 'at least' : 'at most'} ${limit} ${counted}`;
  if (issue.inclusive === false) return `must be ${isSmall ? 'more' : 'less'} than ${limit}`;
  return `must be ${isSmall ? 'at least' : 'at most'} ${limit}`;
}

/** The keys of a table, as `z.enum` takes them. */
export const keysOf = <Key extends string>(table: Readonly<Record<Key, unknown>>): [Key, ...Key[]] =>
  Object.keys(table) as [Key, ...Key[]];

/** An option's name as a flag has it: `blockLength` is `block-length`. */
export const kebabCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What an argument may have under any system, whatever its characters. */
const maxCharacters = 8000;

/**
 * The flags by which a command is asked for these options; what is undefined is left out.
 *
 * @throws InvalidOptionError  for a text that no command line can carry
 */
export function flagsFor(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const flag = kebabCase(key);
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
    return [value].flat().map((one) => {
      const text = String(one);
      if (text.includes('\0')) throw new InvalidOptionError(key, 'must not hold a NUL', one);
      if (text.length > maxCharacters)
        throw new InvalidOptionError(key, `must have at most ${maxCharacters} characters`, one);
      return `--${flag}=${text}`;
    });
  });
}

/** Absent options may be given as undefined. */
export function withoutAbsent<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
