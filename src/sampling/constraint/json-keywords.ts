import { UnsupportedError } from '../../base/errors.ts';

/** A JSON schema that is an object; true and false are schemas, too. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema, and where it is: a JSON pointer, for messages. */
export interface Placed<Schema = JsonSchema> {
  readonly schema: Schema;
  readonly place: string;
}

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = new Set(
  (
    '$schema $id $comment $defs $anchor $vocabulary definitions title description default examples deprecated ' +
    'readOnly writeOnly contentEncoding contentMediaType contentSchema discriminator'
  ).split(' '),
);

/** The types, and the keywords that are about them. */
export const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'unevaluatedProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  boolean: [],
  null: [],
};

/** The names of JSON's types, but for `integer`, which is a number. */
export const TYPES = Object.keys(KEYWORDS);

/** Keywords that a schema is put together with. */
export const APPLICATORS = ['$ref', 'allOf', 'anyOf', 'oneOf'];

const SUPPORTED = new Set([
  ...APPLICATORS,
  'type',
  'nullable',
  'const',
  'enum',
  ...Object.values(KEYWORDS).flat(),
]);

/** @throws UnsupportedError  for what can't be made an automaton */
export function refuse(place: string, problem: string): never {
  throw new UnsupportedError(`jsonSchema: ${place} ${problem}`);
}

/** Whether a schema is one with keywords, and not true or false. */
export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The keywords of a schema that say what is valid.
 *
 * @throws UnsupportedError  for one that isn't supported, by its name
 */
export function keywordsOf({ schema, place }: Placed): string[] {
  const keywords = Object.keys(schema).filter(
    (keyword) => schema[keyword] !== undefined && !ANNOTATIONS.has(keyword) && !keyword.startsWith('x-'),
  );
  const unknown = keywords.find((keyword) => !SUPPORTED.has(keyword));
  if (unknown !== undefined) refuse(place, `has the keyword ${unknown}, which isn't supported`);
  return keywords;
}

/** The schemas of a keyword that lists some. */
export function schemasAt({ schema, place }: Placed, keyword: string): Placed<unknown>[] {
  const list = schema[keyword];
  if (list === undefined) return [];
  if (!Array.isArray(list)) return refuse(place, `has no list as ${keyword}`);
  return list.map((one: unknown, k) => ({ schema: one, place: `${place}/${keyword}/${k}` }));
}

/** The schemas of a keyword that names some. */
export function namedAt({ schema, place }: Placed, keyword: string): Map<string, Placed<unknown>> {
  const named = schema[keyword] ?? {};
  if (!isSchema(named)) return refuse(place, `has ${keyword} that are no object`);
  return new Map(
    Object.entries(named).map(([name, one]) => [
      name,
      { schema: one, place: `${place}/${keyword}/${pointer(name)}` },
    ]),
  );
}

/** The schema of a keyword that has one; undefined where it is absent. */
export const schemaAt = ({ schema, place }: Placed, keyword: string): Placed<unknown> | undefined =>
  schema[keyword] === undefined ? undefined : { schema: schema[keyword], place: `${place}/${keyword}` };

/**
 * The whole number of a keyword; undefined where the schema hasn't it.
 *
 * @throws UnsupportedError  for anything else
 */
export function countAt({ schema, place }: Placed, keyword: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(place, `has no whole number as ${keyword}`);
}

/** How many of something all of some schemas ask for: the largest of one keyword, the smallest of the other. */
export function countsAt(all: readonly Placed[], least: string, most: string): [least: number, most: number] {
  const counts = (keyword: string): number[] => all.flatMap((one) => countAt(one, keyword) ?? []);
  return [Math.max(0, ...counts(least)), Math.min(Infinity, ...counts(most))];
}

/** The types that a schema names, `number` for integers too; undefined where it names none. */
export function typesOf({ schema, place }: Placed): string[] | undefined {
  const named = schema['type'];
  if (named === undefined) return undefined;
  const types = [named].flat();
  const unknown = types.find((type) => type !== 'integer' && !TYPES.includes(type as string));
  if (unknown !== undefined || types.length === 0)
    refuse(place, `has the type ${JSON.stringify(named)}, which JSON hasn't`);
  const plain = types.map((type) => (type === 'integer' ? 'number' : String(type)));
  return [...new Set(schema['nullable'] === true ? [...plain, 'null'] : plain)];
}

/** Whether a schema's numbers are integers. */
export const isForIntegers = ({ schema }: Placed): boolean => {
  const types = new Set([schema['type']].flat());
  return types.has('integer') && !types.has('number');
};

/** The types whose keywords a schema has. */
export const typesMeant = ({ schema }: Placed): string[] =>
  TYPES.filter((type) => KEYWORDS[type].some((keyword) => schema[keyword] !== undefined));

/** The values that a schema lists; undefined where it lists none. */
export function valuesOf({ schema, place }: Placed): unknown[] | undefined {
  const { enum: listed } = schema;
  const isConstant = Object.hasOwn(schema, 'const') && schema['const'] !== undefined;
  if (listed === undefined) return isConstant ? [schema['const']] : undefined;
  if (!Array.isArray(listed)) return refuse(place, 'has no list as enum');
  if (!isConstant) return [...(listed as unknown[])];
  const same = canonical(schema['const']);
  return (listed as unknown[]).filter((value) => canonical(value) === same);
}

/** JSON's name for the type of a value. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A value as a text that equal values share. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isSchema(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** The schema that a `$ref` means: a JSON pointer into the whole. */
export function resolve(root: JsonSchema, reference: unknown, place: string): Placed<unknown> {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
    return refuse(
      place,
      `has the $ref ${JSON.stringify(reference)}: only places in the schema itself, #/…, are supported`,
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
  if (!isSchema(target) && typeof target !== 'boolean')
    refuse(place, `has the $ref ${reference}, where there is no schema`);
  return { schema: target, place: reference };
}

/** A name as JSON pointers spell it. */
const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function unescaped(name: string): string {
  const spelled = /%(?![0-9a-f]{2})/i.test(name) ? name : decodeURIComponent(name);
  return spelled.replaceAll('~1', '/').replaceAll('~0', '~');
}
