import { UnsupportedError } from '../../base/errors.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly'.split(
    ' ',
  ),
);

/** The types, and the keywords that are about them. */
export const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'propertyNames'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};

/** Whether a schema lists its values. */
export const isListed = (schema: JsonSchema): boolean =>
  schema['const'] !== undefined || schema['enum'] !== undefined;

export function refuse(place: string, problem: string): never {
  throw new UnsupportedError(`jsonSchema: ${place} ${problem}`);
}

export const unsupported = (keyword: string, types: string): string =>
  `has the keyword ${keyword}, which isn't supported${types ? ` for ${types}` : ''}`;

export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The keywords of a schema that say what is valid. */
export const keywordsOf = (schema: JsonSchema): string[] =>
  Object.keys(schema).filter((keyword) => schema[keyword] !== undefined && !ANNOTATIONS.has(keyword));

export function listAt(value: unknown, place: string, keyword: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(place, `has no list as ${keyword}`);
}

export function countAt(schema: JsonSchema, keyword: string, place: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(place, `has no whole number as ${keyword}`);
}

/** The types of a schema; without `type`, the one whose keywords it has. */
export function typesOf(schema: JsonSchema, place: string, keywords: readonly string[]): string[] {
  const named = schema['type'];
  if (named !== undefined) {
    const types = [named].flat();
    const unknown = types.find((type) => typeof type !== 'string' || !Object.hasOwn(KEYWORDS, type));
    if (unknown !== undefined || types.length === 0)
      refuse(place, `has the type ${JSON.stringify(named)}, which JSON hasn't`);
    return types as string[];
  }
  const meant = ['object', 'array', 'string', 'number'].filter((type) =>
    keywords.some((keyword) => KEYWORDS[type].includes(keyword)),
  );
  if (meant.length === 1) return meant;
  const strange = keywords.find((keyword) => !Object.values(KEYWORDS).flat().includes(keyword));
  if (strange !== undefined) refuse(place, unsupported(strange, ''));
  return refuse(place, `must say what it admits: type, enum, const, anyOf, oneOf or $ref`);
}

/** What `const` or `enum` lists, as far as `type` admits it. */
export function valuesOf(schema: JsonSchema, place: string): unknown[] {
  const values = schema['const'] === undefined ? listAt(schema['enum'], place, 'enum') : [schema['const']];
  if (schema['type'] === undefined) return [...values];
  const types = typesOf(schema, place, []);
  return values.filter(
    (value) => types.includes(typeOf(value)) || (types.includes('integer') && Number.isInteger(value)),
  );
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The schema that a `$ref` means: a JSON pointer into the whole. */
export function resolve(root: JsonSchema, reference: unknown, place: string): JsonSchema {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
    refuse(
      place,
      `refers to ${JSON.stringify(reference)}: only places in the schema itself, #/…, are supported`,
    );
  const target = reference
    .split('/')
    .slice(1)
    .reduce<unknown>((at, name) => {
      const key = unescaped(name);
      return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as JsonSchema)[key]
        : undefined;
    }, root);
  if (!isSchema(target)) refuse(place, `refers to ${reference}, where there is no schema`);
  return target;
}

/** A name as JSON pointers spell it. */
export const escapeRegex = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function unescaped(name: string): string {
  const spelled = /%(?![0-9a-f]{2})/i.test(name) ? name : decodeURIComponent(name);
  return spelled.replaceAll('~1', '/').replaceAll('~0', '~');
}
