import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { InvalidOptionError, UnsupportedError } from '../src/base/errors.ts';
import { type GenerateRequest, load, type Model, shippedModel } from '../src/index.ts';
import { nextTurn } from '../src/base/next-turn.ts';
import { uniforms } from '../src/base/random.ts';
import { cpuMs } from './cpu-time.ts';
import { hole, layCanvas, tailStart } from '../src/sampling/canvas.ts';
import { compileConstraint } from '../src/sampling/constraint/compile-constraint.ts';
import { constrain } from '../src/sampling/constraint/constrain.ts';
import type { JsonSchema } from '../src/sampling/constraint/json-keywords.ts';
import { fewestTokens } from '../src/sampling/constraint/token-automaton.ts';
import { checkSampling } from '../src/sampling/options.ts';
import { toDecodeOptions, toSampleOptions } from '../src/sampling/from-options.ts';
import { strategiesFor } from '../src/sampling/strategy-table.ts';
import { sample } from '../src/sampling/sample.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';

const text = { type: 'string' };
const record = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** Schemas as people write them. */
const schemas: Readonly<Record<string, object>> = {
  person: record(
    { name: text, age: { type: 'integer', minimum: 0, maximum: 150 }, email: { ...text, format: 'email' } },
    ['name', 'age'],
  ),
  'a nested order': record({
    id: { ...text, pattern: '^[A-Z]{2}-\\d{4}$' },
    customer: record({
      name: text,
      address: record({ street: text, zip: { ...text, pattern: '^\\d{5}$' } }),
    }),
    paid: { type: 'boolean' },
  }),
  'a list of words': {
    type: 'array',
    items: { ...text, minLength: 1, maxLength: 12 },
    minItems: 2,
    maxItems: 5,
  },
  'a label': { enum: ['positive', 'negative', 'neutral', 'não sei', 'どちらでもない'] },
  'a number': { type: 'number' },
  'a share': record({
    share: { type: 'number', minimum: 0, maximum: 1 },
    below: { type: 'number', exclusiveMaximum: -2.5 },
  }),
  'an integer with bounds': { type: 'integer', minimum: -37, maximum: 1999 },
  'a matrix': {
    type: 'array',
    items: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 2, maxItems: 2 },
    maxItems: 3,
  },
  'a tuple': {
    type: 'array',
    prefixItems: [text, { type: 'integer' }, { type: 'boolean' }],
    items: false,
    minItems: 2,
  },
  'a map': { type: 'object', additionalProperties: { type: ['integer', 'null'] } },
  'a map with names': {
    type: 'object',
    propertyNames: { ...text, pattern: '^[a-zé]{1,8}$' },
    additionalProperties: text,
  },
  'a tool call': {
    oneOf: [
      record(
        { tool: { const: 'search' }, query: text, limit: { type: 'integer', minimum: 1, maximum: 20 } },
        ['tool', 'query'],
      ),
      record({ tool: { const: 'open' }, path: { ...text, pattern: '^/(?:[a-z]+/)*[a-z]+\\.txt$' } }),
      record({ tool: { const: 'done' } }),
    ],
  },
  'any of three': {
    anyOf: [text, { type: 'null' }, record({ error: text, code: { enum: [400, 404, 500] } })],
  },
  'all optional': record({ a: { const: 1 }, b: text, c: { type: 'boolean' }, d: { type: 'null' } }, []),
  'unicode names and values': record({
    'größe "x"': { enum: ['groß', 'klein\n', '\u0007', '"'] },
    名前: { ...text, maxLength: 8 },
  }),
  'dates and ids': record(
    {
      id: { ...text, format: 'uuid' },
      at: { ...text, format: 'date-time' },
      day: { ...text, format: 'date' },
    },
    ['at'],
  ),
  'short strings': { ...text, minLength: 3, maxLength: 6 },
  'a pattern with escapes': { ...text, pattern: '^[\\\\"\\n\\t\\p{L}]+$', maxLength: 10 },
  references: {
    $defs: {
      point: record({ x: { type: 'number' }, y: { type: 'number' } }),
      color: { enum: ['red', [0, 0, 255], null] },
    },
    ...record(
      { from: { $ref: '#/$defs/point' }, to: { $ref: '#/$defs/point' }, color: { $ref: '#/$defs/color' } },
      ['from'],
    ),
  },
  'a review': record({
    summary: { ...text, minLength: 1 },
    findings: {
      type: 'array',
      items: record({ line: { type: 'integer', minimum: 1 }, severity: { enum: ['low', 'high'] } }),
      maxItems: 2,
    },
  }),
};

/** Editing replaces written tokens, and is refused. */
const strategies = strategiesFor(undefined).filter((name) => name !== 'editing');

const tokenizer = await loadTokenizer(shippedModel);
const [maskId, endId, V] = [tokenizer.maskId!, tokenizer.endId!, tokenizer.vocabularySize];
const vocabulary = { maskId, endIds: [endId], size: V };

const ajv = addFormats.default(new Ajv2020({ strict: false }));

/** The text of a schema that a predictor without sense writes. */
async function write(
  request: object,
  wanted: { constraint: ReturnType<typeof compileConstraint>; seed: number; length: number },
) {
  const { constraint, seed, length } = wanted;
  const prompt = tokenizer.encode('Answer: ');
  const canvas = layCanvas([prompt, hole(length)], maskId);
  const options = checkSampling({ ...request, seed, length });
  const sampling = toSampleOptions(options, vocabulary);
  const decode = await constrain(options, toDecodeOptions(options, vocabulary), {
    canvas,
    maskId,
    endIds: [endId],
    strategy: sampling.strategy,
    compile: () => constraint,
  });
  // some logits, shifted from row to row
  const noise = uniforms(seed, 'synthetic');
  const row = Float32Array.from({ length: 2 * V }, (_, i) => 8 * noise(i) ** 3);
  const predict = (_: Int32Array, rows: Int32Array) => {
    const data = new Float32Array(rows.length * V);
    rows.forEach((position, r) => data.set(row.subarray((position * 37) % V).subarray(0, V), r * V));
    return Promise.resolve({ shape: [rows.length, V], data });
  };
  let last = canvas;
  for await (const { tokens } of sample(predict, canvas, { ...sampling, decode }))
    last = Int32Array.from(tokens);
  const written = last.subarray(prompt.length);
  const end = written.indexOf(endId);
  assert.ok(end < 0 || written.subarray(end).every((token) => token === endId), 'only end tokens follow');
  assert.equal(tailStart(canvas, maskId), prompt.length);
  return tokenizer.decode(written);
}

test('twenty schemas, fifty texts of each, without sense: all parse, and all are valid', async () => {
  let count = 0;
  for (const [name, schema] of Object.entries(schemas)) {
    const validate = ajv.compile(schema);
    const wanted = { jsonSchema: schema as JsonSchema, size: V, forbidden: [maskId], ends: [endId] };
    const constraint = compileConstraint(wanted, tokenizer);
    const fewest = fewestTokens(constraint.automaton);
    const different = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const blocks = [1, 2, 4][seed % 3];
      const length = blocks * Math.ceil((fewest + (seed % 5) ** 2 + (seed === 7 ? 40 : 0)) / blocks);
      const request = {
        jsonSchema: schema,
        temperature: [0, 0.4, 0.8, 1, 1.5][seed % 5],
        strategy: strategies[seed % strategies.length],
        blockLength: length / blocks,
        steps: blocks * (1 + (seed % 2)),
        endLast: seed % 7 === 0,
      };
      const written = await write(request, { constraint, seed, length });
      const value: unknown = JSON.parse(written);
      assert.ok(validate(value), `${name}: ${written}: ${ajv.errorsText(validate.errors)}`);
      different.add(written);
      count += 1;
    }
    assert.ok(different.size > 3, `${name}: ${[...different].join(' ')}`);
  }
  assert.equal(count, 1000);
});

/** Bounds as everyday schemas have them: far more than a canvas holds. */
const bounded: Readonly<Record<string, object>> = {
  'a text of 1000': record({ text: { ...text, maxLength: 1000 } }),
  'two texts of 255': record({ a: { ...text, maxLength: 255 }, b: { ...text, maxLength: 255 } }),
  'five texts of 255': record(
    Object.fromEntries([...'abcde'].map((name) => [name, { ...text, maxLength: 255 }])),
  ),
  'twenty objects with a text of 40': {
    type: 'array',
    maxItems: 20,
    items: record({ name: { ...text, maxLength: 40 }, age: { type: 'integer' } }),
  },
  'a tree': {
    $defs: {
      node: record(
        {
          name: { ...text, maxLength: 40 },
          children: { type: 'array', maxItems: 4, items: { $ref: '#/$defs/node' } },
        },
        ['name'],
      ),
    },
    $ref: '#/$defs/node',
  },
};

test('everyday schemas with large bounds are compiled in half a second, and their steps let others have their turn', async (t) => {
  const length = 128;
  for (const [name, jsonSchema] of Object.entries(bounded)) {
    const wanted = { jsonSchema: jsonSchema as JsonSchema, size: V, longest: length, forbidden: [maskId] };
    const compile = (): ReturnType<typeof compileConstraint> =>
      compileConstraint({ ...wanted, ends: [endId] }, tokenizer);
    compile(); // the first time the machine's code is made, too
    const began = cpuMs();
    const constraint = compile();
    const compiled = cpuMs() - began;

    // between two turns of others, the longest that was computed
    let [last, longest] = [cpuMs(), 0];
    const over = new AbortController();
    const others = (async () => {
      while (!over.signal.aborted) {
        await nextTurn();
        const now = cpuMs();
        longest = Math.max(longest, now - last);
        last = now;
      }
    })();
    const request = { jsonSchema, temperature: 0.7, steps: 4, blockLength: length };
    const written = await write(request, { constraint, seed: 1, length }).finally(() => over.abort());
    await others;
    assert.ok(ajv.compile(jsonSchema)(JSON.parse(written)), written);
    t.diagnostic(
      `${name}: compiled in ${Math.round(compiled)} ms, at most ${Math.round(longest)} ms at a time, ${constraint.automaton.states} states`,
    );
    assert.ok(compiled < 500, `${name}: ${compiled} ms`);
    assert.ok(longest < 200, `${name}: ${longest} ms`);
  }
});

test('the model that ships writes JSON and what a regular expression matches, also between given texts', async (t) => {
  const model: Model = await load(shippedModel);
  t.after(() => model.close());
  const schema = schemas['person'] as JsonSchema;
  const validate = ajv.compile(schema);
  const prompt = 'Tom is a boy. ';
  for (const [seed, temperature] of [0, 0.7, 1.2].entries()) {
    const request = { prompt, jsonSchema: schema, length: 40, steps: 10, blockLength: 20, temperature, seed };
    const { text: written, stats } = await model.generate(request);
    assert.ok(written.startsWith(prompt));
    assert.ok(validate(JSON.parse(written.slice(prompt.length))), written);
    assert.ok(stats.forwards <= 10);
  }
  const regex = '(?:Tom|Lily) (?:was|felt) [a-z]{3,9}';
  const { text: story } = await model.generate({
    prompt: 'Once upon a time, ',
    regex,
    length: 16,
    blockLength: 16,
    strategy: 'threshold',
    tau: 0.5,
  });
  assert.match(story, new RegExp(`^Once upon a time, ${regex}$`));
  const infilled = await model.infill({
    parts: ['The dog was ', { length: 3 }, ' and ', { length: 2 }, '. He ran.'],
    regex: '[a-z]+ and [a-z]+',
    blockLength: 5,
  });
  assert.match(infilled.text, /^The dog was [a-z]+ and [a-z]+\. He ran\.$/);
  const guided = await model.generate({
    prompt,
    jsonSchema: { enum: ['yes', 'no'] },
    length: 4,
    blockLength: 4,
    guidance: 1,
    temperature: 0,
  });
  assert.match(guided.text, /^Tom is a boy\. "(?:yes|no)"$/);
});

test('what cannot be is refused before the first forward, with the reason', async (t) => {
  const model = await load(shippedModel);
  t.after(() => model.close());
  const refused = async (
    request: GenerateRequest,
    message: RegExp,
    kind: new (...a: never[]) => Error = InvalidOptionError,
  ): Promise<void> => {
    let frames = 0;
    await assert.rejects(model.generate({ onFrame: () => void (frames += 1), ...request }), (error) => {
      assert.ok(error instanceof kind, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.equal(frames, 0);
  };
  const jsonSchema = schemas['person'] as JsonSchema;
  await refused(
    { jsonSchema, length: 4 },
    /^length: must be at least \d+ tokens, which the shortest text takes that jsonSchema admits, got 4$/,
  );
  await refused(
    { regex: 'a', length: 4, endless: true },
    /^regex: must admit a text of exactly 4 tokens, as no end token may follow it here \(the shortest has 1\), got "a"$/,
  );
  await refused(
    { regex: 'a', banned: model.tokenizer.encode('a') },
    /^regex: must admit a text that the tokenizer can write, got "a"$/,
  );
  await refused(
    { regex: 'a*', tokens: [maskId, ...model.tokenizer.encode('b'), maskId] },
    /^regex: must admit a text of 3 tokens with what is given between the holes/,
  );
  await refused({ regex: 'a', jsonSchema }, /^regex: can't be used with jsonSchema/);
  await refused({ regex: 'a', topK: 3 }, /^topK: can't be used with regex, got 3$/);
  await refused({ jsonSchema, topP: 0.9 }, /^topP: can't be used with jsonSchema, got 0.9$/);
  await refused(
    { regex: 'a', strategy: 'editing' },
    /^regex: can't be kept by a strategy that replaces written tokens/,
  );
  await refused({ regex: '' }, /^regex: /);
  await refused({ regex: 'a{' }, /^regex: must be a regular expression of JavaScript/);
  await refused({ regex: '(a)\\1' }, /^regex: the back-reference/, UnsupportedError);
  await refused(
    { jsonSchema: { type: 'object', dependentRequired: {} } },
    /^jsonSchema: # has the keyword dependentRequired/,
    UnsupportedError,
  );
});
