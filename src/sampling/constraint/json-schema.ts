import { choice, type Expression, literally, optional, repeated, sequence } from './expression.ts';
import { areApart, kindsOf } from './json-apart.ts';
import {
  countAt,
  escapeRegex,
  isSchema,
  type JsonSchema,
  KEYWORDS,
  keywordsOf,
  listAt,
  refuse,
  resolve,
  typesOf,
  unsupported,
  valuesOf,
} from './json-keywords.ts';
import { numberText, stringText } from './json-scalars.ts';
import { bracketed, colon, comma, textOf } from './json-text.ts';

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
      part: sequence(textOf(name), colon, this.at(value, `${place}/properties/${escapeRegex(name)}`, trail)),
      optional: !needed.includes(name),
    }));
    return bracketed('{', { kind: 'list', separator: comma, parts: members }, '}');
  }

  /** What names a property: a schema of strings. */
  #name(schema: unknown, place: string, trail: readonly string[]): Expression {
    if (!isSchema(schema) || [...kindsOf(this.#root, schema, place)].join() !== 'string')
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
    const target = resolve(this.#root, reference, place);
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

  /** Of `oneOf` exactly one may hold, so no value may be in two of them. */
  #checkApart(options: readonly unknown[], place: string): void {
    for (const [j, option] of options.entries()) {
      for (let k = 0; k < j; k++) {
        if (areApart(this.#root, options[k], option, place)) continue;
        refuse(
          place,
          `has schemas ${k} and ${j} in oneOf that one value may satisfy together; if that is right, write anyOf`,
        );
      }
    }
  }
}
