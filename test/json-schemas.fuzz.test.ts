import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { UnsupportedError } from '../src/base/errors.ts';
import { uniforms } from '../src/base/random.ts';
import type { JsonSchema } from '../src/sampling/constraint/json-keywords.ts';
import { jsonAutomaton } from '../src/sampling/constraint/json-schema.ts';
import { inputs } from './inputs.ts';
import { randomText } from './random-text.ts';

/** A source of choices that a seed repeats. */
class Chance {
  readonly #uniform: (i: number) => number;
  #next = 0;

  constructor(seed: number) {
    this.#uniform = uniforms(seed, 'synthetic');
  }

  below = (n: number): number => Math.floor(this.#uniform(this.#next++) * n);
  of = <T>(choices: readonly T[]): T => choices[this.below(choices.length)];
  /** Whether something that happens so often out of ten happens. */
  often = (tenths: number): boolean => this.below(10) < tenths;
}

type Made = Record<string, unknown>;

const values = [null, true, 0, 1, -2.5, 3, 'a', 'ab', '', [], [1], { a: 1 }, { b: 'x' }, 1e3, '2024-01-01'];
const names = ['a', 'b', 'c', 'foo', 'ü "'];

/** Keywords of each type, as the test suite of the standard has them, each with what it may be. */
const keywords: Readonly<Record<string, (c: Chance, depth: number) => Made>> = {
  string: (c) => ({
    ...(c.often(3) && { minLength: c.below(4) }),
    ...(c.often(3) && { maxLength: 3 + c.below(90) }),
    ...(c.often(3) && {
      pattern: c.of(['^a', 'z$', '^[a-c]+$', '(?=.*b)', '^(?!x)', '\\d{2}', 'é|b', '^(a|b$)']),
    }),
    ...(c.often(2) && {
      format: c.of(['date', 'uuid', 'email', 'ipv6', 'uri', 'duration', 'colour', 'regex']),
    }),
  }),
  number: (c) => ({
    ...(c.often(3) && { minimum: c.of([-3, 0, 1.5, 10]) }),
    ...(c.often(3) && { exclusiveMaximum: c.of([20, 100.25, 1e6]) }),
    ...(c.often(2) && { exclusiveMinimum: c.of([-5, 0.5]) }),
    ...(c.often(2) && { maximum: c.of([30, 12.5]) }),
    ...(c.often(3) && { multipleOf: c.of([1, 2, 7, 0.5, 0.01, 1.5, 2000]) }),
  }),
  array: (c, depth) => ({
    ...(c.often(7) && { items: schema(c, depth + 1) }),
    ...(c.often(2) && { prefixItems: Array.from({ length: 1 + c.below(2) }, () => schema(c, depth + 1)) }),
    ...(c.often(3) && { minItems: c.below(3) }),
    ...(c.often(3) && { maxItems: 2 + c.below(4) }),
    ...(c.often(3) && { uniqueItems: true }),
    ...(c.often(1) && c.of<Made>([{ contains: { type: 'string' } }, { unevaluatedItems: false }])),
  }),
  object: (c, depth) => {
    const properties = Object.fromEntries(
      Array.from({ length: c.below(4) }, () => [c.of(names), schema(c, depth + 1)]),
    );
    return {
      ...(c.often(8) && { properties }),
      ...(c.often(4) && { required: [c.of(names)] }),
      ...(c.often(3) && { additionalProperties: c.of<unknown>([false, true, schema(c, depth + 1)]) }),
      ...(c.often(1) && { unevaluatedProperties: false }),
      ...(c.often(1) && {
        propertyNames: c.of([{ pattern: '^[a-f]' }, { maxLength: 3 }, { enum: ['a', 'b'] }]),
      }),
      ...(c.often(2) && { patternProperties: { '^f': schema(c, depth + 1), b: { type: 'integer' } } }),
      ...(c.often(1) && { minProperties: c.below(3) }),
      ...(c.often(2) && { maxProperties: 1 + c.below(3) }),
      ...(c.often(1) && c.of<Made>([{ dependentRequired: { a: ['b'] } }, { dependentSchemas: { a: {} } }])),
    };
  },
  boolean: () => ({}),
  null: () => ({}),
};

function schema(c: Chance, depth = 0): unknown {
  if (depth > 0 && c.below(30) === 0) return c.of([true, true, false]);
  if (depth > 0 && c.often(1)) return { $ref: c.of(['#/$defs/one', '#/$defs/two', '#']) };
  if (c.often(1))
    return c.of<Made>([{ const: c.of(values) }, { enum: [c.of(values), c.of(values), c.of(values)] }]);
  const types =
    depth > 2 ? ['string', 'number', 'integer', 'boolean', 'null'] : [...Object.keys(keywords), 'integer'];
  const named = c.often(1) ? [c.of(types), c.of(types)] : [c.of(types)];
  const made: Made = Object.assign(
    {},
    ...named.map((type) => keywords[type === 'integer' ? 'number' : type](c, depth)),
    c.often(8) ? { type: named.length === 1 ? named[0] : [...new Set(named)] } : {},
    c.often(1) ? { description: 'x', examples: [1], default: null, 'x-own': 1 } : {},
  );
  if (depth > 1 || !c.often(3)) return made;
  const some = (): unknown[] => Array.from({ length: 2 }, () => schema(c, depth + 2));
  return {
    ...made,
    ...c.of<Made>([
      { allOf: some() },
      { anyOf: some() },
      { oneOf: some() },
      { allOf: [made, schema(c, depth + 2)] },
    ]),
    ...(c.below(8) === 0 &&
      c.of<Made>([{ not: { type: 'null' } }, { if: { minLength: 1 }, else: {} }, { $dynamicRef: '#x' }])),
  };
}

const ajv = addFormats.default(new Ajv2020({ strict: false, logger: false }));

/** All keys in a schema, of its own and of what is in it. */
const keysIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysIn(inner)])
    : [];

const schemas = inputs({ all: 1000, few: 4 });

test(`${schemas} random schemas of draft 2020-12: what is written is valid, or a keyword is refused by its name`, () => {
  const counts = { texts: 0, refused: 0 };
  for (let seed = 0; seed < schemas; seed++) {
    const c = new Chance(seed);
    const defs = {
      one: schema(c, 1),
      two: { type: 'object', properties: { next: { $ref: '#/$defs/two' }, x: schema(c, 2) } },
    };
    const made = schema(c);
    const whole = { ...(made as Made), $defs: defs } as JsonSchema;
    const text = JSON.stringify(whole);
    let language;
    try {
      language = jsonAutomaton(whole);
    } catch (error) {
      assert.ok(error instanceof UnsupportedError, `${text} ${String(error)}`);
      const named = keysIn(whole).some((key) => error.message.includes(key));
      assert.ok(named, `${text}: ${error.message}`);
      counts.refused += 1;
      continue;
    }
    const validate = ajv.compile(whole);
    for (let n = 0; n < 6; n++) {
      const written = randomText(language, n, 30);
      assert.ok(validate(JSON.parse(written)), `${text}: ${written}: ${ajv.errorsText(validate.errors)}`);
      counts.texts += 1;
    }
  }
  assert.ok(counts.texts > 3 * schemas && counts.refused < 0.3 * schemas, JSON.stringify(counts));
});
