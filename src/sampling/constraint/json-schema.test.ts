import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { wholeText } from '../../../test/any-text.ts';
import { accepts } from '../../../test/accepts.ts';
import { z } from 'zod';
import { UnsupportedError } from '../../base/errors.ts';
import { buildAutomaton } from './build-automaton.ts';
import type { Automaton } from './automaton.ts';
import { formats } from './json-formats.ts';
import type { JsonSchema } from './json-keywords.ts';
import { roomOf } from './json-room.ts';
import { jsonAutomaton, jsonLanguage } from './json-schema.ts';
import { randomText } from '../../../test/random-text.ts';

const strictAjv = addFormats.default(new Ajv2020({ strict: false, logger: false }));
const withoutFormats = new Ajv2020({ strict: false, validateFormats: false });

const languageOf = (schema: JsonSchema): Automaton => buildAutomaton(jsonLanguage(schema));

/** Which of some texts a schema admits; what it admits is valid for ajv too. */
function admitted(schema: JsonSchema, texts: readonly string[]): string[] {
  const language = languageOf(schema);
  const validate = withoutFormats.compile(schema);
  const found = texts.filter((text) => accepts(language, text));
  for (const text of found) assert.ok(validate(JSON.parse(text)), text);
  return found;
}

test('objects have their properties in order, optional ones or not, and no others', () => {
  const schema = {
    type: 'object',
    properties: { a: { const: 1 }, 'b"': { const: null }, c: { enum: [true, 'x'] } },
    required: ['a'],
    additionalProperties: false,
  };
  const good = ['{"a":1}', '{"a": 1, "b\\"": null}', '{"a":1,"c":"x"}', '{"a":1,"b\\"":null,"c":true}'];
  const bad = [
    '{}',
    '{"c":true}',
    '{"b\\"":null,"a":1}',
    '{"a":1,}',
    '{ "a":1}',
    '{"a":  1}',
    '{"a":1}\n',
    '{"a":1,"d":2}',
  ];
  assert.deepEqual(admitted(schema, [...good, ...bad]), good);
  assert.deepEqual(admitted({ type: 'object', additionalProperties: false }, ['{}', '{"a":1}']), ['{}']);
});

test('maps have any names, or names of a pattern', () => {
  const map = { type: 'object', additionalProperties: { type: 'boolean' } };
  assert.deepEqual(admitted(map, ['{}', '{"x":true}', '{"": false, "é":true}', '{"x":1}', '{x:true}']), [
    '{}',
    '{"x":true}',
    '{"": false, "é":true}',
  ]);
  const named = { ...map, propertyNames: { type: 'string', pattern: '^[a-c]+$' } };
  assert.deepEqual(admitted(named, ['{"ab":true}', '{"x":true}']), ['{"ab":true}']);
});

test('arrays are as long as they may be', () => {
  const lists = ['[]', '[1]', '[1,1]', '[1, 1,1]', '[1,1,1,1]', '[1,]', '[,1]'];
  const one = { const: 1 };
  const of = (schema: object): string[] => admitted({ type: 'array', ...schema }, lists);
  assert.deepEqual(of({ items: one }), lists.slice(0, 5));
  assert.deepEqual(of({ items: one, minItems: 1, maxItems: 3 }), lists.slice(1, 4));
  assert.deepEqual(of({ items: one, minItems: 2 }), lists.slice(2, 5));
  assert.deepEqual(of({ items: one, maxItems: 0 }), ['[]']);
  assert.deepEqual(of({ maxItems: 0 }), ['[]']);
  const two = { prefixItems: [one, one] };
  assert.deepEqual(of(two), lists.slice(0, 3));
  assert.deepEqual(of({ ...two, minItems: 2 }), ['[1,1]']);
  assert.deepEqual(of({ ...two, minItems: 1, maxItems: 1 }), ['[1]']);
  assert.deepEqual(of({ ...two, items: one, minItems: 2 }), lists.slice(2, 5));
  assert.deepEqual(of({ ...two, items: one, minItems: 3, maxItems: 3 }), ['[1, 1,1]']);
  assert.deepEqual(of({ ...two, items: false }), lists.slice(0, 3));
});

test('strings are escaped as JSON.stringify does, count code points, and hold no control characters', () => {
  const texts = ['', 'a', 'é😀', '"\\/\b\f\n\r\t', '\0\u001f\u007f', '\u2028\ufeff', 'abcd'].map((text) =>
    JSON.stringify(text),
  );
  assert.deepEqual(admitted({ type: 'string' }, texts), texts);
  const bad = ['"\n"', '"\\x"', '"\\u00e9"', '"', '"a', 'a"', '"\\ud83d"', '"\\/"'];
  assert.deepEqual(admitted({ type: 'string' }, bad), []);
  const sized = { type: 'string', minLength: 1, maxLength: 3 };
  assert.deepEqual(admitted(sized, texts), [texts[1], texts[2], texts[4], texts[5]]);
  const language = languageOf({ type: 'string' });
  fc.assert(
    fc.property(wholeText, (text) => assert.ok(accepts(language, JSON.stringify(text)))),
    { seed: 1, numRuns: 200 },
  );
});

test('a pattern matches anywhere in the value, not in its spelling', () => {
  const of = (pattern: string, texts: string[], more = {}): string[] =>
    admitted(
      { type: 'string', pattern, ...more },
      texts.map((text) => JSON.stringify(text)),
    ).map((text) => JSON.parse(text) as string);
  assert.deepEqual(of('a"', ['a"', 'xa"y', 'a\\', '"a']), ['a"', 'xa"y']);
  assert.deepEqual(of('^[\\n\\\\]$', ['\n', '\\', 'n']), ['\n', '\\']);
  assert.deepEqual(of('^(a|é)+$', ['aé', 'é', '', 'b'], { minLength: 2 }), ['aé']);
  assert.deepEqual(of('b', ['ab', 'abc', 'b'], { maxLength: 2 }), ['ab', 'b']);
});

test('integers are within their bounds', () => {
  const bound = fc.oneof(fc.integer({ min: -1200, max: 1200 }), fc.constantFrom(0, 9, 10, 99, 100, -1, -10));
  fc.assert(
    fc.property(bound, bound, (a, b) => {
      const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)];
      const language = languageOf({ type: 'integer', minimum, maximum });
      for (const x of [a, b, a + 1, b - 1, minimum - 1, maximum + 1, 0, Math.round((a + b) / 2), -a, 10 * b])
        assert.equal(
          accepts(language, String(x)),
          x >= minimum && x <= maximum,
          `${x} in ${minimum}…${maximum}`,
        );
    }),
    { seed: 2, numRuns: 100 },
  );
  assert.deepEqual(
    admitted({ type: 'integer' }, [
      '0',
      '-7',
      '123456789012345',
      '1234567890123456',
      '01',
      '-0',
      '1.0',
      '+1',
    ]),
    ['0', '-7', '123456789012345'],
  );
  const safe = { type: 'integer', minimum: -1e300, maximum: 2 ** 53 - 1 };
  assert.deepEqual(admitted(safe, ['9007199254740991', '-9007199254740991', '9007199254740992']), [
    '9007199254740991',
    '-9007199254740991',
  ]);
  assert.deepEqual(admitted({ type: 'integer', exclusiveMinimum: 3, maximum: 5.5 }, ['3', '4', '5', '6']), [
    '4',
    '5',
  ]);
  assert.deepEqual(admitted({ type: 'integer', minimum: 8, exclusiveMaximum: 11 }, ['7', '8', '10', '11']), [
    '8',
    '10',
  ]);
});

test('numbers are within their bounds, and finite', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -3000, max: 3000 }), fc.constantFrom(1, 10, 100, 1000))
    .map(([n, d]) => n / d);
  fc.assert(
    fc.property(
      decimal,
      decimal,
      fc.array(decimal, { maxLength: 20 }),
      fc.boolean(),
      fc.boolean(),
      (a, b, xs, above, below) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const language = languageOf({
          type: 'number',
          [above ? 'exclusiveMinimum' : 'minimum']: low,
          [below ? 'exclusiveMaximum' : 'maximum']: high,
        });
        for (const text of [a, b, ...xs, 0, (a + b) / 2].flatMap((x) => [
          x.toFixed(0),
          x.toFixed(3),
          x.toFixed(9),
        ])) {
          const x = Number(text);
          const inside = (above ? x > low : x >= low) && (below ? x < high : x <= high);
          if (!Object.is(x, -0)) assert.equal(accepts(language, text), inside, `${text} in ${low}…${high}`);
        }
      },
    ),
    { seed: 3, numRuns: 15 },
  );
  const texts = [
    '0',
    '-0.5',
    '1e99',
    '1.5E-3',
    '123456789012345.5',
    '1e999',
    '1234567890123456',
    '.5',
    '1.',
    '00',
    '+1',
    '1e',
    'NaN',
  ];
  assert.deepEqual(admitted({ type: 'number' }, texts), texts.slice(0, 5));
  const share = { type: 'number', minimum: 0, maximum: 1 };
  assert.deepEqual(
    admitted(share, [
      '0',
      '1',
      '0.25',
      '1.000',
      '0.99999999999999',
      '1.0001',
      '0.9999999999999999',
      '1e-3',
      '-0.1',
    ]),
    ['0', '1', '0.25', '1.000', '0.99999999999999'],
  );
  const near = { type: 'number', minimum: 0.89, maximum: 18.08 };
  const around = ['0.89', '0.9', '1', '18.08', '18.0799', '18', '9'];
  assert.deepEqual(admitted(near, [...around, '0.88', '0.8', '18.081', '18.1', '19', '0']), around);
  const large = { type: 'number', minimum: -1e300, exclusiveMaximum: 1e30 };
  assert.deepEqual(admitted(large, ['5', '-123456789012345', '1e99']), ['5', '-123456789012345']);
  assert.deepEqual(admitted({ type: 'number', minimum: 1e30 }, ['5', '1e99', '-5']), []);
  assert.deepEqual(admitted({ type: 'number', exclusiveMinimum: 0 }, ['0', '0.0', '0.001', '7']), [
    '0.001',
    '7',
  ]);
  assert.deepEqual(admitted({ type: 'number', maximum: -1.5 }, ['-1.5', '-1.49', '-20', '0', '2']), [
    '-1.5',
    '-20',
  ]);
});

test('alternatives, references, types in a list, and what enum lists', () => {
  const schema = {
    $defs: { name: { type: 'string', maxLength: 2 }, 'a/b~c': { type: 'null' } },
    anyOf: [
      { $ref: '#/$defs/name' },
      { $ref: '#/$defs/a~1b~0c' },
      { type: ['boolean', 'integer'] },
      { allOf: [{ const: { x: [1, 'y'] } }] },
    ],
  };
  const good = ['"ab"', 'null', 'true', '12', '{"x": [1, "y"]}'];
  assert.deepEqual(admitted(schema, [...good, '"abc"', '{"x":[1]}', '1.5']), good);
  assert.deepEqual(admitted({ type: ['string', 'null'], enum: ['a', null, 3] }, ['"a"', 'null', '3']), [
    '"a"',
    'null',
  ]);
  assert.deepEqual(admitted({ type: 'integer', enum: [1, 1.5] }, ['1', '1.5']), ['1']);
});

test('oneOf is for schemas of which no value satisfies two', () => {
  const shape = (kind: string, more: object) => ({
    type: 'object',
    properties: { kind: { const: kind }, ...more },
    required: ['kind'],
  });
  const apart = [
    [{ type: 'string' }, { type: 'integer' }, { type: 'null' }],
    [{ enum: [1, 2] }, { const: 3 }],
    [shape('circle', { r: { type: 'number' } }), shape('square', { side: { type: 'number' } })],
    [{ anyOf: [shape('a', {}), shape('b', {})] }, { $ref: '#/$defs/c' }],
  ];
  const $defs = { c: shape('c', {}), d: { type: 'string' } };
  for (const oneOf of apart) assert.ok(languageOf({ oneOf, $defs }).accepting.length > 1);
  const together = [
    [{ type: 'integer' }, { type: 'number' }],
    [{ enum: [{ a: 1, b: 2 }] }, { const: { b: 2, a: 1 } }],
    [{ type: 'string' }, { const: 'x' }],
    [shape('a', {}), { type: 'object', properties: { kind: { type: 'string' } } }],
    [{ $ref: '#/$defs/d' }, { type: 'string', maxLength: 3 }],
  ];
  for (const oneOf of together)
    assert.throws(
      () => languageOf({ oneOf, $defs }),
      /# has schemas 0 and 1 in oneOf that one value may satisfy together/,
    );
});

test('formats', () => {
  const of = (format: string, texts: string[]): string[] =>
    admitted(
      { type: 'string', format },
      texts.map((text) => JSON.stringify(text)),
    ).map((text) => JSON.parse(text) as string);
  assert.deepEqual(of('date', ['2024-02-28', '2024-13-01', '2023-02-29', '2023-04-31', '1999-12-31']), [
    '2024-02-28',
    '1999-12-31',
  ]);
  assert.deepEqual(
    of('date-time', [
      '2024-02-28T23:59:59Z',
      '2024-02-28T00:00:00.5+01:30',
      '2024-02-28',
      '2024-02-28T24:00:00Z',
    ]),
    ['2024-02-28T23:59:59Z', '2024-02-28T00:00:00.5+01:30'],
  );
  assert.deepEqual(of('uuid', ['123e4567-e89b-12d3-a456-426614174000', '123e4567']), [
    '123e4567-e89b-12d3-a456-426614174000',
  ]);
  assert.deepEqual(of('ipv4', ['10.0.0.255', '256.1.1.1', '01.1.1.1']), ['10.0.0.255']);
  assert.deepEqual(of('email', ['a.b@example.org', 'a@b', '@x.y']), ['a.b@example.org']);
  assert.deepEqual(of('duration', ['P1Y2M', 'PT5S', 'P', 'PT', 'P3W', 'P3W1D']), ['P1Y2M', 'PT5S', 'P3W']);
  assert.deepEqual(of('date', ['2024-02-29', '2000-02-29', '1900-02-29']), ['2024-02-29', '2000-02-29']);
  // one that isn't known is an annotation
  assert.deepEqual(of('colour', ['red', '']), ['red', '']);
});

test('every text of a known format is valid for ajv', () => {
  for (const format of Object.keys(formats)) {
    const validate = strictAjv.compile({ type: 'string', format });
    const language = languageOf({ type: 'string', format });
    for (let seed = 0; seed < 20; seed++) {
      const written = randomText(language, seed);
      assert.ok(validate(JSON.parse(written)), `${format}: ${written}`);
    }
  }
});

test('what zod makes of its schemas is understood', () => {
  const schema = z.object({
    id: z.uuid(),
    name: z.string().min(1).max(20),
    age: z.int().min(0).max(150).optional(),
    tags: z.array(z.enum(['a', 'b'])).max(3),
    scores: z.record(z.string(), z.number()),
    place: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('city'), name: z.string() }),
      z.object({ kind: z.literal('point'), at: z.tuple([z.number(), z.number()]) }),
    ]),
    when: z.iso.date(),
    note: z.string().nullable(),
  });
  const text =
    '{"id":"123e4567-e89b-42d3-a456-426614174000","name":"Zoë","tags":["a"],"scores":{"x":1.5},"place":{"kind":"point","at":[1,2]},"when":"2024-02-28","note":null}';
  assert.ok(schema.parse(JSON.parse(text)));
  assert.deepEqual(admitted(z.toJSONSchema(schema) as JsonSchema, [text]), [text]);
});

test('the text types of zod are kept, by their pattern where the format is not known', () => {
  const types = {
    email: z.email(),
    url: z.url(),
    uuid: z.uuid(),
    uuidv4: z.uuidv4(),
    uuidv7: z.uuidv7(),
    guid: z.guid(),
    emoji: z.emoji(),
    nanoid: z.nanoid(),
    cuid: z.cuid(),
    cuid2: z.cuid2(),
    ulid: z.ulid(),
    xid: z.xid(),
    ksuid: z.ksuid(),
    ipv4: z.ipv4(),
    ipv6: z.ipv6(),
    mac: z.mac(),
    cidrv4: z.cidrv4(),
    cidrv6: z.cidrv6(),
    base64: z.base64(),
    base64url: z.base64url(),
    e164: z.e164(),
    hostname: z.hostname(),
    hex: z.hex(),
    date: z.iso.date(),
    time: z.iso.time(),
    datetime: z.iso.datetime(),
    duration: z.iso.duration(),
    startsWith: z.string().startsWith('ab'),
    endsWith: z.string().endsWith('z'),
    includes: z.string().includes('q.'),
    lowercase: z.string().lowercase(),
    uppercase: z.string().uppercase(),
    both: z.string().startsWith('ab').endsWith('z').min(5),
    template: z.templateLiteral(['a', z.number(), z.enum(['x', 'y'])]),
  };
  for (const [name, type] of Object.entries(types)) {
    const language = languageOf(z.toJSONSchema(type) as JsonSchema);
    const texts = new Set<string>();
    for (let seed = 0; seed < 15; seed++) {
      const written = randomText(language, seed);
      assert.ok(type.safeParse(JSON.parse(written)).success, `${name}: ${written}`);
      texts.add(written);
    }
    assert.ok(texts.size > 3, `${name}: ${[...texts].join(' ')}`);
  }
});

test('several schemas of allOf, and what stands beside a $ref, hold together', () => {
  const name = { properties: { name: { type: 'string' } }, required: ['name'] };
  const age = {
    properties: { age: { type: 'integer', minimum: 0 }, name: { maxLength: 3 } },
    required: ['age'],
  };
  const person = { type: 'object', allOf: [name, age] };
  assert.deepEqual(
    admitted(person, ['{"name":"Tom","age":1}', '{"name":"Tomas","age":1}', '{"name":"Tom"}', '{"age":1}']),
    ['{"name":"Tom","age":1}'],
  );
  const small = {
    $defs: { n: { type: 'integer', minimum: 3 } },
    $ref: '#/$defs/n',
    maximum: 5,
    enum: [1, 4, 9],
  };
  assert.deepEqual(admitted(small, ['1', '4', '9']), ['4']);
  const texts = {
    type: 'string',
    allOf: [{ pattern: '^a' }, { pattern: 'z$' }, { anyOf: [{ minLength: 4 }, { const: 'az' }] }],
  };
  assert.deepEqual(admitted(texts, ['"az"', '"abz"', '"abcz"', '"bcdz"']), ['"az"', '"abcz"']);
  const lists = {
    type: 'array',
    allOf: [{ items: { minimum: 2 } }, { prefixItems: [{ type: 'integer', maximum: 4 }] }],
  };
  assert.deepEqual(admitted(lists, ['[3]', '[1]', '[5]']), ['[3]']);
  assert.deepEqual(admitted({ allOf: [{ type: 'string' }, { type: 'number' }] }, ['1', '"a"']), []);
});

test('multiples', () => {
  const of = (schema: object, texts: string[]): string[] => admitted({ type: 'integer', ...schema }, texts);
  assert.deepEqual(of({ multipleOf: 7 }, ['0', '7', '-14', '8', '700', '701', '07', '-0']), [
    '0',
    '7',
    '-14',
    '700',
  ]);
  assert.deepEqual(of({ multipleOf: 10, minimum: 5, maximum: 30 }, ['0', '10', '20', '30', '25']), [
    '10',
    '20',
    '30',
  ]);
  assert.deepEqual(of({ allOf: [{ multipleOf: 4 }, { multipleOf: 6 }] }, ['4', '6', '12', '24']), [
    '12',
    '24',
  ]);
  assert.deepEqual(of({ multipleOf: 1e6 }, ['0', '3000000', '1000']), ['0', '3000000']);
  const price = { type: 'number', multipleOf: 0.01, minimum: 0 };
  assert.deepEqual(admitted(price, ['0.01', '1.25', '0.005', '9.99', '-1']), ['0.01', '1.25', '9.99']);
  assert.deepEqual(admitted({ type: 'number', multipleOf: 0.5 }, ['0.5', '-1.5', '2', '0.25']), [
    '0.5',
    '-1.5',
    '2',
  ]);
});

test('the items of a list can be different', () => {
  const of = (schema: object): string[] => {
    const language = languageOf({ type: 'array', uniqueItems: true, ...schema });
    const validate = strictAjv.compile({ type: 'array', uniqueItems: true, ...schema });
    return Array.from({ length: 60 }, (_, seed) => {
      const written = randomText(language, seed);
      assert.ok(validate(JSON.parse(written)), written);
      return written;
    });
  };
  const length = (text: string): number => (JSON.parse(text) as unknown[]).length;
  const words = { type: 'array', uniqueItems: true, items: { type: 'string' } };
  assert.ok(of(words).some((text) => length(text) > 1));
  const good = ['["apple","banana","cherry"]', '["x"]', '[]'];
  assert.deepEqual(admitted(words, [...good, '["apple","apple"]', '["a","b","a"]']), good);
  assert.ok(of({ items: { type: 'number' }, minItems: 3, maxItems: 6 }).every((text) => length(text) >= 3));
  assert.ok(
    of({ items: { enum: ['a', 'b', 'c', 'd'] }, minItems: 4 }).every(
      (text) => text.replaceAll(' ', '') === '["a","b","c","d"]',
    ),
  );
  assert.ok(of({ items: { type: 'boolean' } }).some((text) => length(text) === 2));
  of({
    items: { type: 'object', properties: { x: { type: 'string' }, y: { type: 'number' } } },
    maxItems: 4,
  });
  of({ items: { type: 'array', items: { type: 'integer' } } });
  of({});
});

test('properties are counted, and named by patterns', () => {
  const some = { type: 'object', properties: { a: { const: 1 }, b: { const: 1 }, c: { const: 1 } } };
  const texts = ['{}', '{"a":1}', '{"b":1,"c":1}', '{"a":1,"b":1,"c":1}'];
  assert.deepEqual(admitted({ ...some, minProperties: 1, maxProperties: 2 }, texts), texts.slice(1, 3));
  assert.deepEqual(admitted({ ...some, minProperties: 3 }, texts), texts.slice(3));
  const patterns = {
    type: 'object',
    patternProperties: { '^x': { type: 'integer' }, y$: { type: 'boolean' } },
  };
  const members = ['{"x1":1}', '{"x1":true}', '{"ay":true}', '{"xy":1}', '{"b":null}'];
  assert.deepEqual(admitted(patterns, members), ['{"x1":1}', '{"ay":true}', '{"b":null}']);
  assert.deepEqual(admitted({ ...patterns, additionalProperties: false }, members), [
    '{"x1":1}',
    '{"ay":true}',
  ]);
  assert.deepEqual(admitted({ ...patterns, properties: { x1: { minimum: 2 } } }, ['{"x1":1}', '{"x1":2}']), [
    '{"x1":2}',
  ]);
  const listed = {
    type: 'object',
    propertyNames: { enum: ['a', 'b'] },
    additionalProperties: { const: 1 },
    required: ['a'],
  };
  assert.deepEqual(admitted(listed, ['{"a":1}', '{"a":1,"b":1}', '{"b":1}', '{"c":1}']), [
    '{"a":1}',
    '{"a":1,"b":1}',
  ]);
});

test('what may be anything is nested twice; what refers to itself as deep as there is room for', () => {
  const any = ['1', 'null', '"x"', '[]', '{}', '[1,"a",[true]]', '{"a": {"b":1}}'];
  assert.deepEqual(admitted({}, [...any, '[[[1]]]', 'x']), any);
  assert.ok(accepts(languageOf({}), '[[1],{"a":2}]') && !accepts(languageOf({}), '[[[1]]]'));
  assert.ok(
    accepts(languageOf({ type: 'array' }), '[1]') && accepts(languageOf({ type: 'object' }), '{"a":[true]}'),
  );

  const nested = (depth: number): string => (depth === 0 ? '{"v":1}' : `{"v":1,"next":${nested(depth - 1)}}`);
  const list = {
    type: 'object',
    properties: { v: { type: 'integer' }, next: { $ref: '#' } },
    required: ['v'],
  };
  assert.ok(accepts(languageOf(list), nested(8)), 'a chain');
  const tree = { type: 'object', properties: { left: { $ref: '#' }, right: { $ref: '#' } } };
  assert.ok(accepts(languageOf(tree), '{"left":{"left":{},"right":{"left":{}}},"right":{}}'), 'a tree');
  const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
  assert.deepEqual(admitted(endless, ['{"next":{}}']), []);
  assert.ok(accepts(languageOf(z.toJSONSchema(z.json()) as JsonSchema), '{"a":[{"b":[1,null]}]}'));
});

test('bounds are counted as far as a canvas goes', () => {
  const states = (schema: JsonSchema, length: number): number =>
    buildAutomaton(jsonLanguage(schema, roomOf({ length, characters: 16, commas: 2 }))).accepting.length;
  const unbounded = states({ type: 'string' }, 8);
  assert.equal(
    states({ type: 'string', maxLength: 1000 }, 8),
    unbounded,
    'no canvas of 8 tokens holds so many',
  );
  assert.ok(states({ type: 'string', maxLength: 1000 }, 100) < 100 * 8 * 12);
  assert.equal(
    states({ type: 'array', items: { type: 'boolean' }, maxItems: 1000 }, 100),
    states({ type: 'array', items: { type: 'boolean' } }, 100),
  );
  assert.ok(states({ type: 'string', minLength: 100 }, 8) > 100);
});

test('what is not supported is refused by name and place, and never ignored', () => {
  const refused = (schema: object, message: RegExp): void => {
    assert.throws(
      () => languageOf(schema as JsonSchema),
      (error) => {
        assert.ok(error instanceof UnsupportedError, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  };
  const within = (value: object) => ({ type: 'object', properties: { a: value }, required: ['a'] });
  refused(
    within({ type: 'array', items: { const: 1 }, contains: { const: 1 } }),
    /^jsonSchema: #\/properties\/a has the keyword contains, which isn't supported$/,
  );
  refused(within({ not: { const: 1 } }), /has the keyword not, which isn't supported$/);
  refused(
    { type: 'array', prefixItems: [{}, {}], uniqueItems: true },
    /keyword uniqueItems, .* beside prefixItems/,
  );
  refused({ type: 'object', minProperties: 2 }, /# has the keyword minProperties/);
  refused({ type: 'number', multipleOf: 0 }, /multipleOf that is not above 0/);
  refused({ type: 'array', items: [{ const: 1 }] }, /write prefixItems/);
  refused(
    { type: 'array', items: { const: 1 }, minItems: 3, maxItems: 2 },
    /a minItems of 3 and admits 2 items/,
  );
  refused(
    { type: 'array', prefixItems: [{ const: 1 }], items: false, minItems: 2 },
    /a minItems of 2 and admits 1 items/,
  );
  refused({ type: 'object', properties: [] }, /has properties that are no object/);
  refused({ type: 'object', required: 'x' }, /no list of names as required/);
  refused({ type: 'text' }, /has the type "text", which JSON hasn't/);
  refused({ type: 'string', pattern: 'a(?<=b)' }, /^jsonSchema: #\/pattern: the look-behind/);
  refused({ type: 'string', minLength: 3, maxLength: 2 }, /has a minLength of 3 and a maxLength of 2/);
  refused({ type: 'string', minLength: -1 }, /no whole number as minLength/);
  refused({ type: 'integer', minimum: 4, maximum: 3 }, /admits no integer/);
  refused({ type: 'integer', minimum: 1e30 }, /admits no integer/);
  refused({ type: 'number', minimum: 1e-20 }, /more than 15 digits/);
  refused({ type: 'number', exclusiveMinimum: true }, /no number as exclusiveMinimum/);
  refused({ $ref: '#/$defs/x' }, /has the \$ref #\/\$defs\/x, where there is no schema/);
  refused({ $ref: 'https://example.org/schema' }, /only places in the schema itself/);
  assert.throws(
    () => jsonAutomaton({ allOf: [{ type: 'string' }, { type: 'number' }] }),
    /^UnsupportedError: jsonSchema: # admits nothing that can be written: allOf leave no value/,
  );
  refused({ $ref: '#' }, /has the \$ref #, which means nothing but itself/);
  refused(
    Array.from({ length: 200 }).reduce<object>((items) => ({ type: 'array', items }), { const: 1 }),
    /nested deeper than 100/,
  );
  const doubled = Object.fromEntries(
    Array.from({ length: 40 }, (_, k) => [
      `d${k}`,
      k === 0
        ? { const: 1 }
        : { type: 'array', prefixItems: [{ $ref: `#/$defs/d${k - 1}` }, { $ref: `#/$defs/d${k - 1}` }] },
    ]),
  );
  refused({ $ref: '#/$defs/d39', $defs: doubled }, /more than 20000 schemas/);
});
