import { UnsupportedError } from '../../errors.ts';
import { automatonOf, intersection } from './automaton.ts';
import {
  anyCharacter,
  characters,
  choice,
  type Expression,
  inAutomaton,
  literally,
  optional,
  repeated,
  sequence,
} from './expression.ts';
import { formats } from './json-formats.ts';
import { decimals, DIGITS, integers, numbers } from './json-numbers.ts';
import { bracketed, colon, comma, spelled, textOf } from './json-text.ts';
import { anywhere, parseRegularExpression } from './regular-expression.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON texts that a schema describes: a regular language, and every text of it is valid.
 *
 * Not all valid texts are in it. They are written compactly, with at most one space behind `,` and `:`; properties stand
 * in the order in which the schema declares them, and none are added to those; strings are escaped where they must be;
 * numbers have as many digits as float64 keeps apart. Nesting without end (`$ref` in a ring) is no regular language.
 *
 * A keyword that isn't supported is refused by its name and place, also where JSON Schema would ignore it: a constraint
 * that is silently not kept is worse than none.
 *
 * @throws UnsupportedError  for what can't be described so
 */
export function jsonLanguage(schema: JsonSchema): Expression {
  return new Translation(schema).at(schema, '#', []);
}

/** Keywords that say nothing about what is valid. */
const ANNOTATIONS = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly'.split(
    ' ',
  ),
);

/** The types, and the keywords that are about them. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'propertyNames'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  boolean: [],
  null: [],
};

/** Keywords that say everything by themselves; beside them only `type` may stand, and annotations. */
const ALONE = ['const', 'enum', '$ref', 'anyOf', 'oneOf', 'allOf'];

const DEEPEST = 100;

class Translation {
  readonly #root: JsonSchema;
  readonly #references = new Map<string, Expression>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /**
   * @param place  a JSON pointer, for messages
   * @param trail  the references that led here
   */
  at(schema: unknown, place: string, trail: readonly string[]): Expression {
    if (!isSchema(schema)) refuse(place, `must be an object, and is ${JSON.stringify(schema)}`);
    if (place.split('/').length > DEEPEST) refuse(place, `is nested deeper than ${DEEPEST}`);
    const keywords = keywordsOf(schema);
    const [alone, other] = ALONE.filter((keyword) => keywords.includes(keyword));
    if (other !== undefined) refuse(place, `has ${alone} and ${other}, which aren't supported together`);
    if (alone === undefined) {
      const types = typesOf(schema, place, keywords);
      const known = new Set(['type', ...types.flatMap((type) => KEYWORDS[type])]);
      const unknown = keywords.find((keyword) => !known.has(keyword));
      if (unknown !== undefined) refuse(place, unsupported(unknown, types.join(' or ')));
      return choice(...types.map((type) => this.#ofType(type, schema, place, trail)));
    }
    const beside = keywords.find((keyword) => keyword !== alone && keyword !== 'type');
    if (beside !== undefined) refuse(place, `keyword ${beside} isn't supported beside ${alone}`);
    if (keywords.includes('type') && alone !== 'const' && alone !== 'enum')
      refuse(place, `keyword type isn't supported beside ${alone}`);
    return this.#alone(alone, schema, place, trail);
  }

  #alone(keyword: string, schema: JsonSchema, place: string, trail: readonly string[]): Expression {
    const value = schema[keyword];
    switch (keyword) {
      case 'const':
      case 'enum':
        return choice(...valuesOf(schema, place).map(textOf));
      case '$ref':
        return this.#reference(value, place, trail);
      case 'allOf': {
        const parts = listAt(value, place, keyword);
        if (parts.length !== 1) refuse(place, `keyword allOf isn't supported with more than one schema`);
        return this.at(parts[0], `${place}/allOf/0`, trail);
      }
      default: {
        const options = listAt(value, place, keyword);
        const languages = options.map((option, k) => this.at(option, `${place}/${keyword}/${k}`, trail));
        if (keyword === 'oneOf') this.#checkApart(options, place);
        return choice(...languages);
      }
    }
  }

  #ofType(type: string, schema: JsonSchema, place: string, trail: readonly string[]): Expression {
    switch (type) {
      case 'object':
        return this.#object(schema, place, trail);
      case 'array':
        return this.#array(schema, place, trail);
      case 'string':
        return stringText(schema, place);
      case 'number':
      case 'integer':
        return numberText(schema, place, type);
      case 'boolean':
        return choice(literally('true'), literally('false'));
      default:
        return literally('null');
    }
  }

  #object(schema: JsonSchema, place: string, trail: readonly string[]): Expression {
    const { properties, required = [], additionalProperties, propertyNames } = schema;
    if (properties === undefined && isSchema(additionalProperties)) {
      if (listAt(required, place, 'required').length > 0)
        refuse(place, `has required properties without properties that describe them`);
      const name =
        propertyNames === undefined
          ? stringText({}, place)
          : this.#name(propertyNames, `${place}/propertyNames`, trail);
      const member = sequence(
        name,
        colon,
        this.at(additionalProperties, `${place}/additionalProperties`, trail),
      );
      return bracketed('{', optional(sequence(member, repeated(sequence(comma, member), 0, Infinity))), '}');
    }
    if (propertyNames !== undefined) refuse(place, `keyword propertyNames isn't supported beside properties`);
    if (properties === undefined && additionalProperties !== false)
      refuse(place, `must have properties, or additionalProperties that are a schema or false`);
    if (properties !== undefined && !isSchema(properties)) refuse(place, `has properties that are no object`);
    const declared = Object.entries((properties ?? {}) as JsonSchema);
    const needed = listAt(required, place, 'required');
    const undeclared = needed.find((name) => !declared.some(([declaredName]) => declaredName === name));
    if (undeclared !== undefined)
      refuse(place, `requires ${JSON.stringify(undeclared)}, which its properties don't describe`);
    const members = declared.map(([name, value]) => ({
      part: sequence(textOf(name), colon, this.at(value, `${place}/properties/${escaped(name)}`, trail)),
      optional: !needed.includes(name),
    }));
    return bracketed('{', { kind: 'list', separator: comma, parts: members }, '}');
  }

  /** What names a property: a schema of strings. */
  #name(schema: unknown, place: string, trail: readonly string[]): Expression {
    if (!isSchema(schema) || [...this.#kinds(schema, place)].join() !== 'string')
      refuse(place, 'must be a schema of strings');
    return this.at(schema, place, trail);
  }

  #array(schema: JsonSchema, place: string, trail: readonly string[]): Expression {
    const { items, prefixItems = [] } = schema;
    if (Array.isArray(items)) refuse(place, `has a list as items: write prefixItems`);
    const first = listAt(prefixItems, place, 'prefixItems').map((item, k) =>
      this.at(item, `${place}/prefixItems/${k}`, trail),
    );
    const more = items !== undefined && items !== false;
    const least = countAt(schema, 'minItems', place) ?? 0;
    const most = Math.min(countAt(schema, 'maxItems', place) ?? Infinity, more ? Infinity : first.length);
    if (!more && first.length === 0 && most > 0) refuse(place, `must have items or prefixItems`);
    if (least > most) refuse(place, `asks for at least ${least} items and admits ${most}`);
    if (items === undefined && first.length === 0 && countAt(schema, 'maxItems', place) !== 0)
      refuse(place, `must have items or prefixItems`);
    // from the last to the first: each item may be missing if all that follow are
    let rest: Expression = sequence();
    if (more && most > first.length) {
      const item = this.at(items, `${place}/items`, trail);
      const fewest = Math.max(least - first.length, 0);
      const following = (low: number, high: number): Expression => repeated(sequence(comma, item), low, high);
      rest =
        first.length > 0
          ? following(fewest, most - first.length)
          : sequence(item, following(Math.max(fewest - 1, 0), most - 1));
      if (first.length === 0 && least === 0) rest = optional(rest);
    }
    for (let k = Math.min(first.length, most) - 1; k >= 0; k--) {
      rest = k > 0 ? sequence(comma, first[k], rest) : sequence(first[k], rest);
      if (k >= least) rest = optional(rest);
    }
    return bracketed('[', rest, ']');
  }

  #reference(reference: unknown, place: string, trail: readonly string[]): Expression {
    const target = this.#resolve(reference, place);
    const name = String(reference);
    if (trail.includes(name))
      refuse(place, `refers to ${name}, which refers to itself: only schemas of bounded depth are supported`);
    let found = this.#references.get(name);
    if (!found) {
      found = this.at(target, name, [...trail, name]);
      this.#references.set(name, found);
    }
    return found;
  }

  #resolve(reference: unknown, place: string): JsonSchema {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
      refuse(
        place,
        `refers to ${JSON.stringify(reference)}: only places in the schema itself, #/…, are supported`,
      );
    const path = reference.split('/').slice(1);
    const target = path.reduce<unknown>((at, name) => {
      const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
      return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as JsonSchema)[key]
        : undefined;
    }, this.#root);
    if (!isSchema(target)) refuse(place, `refers to ${reference}, where there is no schema`);
    return target;
  }

  /** Of `oneOf` exactly one may hold, so no value may be in two of them. */
  #checkApart(options: readonly unknown[], place: string): void {
    for (const [j, option] of options.entries()) {
      for (let k = 0; k < j; k++) {
        if (this.#areApart(options[k], option, place, 0)) continue;
        refuse(
          place,
          `has schemas ${k} and ${j} in oneOf that one value may satisfy together; if that is right, write anyOf`,
        );
      }
    }
  }

  /** Whether it is certain that no value satisfies both. */
  #areApart(a: unknown, b: unknown, place: string, depth: number): boolean {
    if (!isSchema(a) || !isSchema(b) || depth > DEEPEST) return false;
    const [left, right] = [this.#options(a, place), this.#options(b, place)];
    if (left.length !== 1 || right.length !== 1 || left[0] !== a || right[0] !== b)
      return left.every((x) => right.every((y) => this.#areApart(x, y, place, depth + 1)));
    const kinds = this.#kinds(b, place);
    const common = [...this.#kinds(a, place)].filter((kind) => kinds.has(kind));
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
        this.#areApart(
          (a['properties'] as JsonSchema)[name],
          (b['properties'] as JsonSchema)[name],
          place,
          depth + 1,
        ),
    );
  }

  /** The schemas of which a value satisfies one: those of `anyOf` and the like, or the schema itself. */
  #options(schema: JsonSchema, place: string): readonly JsonSchema[] {
    if (schema['$ref'] !== undefined) return [this.#resolve(schema['$ref'], place)];
    const list = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'];
    return list === undefined ? [schema] : (list as JsonSchema[]);
  }

  /** The types that a value of a schema can have, as JSON has them: an integer is a number. */
  #kinds(schema: JsonSchema, place: string): Set<string> {
    const options = this.#options(schema, place);
    if (options[0] !== schema) return new Set(options.flatMap((option) => [...this.#kinds(option, place)]));
    if (isListed(schema)) return new Set(valuesOf(schema, place).map(typeOf));
    const types = typesOf(schema, place, keywordsOf(schema));
    return new Set(types.map((type) => (type === 'integer' ? 'number' : type)));
  }
}

/** Whether a schema lists its values. */
const isListed = (schema: JsonSchema): boolean =>
  schema['const'] !== undefined || schema['enum'] !== undefined;

function refuse(place: string, problem: string): never {
  throw new UnsupportedError(`jsonSchema: ${place} ${problem}`);
}

const unsupported = (keyword: string, types: string): string =>
  `has the keyword ${keyword}, which isn't supported${types ? ` for ${types}` : ''}`;

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The keywords of a schema that say what is valid. */
const keywordsOf = (schema: JsonSchema): string[] =>
  Object.keys(schema).filter((keyword) => schema[keyword] !== undefined && !ANNOTATIONS.has(keyword));

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function listAt(value: unknown, place: string, keyword: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(place, `has no list as ${keyword}`);
}

function countAt(schema: JsonSchema, keyword: string, place: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(place, `has no whole number as ${keyword}`);
}

/** The types of a schema; without `type`, the one whose keywords it has. */
function typesOf(schema: JsonSchema, place: string, keywords: readonly string[]): string[] {
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
function valuesOf(schema: JsonSchema, place: string): unknown[] {
  const values = schema['const'] === undefined ? listAt(schema['enum'], place, 'enum') : [schema['const']];
  if (schema['type'] === undefined) return [...values];
  const types = typesOf(schema, place, []);
  return values.filter(
    (value) => types.includes(typeOf(value)) || (types.includes('integer') && Number.isInteger(value)),
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A value as a text that equal values share. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isSchema(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** `minLength` and `maxLength` count code points, as JSON Schema does. */
function stringText(schema: JsonSchema, place: string): Expression {
  const { pattern, format } = schema;
  const least = countAt(schema, 'minLength', place) ?? 0;
  const most = countAt(schema, 'maxLength', place) ?? Infinity;
  if (least > most) refuse(place, `asks for at least ${least} characters and admits ${most}`);
  const languages: Expression[] = [];
  if (least > 0 || most < Infinity || (pattern === undefined && format === undefined))
    languages.push(repeated(characters(anyCharacter), least, most));
  for (const [keyword, source] of [
    ['pattern', pattern],
    ['format', format === undefined ? undefined : formatAt(format, place)],
  ]) {
    if (source === undefined) continue;
    if (typeof source !== 'string') refuse(place, `has no text as ${String(keyword)}`);
    languages.push(anywhere(parseRegularExpression(source, `jsonSchema: ${place}/${String(keyword)}`)));
  }
  const [first, ...others] = languages.map(spelled);
  const inside =
    others.length === 0
      ? first
      : inAutomaton(others.reduce((a, b) => intersection(a, automatonOf(b)), automatonOf(first)));
  return bracketed('"', inside, '"');
}

function formatAt(format: unknown, place: string): string {
  const source = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined;
  return (
    source ??
    refuse(
      place,
      `has the format ${JSON.stringify(format)}; supported are ${Object.keys(formats).join(', ')}`,
    )
  );
}

function numberText(schema: JsonSchema, place: string, type: string): Expression {
  const bound = (keyword: string): number | undefined => {
    const value = schema[keyword];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value))
      return refuse(place, `has no number as ${keyword}`);
    return value;
  };
  const [least, above] = stricter(
    bound('minimum') ?? -Infinity,
    bound('exclusiveMinimum') ?? -Infinity,
    Math.max,
  );
  const [most, below] = stricter(
    bound('maximum') ?? Infinity,
    bound('exclusiveMaximum') ?? Infinity,
    Math.min,
  );
  if (type === 'number') {
    const long = [least, most].find((value) => Number.isFinite(value) && decimals(value) > DIGITS);
    if (long !== undefined)
      refuse(place, `has the bound ${long}, with more than ${DIGITS} digits behind the point`);
    return numbers({ least, most, above, below });
  }
  const low = above && Number.isInteger(least) ? least + 1 : Math.ceil(least);
  const high = below && Number.isInteger(most) ? most - 1 : Math.floor(most);
  if (low > high) refuse(place, `admits no integer: none is from ${low} to ${high}`);
  return integers({ least: low, most: high });
}

/** The stricter of a bound that is admitted and one that isn't, and whether it isn't. */
function stricter(
  admitted: number,
  leftOut: number,
  choose: (a: number, b: number) => number,
): [value: number, out: boolean] {
  const value = choose(admitted, leftOut);
  return [value, Number.isFinite(leftOut) && value === leftOut];
}
