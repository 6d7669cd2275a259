import {
  APPLICATORS,
  canonical,
  isSchema,
  type JsonSchema,
  namedAt,
  type Placed,
  resolve,
  schemasAt,
  TYPES,
  typeOf,
  typesMeant,
  typesOf,
  valuesOf,
} from './json-keywords.ts';

/** References may lead in a ring. */
const maxDepth = 50;

/**
 * Whether it is certain that nothing which is written for one schema satisfies another: they are of different types, or list
 * different values, or are objects that a required property tells apart.
 *
 * @param root     what a `$ref` points into
 * @param written  for which something is written: where it names no type, of a type whose keywords it has
 */
export function areApart(
  root: JsonSchema,
  written: Placed<unknown>,
  other: Placed<unknown>,
  depth = 0,
): boolean {
  if (written.schema === false || other.schema === false) return true;
  if (!isSchema(written.schema) || !isSchema(other.schema) || depth > maxDepth) return false;
  const [one, two] = [conditionsOf(root, written as Placed), conditionsOf(root, other as Placed)];
  const isSimple = one.length === 1 && one[0].length === 1 && one[0][0].schema === written.schema;
  if (isSimple && two.length === 1 && two[0].length === 1 && two[0][0].schema === other.schema)
    return leavesApart(root, written as Placed, other as Placed, depth);
  // a value satisfies one schema of every condition
  return one.some((mine) =>
    mine.every((a) => two.some((theirs) => theirs.every((b) => areApart(root, a, b, depth + 1)))),
  );
}

/** What has to hold of a value: of each condition one schema. */
function conditionsOf(root: JsonSchema, placed: Placed): Placed<unknown>[][] {
  const { schema, place } = placed;
  const own = Object.fromEntries(Object.entries(schema).filter(([key]) => !APPLICATORS.includes(key)));
  const isPlain = Object.keys(own).length === Object.keys(schema).length;
  if (isPlain) return [[placed]];
  return [
    ...(Object.keys(own).length > 0 ? [[{ schema: own, place }]] : []),
    ...(schema['$ref'] === undefined ? [] : [[resolve(root, schema['$ref'], place)]]),
    ...schemasAt(placed, 'allOf').map((one) => [one]),
    ...['anyOf', 'oneOf'].map((keyword) => schemasAt(placed, keyword)).filter((list) => list.length > 0),
  ];
}

function leavesApart(root: JsonSchema, written: Placed, other: Placed, depth: number): boolean {
  const [values, others] = [valuesOf(written), valuesOf(other)];
  const meant = typesMeant(written);
  const types = values?.map(typeOf) ?? typesOf(written) ?? (meant.length > 0 ? meant : TYPES);
  const admitted = new Set(others?.map(typeOf) ?? typesOf(other) ?? TYPES);
  const common = [...new Set(types)].filter((type) => admitted.has(type));
  if (common.length === 0) return true;
  if (values && others) {
    const known = new Set(others.map(canonical));
    return !values.some((value) => known.has(canonical(value)));
  }
  if (common.join() !== 'object' || values || others) return false;
  const required = (placed: Placed): unknown[] => [placed.schema['required'] ?? []].flat();
  const [mine, theirs] = [namedAt(written, 'properties'), namedAt(other, 'properties')];
  return required(written).some((name) => {
    const [a, b] = [mine.get(String(name)), theirs.get(String(name))];
    return a !== undefined && b !== undefined && areApart(root, a, b, depth + 1);
  });
}
