import { UnsupportedError } from '../../base/errors.ts';
import { allOf, choice, type Expression, inAutomaton, literally, nothing } from './expression.ts';
import type { Automaton } from './automaton.ts';
import { areApart } from './json-apart.ts';
import { arrayText } from './json-arrays.ts';
import {
  APPLICATORS,
  canonical,
  isSchema,
  type JsonSchema,
  keywordsOf,
  type Placed,
  refuse,
  resolve,
  schemasAt,
  TYPES,
  typeOf,
  typesMeant,
  typesOf,
  valuesOf,
} from './json-keywords.ts';
import { objectText } from './json-objects.ts';
import { type Room, unlimited } from './json-room.ts';
import { numberText, stringText } from './json-scalars.ts';
import type { Translator } from './json-translator.ts';
import { compact, type Punctuation, spaced, textOf } from './json-text.ts';
import { buildAutomaton, countParts } from './build-automaton.ts';

/** How deep schemas that refer to themselves are written at most, and how many parts that may take. */
const maxRecursion = 12;
const maxRecursiveParts = 5000;
/** How deep values are nested that may be any. */
const maxAnyDepth = 2;

/**
 * The JSON texts that a schema describes: a regular language, and every text of it is valid.
 *
 * Not all valid texts are in it. They are written compactly, with at most one space behind `,` and `:`; properties stand
 * in the order in which the schema declares them, and none are added to those; strings are escaped where they must be;
 * numbers have as many digits as float64 keeps apart. A schema that refers to itself is written as deep as an automaton of
 * some thousand states goes, and values of any kind are nested twice; bounds are counted as far as there is room.
 *
 * A keyword that isn't supported is refused by its name and place: a constraint that is silently not kept is worse than
 * none.
 *
 * @throws UnsupportedError  for what can't be described so
 */
export function jsonLanguage(schema: JsonSchema, room: Room = unlimited): Expression {
  const made = new Map<string, Expression>();
  const of = (depth: number): [language: Expression, wasCut: boolean] => {
    const translation = new Translation(schema, { depth, room, punctuation: spaced, made });
    return [translation.of([{ schema, place: '#' }], []), translation.wasCut];
  };
  let [language, wasCut] = of(1);
  for (let depth = 2; wasCut && depth <= maxRecursion; depth++) {
    let deeper: Expression;
    try {
      [deeper, wasCut] = of(depth);
      if (countParts(deeper) > maxRecursiveParts) return language;
    } catch (error) {
      if (error instanceof UnsupportedError) return language; // too many schemas
      throw error;
    }
    language = deeper;
  }
  return language;
}

/**
 * The automaton of `jsonLanguage`.
 *
 * @throws UnsupportedError  also for a schema that admits no text
 */
export function jsonAutomaton(schema: JsonSchema, room: Room = unlimited): Automaton {
  const automaton = buildAutomaton(jsonLanguage(schema, room));
  if (automaton.accepting.includes(1)) return automaton;
  const keywords = keywordsOf({ schema, place: '#' }).join(', ');
  return refuse('#', `admits nothing that can be written: ${keywords} leave no value of bounded depth`);
}

/** A choice of schemas, one of which has to hold. */
interface Alternatives {
  readonly keyword: string;
  readonly options: readonly Placed<unknown>[];
  /** References that led here directly, without a step into a value. */
  readonly passed: readonly string[];
}

/** Schemas that all have to hold, with nothing in them that refers to others. */
interface Conditions {
  readonly leaves: readonly Placed[];
  readonly alternatives: readonly Alternatives[];
  /** The references that led here. */
  readonly trail: readonly string[];
}

interface TranslationOptions {
  readonly depth: number;
  readonly room: Room;
  readonly punctuation: Punctuation;
  /** Languages that are made once for all places that have the same schemas. */
  readonly made: Map<string, Expression>;
}

const maxNesting = 100;
/** Schemas that one may be put together of, as often as they are referred to. */
const maxSchemas = 20_000;

class Translation implements Translator {
  readonly room: Room;
  readonly punctuation: Punctuation;
  /** Whether something is missing because it would have been too deep. */
  wasCut = false;
  readonly #root: JsonSchema;
  readonly #options: TranslationOptions;
  #count = 0;

  constructor(root: JsonSchema, options: TranslationOptions) {
    this.#root = root;
    this.#options = options;
    this.room = options.room;
    this.punctuation = options.punctuation;
  }

  canonical(): Translator {
    const inner = new Translation(this.#root, { ...this.#options, punctuation: compact });
    const note = (): void => {
      this.wasCut ||= inner.wasCut;
    };
    return {
      room: this.room,
      punctuation: compact,
      canonical: () => inner,
      of: (all, trail) => {
        const language = inner.of(all, trail);
        note();
        return language;
      },
    };
  }

  of(all: readonly Placed<unknown>[], trail: readonly string[]): Expression {
    let conditions: Conditions | undefined = { leaves: [], alternatives: [], trail };
    for (const one of all) conditions = conditions && this.#with(conditions, one, []);
    return conditions ? this.#language(conditions) : nothing;
  }

  /** Conditions with one more; undefined where they can't hold. @param passed  references that led to it directly */
  #with(
    conditions: Conditions,
    { schema, place }: Placed<unknown>,
    passed: readonly string[],
  ): Conditions | undefined {
    if (schema === true) return conditions;
    if (schema === false) return undefined;
    if (!isSchema(schema)) return refuse(place, `must be a schema, and is ${JSON.stringify(schema)}`);
    if (place.split('/').length > maxNesting) refuse(place, `is nested deeper than ${maxNesting}`);
    if (++this.#count > maxSchemas)
      refuse('#', `has more than ${maxSchemas} schemas, each counted as often as a $ref leads to it`);
    const placed = { schema, place };
    const keywords = keywordsOf(placed);
    const own = Object.fromEntries(
      keywords
        .filter((keyword) => !APPLICATORS.includes(keyword))
        .map((keyword) => [keyword, schema[keyword]]),
    );
    let found: Conditions | undefined = {
      ...conditions,
      leaves:
        Object.keys(own).length === 0 ? conditions.leaves : [...conditions.leaves, { schema: own, place }],
      alternatives: [
        ...conditions.alternatives,
        ...['anyOf', 'oneOf']
          .filter((keyword) => keywords.includes(keyword))
          .map((keyword) => ({ keyword, options: schemasAt(placed, keyword), passed })),
      ],
    };
    if (keywords.includes('oneOf')) this.#checkApart(placed);
    for (const part of schemasAt(placed, 'allOf')) found = found && this.#with(found, part, passed);
    if (found && keywords.includes('$ref')) found = this.#referred(found, placed, passed);
    return found;
  }

  #referred(
    conditions: Conditions,
    { schema, place }: Placed,
    passed: readonly string[],
  ): Conditions | undefined {
    const name = String(schema['$ref']);
    const target = resolve(this.#root, schema['$ref'], place);
    if (passed.includes(name)) refuse(place, `has the $ref ${name}, which means nothing but itself`);
    if (this.#isTooDeep(conditions.trail, name, this.#options.depth)) return undefined;
    return this.#with({ ...conditions, trail: [...conditions.trail, name] }, target, [...passed, name]);
  }

  #isTooDeep(trail: readonly string[], name: string, depth: number): boolean {
    const isTooDeep = trail.filter((one) => one === name).length > depth;
    if (isTooDeep) this.wasCut = true;
    return isTooDeep;
  }

  #language({ leaves, alternatives, trail }: Conditions): Expression {
    const [first, ...others] = alternatives;
    if (first) {
      const found = first.options.map((option) =>
        this.#with({ leaves, alternatives: others, trail }, option, first.passed),
      );
      return choice(...found.flatMap((conditions) => (conditions ? [this.#language(conditions)] : [])));
    }
    const listed = leaves.filter((leaf) => valuesOf(leaf) !== undefined);
    return listed.length > 0 ? this.#values(leaves, listed, trail) : this.#types(leaves, trail);
  }

  /** The listed values that all leaves admit. */
  #values(leaves: readonly Placed[], listed: readonly Placed[], trail: readonly string[]): Expression {
    const lists = listed.map((leaf) => valuesOf(leaf)!.map((value) => [canonical(value), value] as const));
    const [values, ...others] = lists.map((list) => new Map(list));
    const types = typesOfAll(leaves);
    const kept = [...values].filter(
      ([key, value]) =>
        others.every((other) => other.has(key)) &&
        (!types || types.includes(typeOf(value))) &&
        (typeof value !== 'number' || Number.isInteger(value) || !leaves.some(isInteger)),
    );
    const written = choice(...kept.map(([, value]) => textOf(value, this.punctuation)));
    // what else is said of them, in a schema of their own
    const rest = leaves.map(({ schema: { enum: _, const: __, ...schema }, place }) => ({ schema, place }));
    const isPlain = rest.every(({ schema }) => typesMeant({ schema, place: '' }).length === 0);
    return isPlain ? written : allOf([written, this.#types(rest, trail)]);
  }

  #types(leaves: readonly Placed[], trail: readonly string[]): Expression {
    const named = typesOfAll(leaves);
    const meant = [...new Set(leaves.flatMap(typesMeant))];
    const types = named ?? (meant.length > 0 ? meant : TYPES);
    const isAny = named === undefined && meant.length === 0;
    const place = leaves[0]?.place ?? '#';
    const options = types.map((type) => this.#ofType(type, leaves, { trail, place, isAny }));
    return choice(...options);
  }

  #ofType(
    type: string,
    leaves: readonly Placed[],
    { trail, place, isAny }: { trail: readonly string[]; place: string; isAny: boolean },
  ): Expression {
    switch (type) {
      case 'object':
      case 'array': {
        // what may be any value may be one in itself
        if (isAny && this.#isTooDeep(trail, anyValue, Math.min(this.#options.depth, maxAnyDepth) - 1))
          return nothing;
        const inner = { all: leaves, place, trail: isAny ? [...trail, anyValue] : trail };
        return type === 'object' ? objectText(this, inner) : arrayText(this, inner);
      }
      case 'string':
        return this.#small(type, leaves, () => stringText(leaves, this.room, place));
      case 'number':
        return this.#small(type, leaves, () => numberText(leaves, this.punctuation === compact, place));
      case 'boolean':
        return choice(literally('true'), literally('false'));
      default:
        return literally('null');
    }
  }

  /** The language of some schemas as an automaton, which is made once for all places that have the same schemas. */
  #small(type: string, leaves: readonly Placed[], language: () => Expression): Expression {
    const { made } = this.#options;
    const key = JSON.stringify([type, this.punctuation === compact, ...leaves.map(({ schema }) => schema)]);
    const known = made.get(key) ?? inAutomaton(buildAutomaton(language()));
    made.set(key, known);
    return known;
  }

  /** Of `oneOf` exactly one may hold, so no value may be in two of them. */
  #checkApart(placed: Placed): void {
    const options = schemasAt(placed, 'oneOf');
    for (const [j, option] of options.entries()) {
      for (const [k, other] of options.entries()) {
        if (j === k || areApart(this.#root, option, other)) continue;
        const [a, b] = [Math.min(j, k), Math.max(j, k)];
        refuse(
          placed.place,
          `has schemas ${a} and ${b} in oneOf that one value may satisfy together; if that is right, write anyOf`,
        );
      }
    }
  }
}

/** In a trail: a value that may be any. */
const anyValue = ' any';

const isInteger = ({ schema }: Placed): boolean => [schema['type']].flat().includes('integer');

/** The types that all schemas admit; undefined where none names one. */
function typesOfAll(leaves: readonly Placed[]): string[] | undefined {
  const named = leaves.flatMap((leaf) => [typesOf(leaf)].filter((types) => types !== undefined));
  if (named.length === 0) return undefined;
  return named.reduce((some, others) => some.filter((type) => others.includes(type)));
}
