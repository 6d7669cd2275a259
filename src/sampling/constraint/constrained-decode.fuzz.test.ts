import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { followsDistribution } from '../../../test/exact-joint.ts';
import { inputs } from '../../../test/inputs.ts';
import { InvariantError } from '../../base/errors.ts';
import { atOnce } from '../../base/pieces.ts';
import { uniforms } from '../../base/random.ts';
import { tailStart } from '../canvas.ts';
import type { Decode } from '../decode.ts';
import { checkSampling } from '../options.ts';
import { toDecodeOptions, toSampleOptions } from '../from-options.ts';
import { strategiesFor } from '../strategy-table.ts';
import type { MaskPredictor } from '../predictor.ts';
import { sample } from '../sample.ts';
import { buildAutomaton } from './build-automaton.ts';
import { compileConstraint, type Wanted } from './compile-constraint.ts';
import { constrain } from './constrain.ts';
import { constrainedDecoder as inPieces } from './constrained-decode.ts';
import { possibleStates, spanOf } from './possible-states.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';
import { fewestTokens, type TokenAutomaton, tokenAutomaton } from './token-automaton.ts';

// a vocabulary of a mask, an end token, and tokens that are parts of characters, characters, and several of them
const M = 0;
const END = 1;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const vocabulary = [
  undefined,
  undefined,
  ...['a', 'b', 'ab', 'ba', 'aab', 'bb'].map(bytes),
  Uint8Array.of(0xc3),
  Uint8Array.of(0xa9),
  bytes('éa'),
  new Uint8Array(0),
];
const V = vocabulary.length;
const spelling = { bytesOf: (id: number) => vocabulary[id], dropsFirstSpace: false };

const sources = [
  '(?:a|b)*',
  '(?:ab)+',
  'a*b?',
  'é{1,3}',
  '[aé]*b',
  '(?:a|ba|é)+',
  'aab|bba|éb',
  '(?:aa|b){0,3}',
];
const languages = new Map(
  [...sources, 'aabb', 'é{3}', 'a*', 'ac'].map((source) => [
    source,
    {
      automaton: buildAutomaton(whole(parseRegularExpression(source, 'regex'))),
      pattern: new RegExp(`^(?:${source})$`, 'u'),
    },
  ]),
);

function tokensOf(source: string, ends: readonly number[]): TokenAutomaton {
  const { automaton } = languages.get(source)!;
  return tokenAutomaton(automaton, { size: V, ...spelling, forbidden: [], ends });
}

/** Whether tokens are a text of the language; at the end of a canvas end tokens may follow. */
function isText(source: string, tokens: readonly number[], open: boolean): boolean {
  const end = open ? tokens.indexOf(END) : -1;
  const text = end < 0 ? tokens : tokens.slice(0, end);
  if (end >= 0 && tokens.slice(end).some((token) => token !== END)) return false;
  if (text.some((token) => (vocabulary[token]?.length ?? 0) === 0)) return false;
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    Uint8Array.from(text.flatMap((token) => [...vocabulary[token]!])),
  );
  return languages.get(source)!.pattern.test(whole);
}

/** All ways to write a span, by hand. */
function* written(span: readonly number[]): Generator<number[]> {
  if (span.length === 0) return yield [];
  const choices = span[0] === M ? vocabulary.keys() : [span[0]];
  for (const token of choices) for (const rest of written(span.slice(1))) yield [token, ...rest];
}

/** Logits by position and token, the same each time. */
const logitOf = (seed: number) => {
  const uniform = uniforms(seed, 'synthetic');
  return (position: number, token: number): number => Math.fround(4 * uniform(position * V + token) - 2);
};

interface Case {
  readonly source: string;
  readonly canvas: Int32Array;
  readonly rows: Int32Array;
  readonly seed: number;
}

/** A canvas with a given text around and in the span, and the first masks asked for: the block. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    source: fc.constantFrom(...sources),
    span: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(M) }, fc.integer({ min: 1, max: V - 1 })), {
      minLength: 1,
      maxLength: 3,
    }),
    before: fc.array(fc.integer({ min: 1, max: V - 1 }), { maxLength: 2 }),
    after: fc.array(fc.integer({ min: 2, max: V - 1 }), { maxLength: 1 }),
    block: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(1000),
  })
  .map(({ source, span, before, after, block, seed }) => {
    const canvas = Int32Array.from([
      ...before,
      M,
      ...span.slice(1, -1),
      ...(span.length > 1 ? [M] : []),
      ...after,
    ]);
    const masked = [...canvas.keys()].filter((i) => canvas[i] === M);
    return { source, canvas, rows: Int32Array.from(masked.slice(0, block)), seed };
  });

/** Everything that `rows` can become, as tokens by row, with the logarithm of its probability but for a constant. */
function possibleRows({ source, canvas, rows, seed }: Case): Map<string, number> {
  const { start, end } = spanOf(canvas, M);
  const found = new Map<string, number>();
  for (const tokens of written([...canvas.subarray(start, end)])) {
    if (!isText(source, tokens, end === canvas.length)) continue;
    const asked = Array.from(rows, (i) => tokens[i - start]);
    const logit = logitOf(seed);
    found.set(
      asked.join(),
      asked.reduce((sum, token, r) => sum + logit(rows[r], token), 0),
    );
  }
  return found;
}

/** The decoder, without turns of others. */
const constrainedDecoder = (options: Parameters<typeof inPieces>[0]): Decode => {
  const decode = inPieces(options);
  return (seen, uniform) => atOnce(decode(seen, uniform));
};

function decodeCase({ source, canvas, rows, seed }: Case, temperature: number, drawn = 0) {
  const span = spanOf(canvas, M);
  const automaton = tokensOf(source, span.end === canvas.length ? [END] : []);
  const logit = logitOf(seed);
  const data = Float32Array.from({ length: rows.length * V }, (_, k) =>
    logit(rows[Math.floor(k / V)], k % V),
  );
  const decode = constrainedDecoder({ automaton, span, maskId: M, temperature });
  return decode(
    { logits: { shape: [rows.length, V], data }, rows, xt: canvas, t: 1 },
    uniforms(drawn, 'token'),
  );
}

const fits = ({ source, canvas }: Case): boolean => {
  const span = spanOf(canvas, M);
  const automaton = tokensOf(source, span.end === canvas.length ? [END] : []);
  return atOnce(possibleStates(automaton, canvas, span, M))[0] === 1;
};

test('a canvas can be completed if and only if some way to write it is a text', () => {
  fc.assert(
    fc.property(cases, (one) => assert.equal(fits(one), possibleRows(one).size > 0)),
    { seed: 1, numRuns: inputs({ all: 300, few: 100 }) },
  );
});

test('at temperature 0 the prediction is the likeliest of all that can be completed, by trying them', () => {
  fc.assert(
    fc.property(cases.filter(fits), (one) => {
      const all = possibleRows(one);
      const best = Math.max(...all.values());
      const { tokens, likeliest } = decodeCase(one, 0);
      assert.deepEqual(likeliest, tokens);
      assert.ok(Math.abs(all.get(tokens.join())! - best) < 1e-9, `${tokens.join()} is not the likeliest`);
    }),
    { seed: 2, numRuns: inputs({ all: 300, few: 100 }) },
  );
});

test('how sure a prediction is, is the softmax over what can stand there', () => {
  fc.assert(
    fc.property(cases.filter(fits), fc.constantFrom(0, 0.7), (one, temperature) => {
      const standing = Array.from(one.rows, () => new Set<number>());
      for (const key of possibleRows(one).keys())
        key.split(',').forEach((token, r) => standing[r].add(Number(token)));
      const { tokens, likeliest, confidence, margin, entropy } = decodeCase(one, temperature);
      const logit = logitOf(one.seed);
      for (const [r, set] of standing.entries()) {
        const weights = [...set].map((token) => Math.exp(logit(one.rows[r], token))).sort((a, b) => b - a);
        const total = weights.reduce((a, b) => a + b);
        const p = weights.map((weight) => weight / total);
        assert.ok(set.has(tokens[r]));
        assert.ok(Math.abs(confidence[r] - Math.exp(logit(one.rows[r], tokens[r])) / total) < 1e-12);
        assert.ok(Math.abs(margin[r] - (p[0] - (p[1] ?? 0))) < 1e-12);
        assert.ok(Math.abs(entropy[r] + p.reduce((sum, x) => sum + x * Math.log(x), 0)) < 1e-12);
        if (temperature > 0) assert.equal(Math.exp(logit(one.rows[r], likeliest[r])), weights[0]);
      }
    }),
    { seed: 3, numRuns: inputs({ all: 200, few: 70 }) },
  );
});

test('draws follow the product of the softmaxes, restricted to what can be completed', () => {
  const T = 0.8;
  const given: Case[] = [
    { source: '(?:a|b)*', canvas: Int32Array.of(M, M, M), rows: Int32Array.of(0, 1, 2), seed: 1 },
    { source: '(?:a|ba|é)+', canvas: Int32Array.of(5, M, 2, M, M), rows: Int32Array.of(1, 3), seed: 2 },
    { source: 'é{1,3}', canvas: Int32Array.of(M, M, M, M), rows: Int32Array.of(0, 1, 2, 3), seed: 3 },
    { source: 'aab|bba|éb', canvas: Int32Array.of(M, M, M, 4), rows: Int32Array.of(0, 1), seed: 4 },
  ];
  for (const one of given) {
    const all = [...possibleRows(one)];
    const weights = all.map(([, logarithm]) => Math.exp(logarithm / T));
    const total = weights.reduce((a, b) => a + b);
    const counts = new Map(all.map(([key]) => [key, 0]));
    const draws = inputs({ all: 4_000, few: 1_000 });
    for (let n = 0; n < draws; n++) {
      const key = decodeCase(one, T, n).tokens.join();
      assert.ok(counts.has(key), `${key} cannot be completed`);
      counts.set(key, counts.get(key)! + 1);
    }
    const probability = weights.map((weight) => weight / total);
    assert.ok(followsDistribution([...counts.values()], probability), one.source);
  }
});

test('logits far apart, and −∞, still give what is valid', () => {
  const canvas = Int32Array.of(M, M, M);
  const automaton = tokensOf('(?:ab)+', [END]);
  const decode = (logitOfToken: (token: number) => number, temperature: number): number[] => {
    const data = Float32Array.from({ length: 3 * V }, (_, k) => logitOfToken(k % V));
    const options = { automaton, span: { start: 0, end: 3 }, maskId: M, temperature };
    const seen = { logits: { shape: [3, V], data }, rows: Int32Array.of(0, 1, 2), xt: canvas, t: 1 };
    return [...constrainedDecoder(options)(seen, uniforms(1, 'token')).tokens];
  };
  for (const temperature of [0, 1e-300, 1e-3, 1]) {
    const far = decode((token) => (token === 4 || token === END ? -10_000 : 10_000), temperature);
    assert.deepEqual(far, [2, 5, 3]);
    assert.deepEqual(
      decode((token) => (token === 4 ? 0 : -Infinity), temperature),
      [4, 4, 4],
    );
    assert.throws(() => decode((token) => (token === 2 ? 0 : -Infinity), temperature), InvariantError);
    assert.throws(() => decode(() => NaN, temperature), InvariantError);
  }
});

test('deferred end tokens are sure of nothing, and the others as if there were none', () => {
  const automaton = tokensOf('a*b?', [END]);
  const xt = Int32Array.of(M, M);
  const decode = (deferred: number[]) =>
    constrainedDecoder({ automaton, span: { start: 0, end: 2 }, maskId: M, deferred })(
      {
        logits: {
          shape: [2, V],
          data: Float32Array.from({ length: 2 * V }, (_, k) => (k === 2 || k === V + END ? 3 : 0)),
        },
        rows: Int32Array.of(0, 1),
        xt,
        t: 1,
      },
      () => 0.5,
    );
  const plain = decode([]);
  const late = decode([END]);
  assert.deepEqual([...late.tokens], [2, END]);
  assert.deepEqual(late.tokens, plain.tokens);
  assert.ok(plain.confidence[1] > 0.8);
  assert.deepEqual([late.confidence[1], late.margin[1], late.entropy[1]], [0, 0, Infinity]);
  // a, b, ab and aab can stand first, and the end token
  assert.ok(Math.abs(plain.confidence[0] - Math.exp(3) / (Math.exp(3) + 4)) < 1e-12);
  assert.ok(Math.abs(late.confidence[0] - Math.exp(3) / (Math.exp(3) + 3)) < 1e-12);
});

test('a written token is no row, and a canvas that cannot be completed is a bug', () => {
  const automaton = tokensOf('(?:ab)+', [END]);
  const decode = constrainedDecoder({ automaton, span: { start: 0, end: 2 }, maskId: M });
  const logits = { shape: [1, V], data: new Float32Array(V) };
  const seen = (xt: number[], row: number) => ({
    logits,
    rows: Int32Array.of(row),
    xt: Int32Array.from(xt),
    t: 1,
  });
  assert.throws(() => decode(seen([4, M], 0), () => 0.5), InvariantError);
  assert.throws(() => decode(seen([3, M], 1), () => 0.5), InvariantError);
  assert.ok(decode(seen([4, M], 1), () => 0.5));
});

/** Logits without meaning that depend on the whole canvas: a stand-in for a network. */
const scrambling: MaskPredictor = (xt, rows) => {
  const state = xt.reduce((hash, token) => Math.imul(hash ^ token, 0x01000193), 7);
  const data = Float32Array.from({ length: rows.length * V }, (_, index) => {
    const mixed = Math.imul(state ^ (rows[Math.floor(index / V)] * V + (index % V)), 0x9e3779b1);
    return 3 * Math.sin(mixed >>> 8);
  });
  return Promise.resolve({ shape: [rows.length, V], data });
};

const asked = fc
  .record({
    source: fc.constantFrom(...sources),
    holes: fc.array(
      fc.tuple(
        fc.array(fc.integer({ min: 2, max: V - 2 }), { maxLength: 1 }),
        fc.integer({ min: 1, max: 5 }),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    after: fc.array(fc.integer({ min: 2, max: V - 1 }), { maxLength: 1 }),
    strategy: fc.constantFrom(...strategiesFor(undefined)),
    temperature: fc.constantFrom(0, 0.5, 1.5),
    blocks: fc.integer({ min: 1, max: 4 }),
    stepsPerBlock: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(1000),
    ends: fc.constantFrom({}, { endless: true }, { endLast: true }, { stopEarly: false }),
    banned: fc.constantFrom([], [3]),
  })
  .map(({ holes, after, blocks, stepsPerBlock, ends, ...rest }) => {
    const canvas = Int32Array.from([
      ...holes.flatMap(([text, n]) => [...text, ...Array<number>(n).fill(M)]),
      ...after,
    ]);
    const masked = canvas.filter((token) => token === M).length;
    return { ...rest, ...ends, canvas, blockLength: masked / blocks, steps: blocks * stepsPerBlock };
  })
  .filter(({ blockLength }) => Number.isInteger(blockLength));

test('every strategy, block, hole and temperature ends in a text of the language, or is refused before the first forward', async () => {
  const asks = inputs({ all: 400, few: 120 });
  let done = 0;
  await fc.assert(
    fc.asyncProperty(asked, async ({ source, canvas, ...wishes }) => {
      const banned: readonly number[] = wishes.banned;
      const options = checkSampling({ ...wishes, regex: source });
      const words = { maskId: M, endIds: [END], size: V };
      const compile = (wanted: Wanted) => compileConstraint(wanted, spelling);
      const { start, end } = spanOf(canvas, M);
      const isOpen = tailStart(canvas, M) < canvas.length && !options.endless;
      const allowed = (tokens: readonly number[]): boolean =>
        isText(source, tokens, isOpen) &&
        !tokens.some((token, i) => banned.includes(token) && canvas[start + i] === M);
      let sampling;
      try {
        sampling = toSampleOptions(options, words);
        const setting = { ...words, canvas, strategy: sampling.strategy, compile };
        sampling.decode = await constrain(options, toDecodeOptions(options, words), setting);
      } catch (error) {
        if (wishes.strategy === 'editing') {
          assert.match(String(error), /regex: can't be kept by a strategy that replaces written tokens/);
          return;
        }
        assert.match(String(error), /must admit a text|must be at least \d+ tokens/);
        if (end - start > 3 || canvas.includes(3)) return;
        for (const tokens of written([...canvas.subarray(start, end)]))
          assert.ok(!allowed(tokens), `${tokens}`);
        return;
      }
      let last: Int32Array = canvas;
      for await (const { tokens } of sample(scrambling, canvas, sampling)) last = tokens;
      const text = [...last.subarray(start, end)];
      assert.ok(allowed(text), `${source}: ${text} in ${canvas}`);
      for (const [i, token] of canvas.entries()) if (token !== M) assert.equal(last[i], token);
      done += 1;
    }),
    { seed: 4, numRuns: asks },
  );
  assert.ok(done > 0.375 * asks, `${done} were not refused`);
});

test('a constraint is refused where it cannot be kept', async () => {
  const canvas = Int32Array.of(M, M);
  const setting = {
    maskId: M,
    endIds: [END],
    canvas,
    compile: (wanted: Wanted) => compileConstraint(wanted, spelling),
  };
  const decoding = { vocabularySize: V };
  assert.equal(await constrain({}, decoding, setting), undefined);
  const rewriting = { step: () => ({ written: [] }), asks: () => [0] };
  await assert.rejects(
    async () => constrain({ regex: 'a*' }, decoding, { ...setting, strategy: rewriting }),
    /regex: can't be kept by a strategy that replaces written tokens/,
  );
  // a tokenizer that drops a space at the beginning of a text could make 'a' of ' a'
  const dropping = {
    bytesOf: (id: number) => (id === 2 ? bytes(' ') : vocabulary[id]),
    dropsFirstSpace: true,
  };
  const compile = (wanted: Wanted) => compileConstraint(wanted, dropping);
  await assert.rejects(
    async () => constrain({ regex: ' ?b' }, decoding, { ...setting, compile }),
    /regex: this tokenizer drops a space at the beginning of a text/,
  );
  assert.ok(await constrain({ regex: 'b ?' }, decoding, { ...setting, compile }));
  assert.ok(
    await constrain({ regex: ' ?b' }, decoding, { ...setting, compile, canvas: Int32Array.of(3, M, M) }),
  );
});

test('the fewest tokens of a text', () => {
  assert.equal(fewestTokens(tokensOf('(?:ab)+', [])), 1);
  assert.equal(fewestTokens(tokensOf('aabb', [])), 2);
  assert.equal(fewestTokens(tokensOf('é{3}', [])), 6);
  assert.equal(fewestTokens(tokensOf('a*', [])), 0);
  assert.equal(fewestTokens(tokensOf('ac', [])), Infinity);
});

test('tokens that do the same are one class, and what can stand nowhere has none', () => {
  const { classOf, tokenStarts } = tokensOf('(?:a|b)*', [END]);
  assert.deepEqual([...classOf], [-1, 0, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1]);
  assert.deepEqual([...tokenStarts], [0, 1, 7]);
});
