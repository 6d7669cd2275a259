import {
  isListed,
  isSchema,
  type JsonSchema,
  keywordsOf,
  listAt,
  resolve,
  typeOf,
  typesOf,
  valuesOf,
} from './json-keywords.ts';

/** References may lead in a ring. */
const DEEPEST = 100;

/**
 * Whether it is certain that no value satisfies both schemas: they are of different types, or list different values, or are
 * objects that a required property tells apart.
 *
 * @param root   what a `$ref` points into
 * @param place  where they are, for messages
 */
export function areApart(root: JsonSchema, a: unknown, b: unknown, place: string, depth = 0): boolean {
  if (!isSchema(a) || !isSchema(b) || depth > DEEPEST) return false;
  const [left, right] = [optionsOf(root, a, place), optionsOf(root, b, place)];
  if (left.length !== 1 || right.length !== 1 || left[0] !== a || right[0] !== b)
    return left.every((x) => right.every((y) => areApart(root, x, y, place, depth + 1)));
  const kinds = kindsOf(root, b, place);
  const common = [...kindsOf(root, a, place)].filter((kind) => kinds.has(kind));
  if (common.length === 0) return true;
  if (isListed(a) && isListed(b)) {
    const values = new Set(valuesOf(b, place).map(canonical));
    return !valuesOf(a, place).some((value) => values.has(canonical(value)));
  }
  if (common.join() !== 'object' || isListed(a) || isListed(b)) return false;
  const shared = [a, b].map((schema) => listAt(schema['required'] ?? [], place, 'required').map(String));
  return shared[0].some(
    (name) =>
      shared[1].includes(name) &&
      areApart(
        root,
        (a['properties'] as JsonSchema)[name],
        (b['properties'] as JsonSchema)[name],
        place,
        depth + 1,
      ),
  );
}

/** The schemas of which a value satisfies one: those of `anyOf` and the like, or the schema itself. */
function optionsOf(root: JsonSchema, schema: JsonSchema, place: string): readonly JsonSchema[] {
  if (schema['$ref'] !== undefined) return [resolve(root, schema['$ref'], place)];
  const list = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'];
  return list === undefined ? [schema] : (list as JsonSchema[]);
}

/** The types that a value of a schema can have, as JSON has them: an integer is a number. */
export function kindsOf(root: JsonSchema, schema: JsonSchema, place: string): Set<string> {
  const options = optionsOf(root, schema, place);
  if (options[0] !== schema) return new Set(options.flatMap((option) => [...kindsOf(root, option, place)]));
  if (isListed(schema)) return new Set(valuesOf(schema, place).map(typeOf));
  const types = typesOf(schema, place, keywordsOf(schema));
  return new Set(types.map((type) => (type === 'integer' ? 'number' : type)));
}

/** A value as a text that equal values share. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isSchema(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
