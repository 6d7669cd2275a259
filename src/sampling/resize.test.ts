import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { chiSquare, chiSquareLimit } from '../../test/exact-joint.ts';
import { dualCache, type CachedNetwork, withCache } from './cache.ts';
import { hole, layCanvas, maskedPositions } from './canvas.ts';
import { decoder } from './decode.ts';
import type { MaskPredictor } from './predictor.ts';
import { expandAndDelete, expandingWithin, type ResizingLimits } from './resize.ts';
import { type Frame, sample, type SampleOptions } from './sample.ts';
import { drain } from './stats.ts';
import { lowConfidence, random, threshold, unmasking } from './strategies.ts';

const [END, M, EXPAND, V] = [5, 6, 7, 8];
const tokens = { expandId: EXPAND, deleteIds: [END] };

/** A decoding and a resizing of the same limits. */
const resizing = (limits: ResizingLimits, temperature = 0): SampleOptions => ({
  maskId: M,
  resize: expandAndDelete(tokens, limits),
  decode: expandingWithin(decoder({ temperature, forbidden: [M] }), tokens, limits),
});

async function all(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const list: Frame[] = [];
  for await (const frame of frames) list.push(frame);
  return list;
}

/** Logits that make a token of each row likely, the leftmost likeliest. */
const saying =
  (word: (xt: Int32Array, i: number) => number): MaskPredictor =>
  (xt, rows) => {
    const data = new Float32Array(rows.length * V);
    rows.forEach((i, r) => (data[r * V + word(xt, i)] = 9 - i / 8));
    return Promise.resolve({ shape: [rows.length, V], data });
  };

/** Knows the text of a hole behind one given token, and says of a hole of another length what would mend it. */
const knowing = (text: readonly number[], given: number): MaskPredictor =>
  saying((xt, i) => {
    const length = xt.length - given;
    const lastMask = maskedPositions(xt, M).at(-1);
    if (length < text.length && i === lastMask) return EXPAND;
    return text[i - 1] ?? END;
  });

test('by hand: an expand token becomes two masks, and an end token before given text goes', () => {
  const resize = expandAndDelete(tokens, { budget: 4, maxLength: 20 });
  const at = (xs: number[], positions: number[], tail = xs.length, inserted = 0) =>
    resize({ xs: Int32Array.from(xs), positions, tail, inserted });
  assert.equal(at([1, 2, M, 3], [1, 2]), undefined);
  assert.deepEqual(at([1, EXPAND, M, 3], [1, 2]), [0, -1, -1, 2, 3]);
  assert.deepEqual(at([1, END, M, 3], [1, 2]), [0, 2, 3]);
  assert.deepEqual(at([END, EXPAND, END, 3], [1, 2]), [0, -1, -1, 3], 'what is given stays');
  assert.equal(at([1, 3, END, M], [2, 3], 2), undefined, 'behind all given text it is the end');
});

test('by hand: without budget or room the rightmost are expanded first, and the others are one mask', () => {
  const limits = { budget: 4, maxLength: 6 };
  const resize = expandAndDelete(tokens, limits);
  const xs = Int32Array.of(1, EXPAND, EXPAND, EXPAND, 3);
  const positions = [1, 2, 3];
  assert.deepEqual(resize({ xs, positions, tail: 5, inserted: 0 }), [0, -1, -1, -1, -1, 4]);
  const wide = expandAndDelete(tokens, { ...limits, maxLength: 20 });
  assert.deepEqual(wide({ xs, positions, tail: 5, inserted: 4 }), [0, -1, -1, -1, -1, -1, 4]);
  assert.deepEqual(wide({ xs, positions, tail: 5, inserted: 7 }), [0, -1, -1, -1, 4]);
});

test('from any length a model that knows the text comes to it, in any number of steps', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(lowConfidence, random, threshold(0.9)),
      async (text, length, steps, select) => {
        const canvas = layCanvas([[1], hole(length), [2]], M);
        const options = { ...resizing({ budget: 64, maxLength: 40 }), steps, strategy: unmasking(select) };
        const frames = await all(sample(knowing(text, 2), canvas, options));
        const last = frames.at(-1)!;
        assert.deepEqual([...last.tokens], [1, ...text, 2]);
        assert.equal(last.t, 0);
        assert.ok(frames.every(({ t }) => t >= 0 && t <= 1));
        assert.equal(last.confidence.length, last.tokens.length);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test('a frame says where its positions were in the frame before, and changed are the new and the written', async () => {
  const canvas = layCanvas([[1], hole(2), [2]], M);
  const options = { ...resizing({ budget: 8, maxLength: 20 }), steps: 2 };
  const frames = await all(sample(knowing([3, 4, 0], 2), canvas, options));
  assert.deepEqual(
    frames.map(({ tokens, sources, changed, t }) => [[...tokens], sources, changed, t]),
    [
      [[1, M, M, 2], undefined, [], 1],
      [[1, 3, M, 2], undefined, [1], 0.5],
      [[1, 3, M, M, 2], [0, 1, -1, -1, 3], [2, 3], 2 / 3],
      [[1, 3, 4, M, 2], undefined, [2], 1 / 3],
      [[1, 3, 4, 0, 2], undefined, [3], 0],
    ],
  );
  assert.ok(Number.isNaN(frames[2].confidence[2]) && frames[2].confidence[1] > 0.9);
});

test('later blocks and holes keep their places while an earlier one is resized', async () => {
  const canvas = layCanvas([[1], hole(2), [2], hole(2), [3]], M);
  const asked: number[][] = [];
  const predict: MaskPredictor = (xt, rows, context) => {
    asked.push([...rows]);
    // the first hole wants three tokens; the second is too long by one
    return saying((x, i) => {
      const middle = x.indexOf(2);
      if (i < middle) return middle < 4 ? EXPAND : 0;
      return i === x.length - 2 && x.length - middle === 4 ? END : 4;
    })(xt, rows, context);
  };
  const options = { ...resizing({ budget: 8, maxLength: 20 }), blockLength: 2, steps: 4 };
  const frames = await all(sample(predict, canvas, options));
  assert.deepEqual([...frames.at(-1)!.tokens], [1, 0, 0, 0, 2, 4, 3]);
  assert.deepEqual(asked.at(-1)!.length, 1);
  assert.deepEqual(frames.at(-1)!.block, 1);
});

test('with its budget spent or its canvas full, a model that only expands still ends', async () => {
  const greedy = saying(() => EXPAND);
  const canvas = layCanvas([[1], hole(3), [2]], M);
  for (const limits of [
    { budget: 0, maxLength: 20 },
    { budget: 5, maxLength: 20 },
    { budget: 50, maxLength: 9 },
  ]) {
    const last = (await all(sample(greedy, canvas, resizing(limits)))).at(-1)!;
    assert.equal(last.tokens.includes(EXPAND), false);
    assert.equal(last.tokens.length, Math.min(5 + limits.budget, limits.maxLength));
  }
});

test('a model that expands and deletes for ever is stopped by the budget', async () => {
  // full: delete; not full: expand
  const restless = saying((xt) => (xt.length >= 5 ? END : EXPAND));
  const frames = await all(
    sample(restless, layCanvas([[1], hole(2), [2]], M), resizing({ budget: 10, maxLength: 5 })),
  );
  assert.ok(frames.length < 80);
  assert.ok(!frames.at(-1)!.tokens.includes(M));
});

test('a model that never says another length writes what it would without resizing', async () => {
  const plain: MaskPredictor = (xt, rows) => {
    const state = xt.reduce((hash, token) => Math.imul(hash ^ token, 0x01000193), 7);
    const data = Float32Array.from({ length: rows.length * V }, (_, index) =>
      index % V >= END ? -50 : 3 * Math.sin(Math.imul(state ^ index, 0x9e3779b1) >>> 8),
    );
    return Promise.resolve({ shape: [rows.length, V], data });
  };
  const canvas = layCanvas([[1], hole(6), [2], hole(3)], M);
  for (const seed of [1, 2, 3]) {
    const options = { blockLength: 3, steps: 6, seed, maskId: M };
    const decode = decoder({ temperature: 1, forbidden: [M] });
    const without = await all(sample(plain, canvas, { ...options, decode }));
    const within = await all(
      sample(plain, canvas, { ...options, ...resizing({ budget: 9, maxLength: 30 }, 1) }),
    );
    assert.deepEqual(within, without);
  }
});

test('where the text may end moves with the given text before it', async () => {
  const predict = saying((xt, i) => {
    const given = xt.indexOf(END);
    return i < given ? (given < 3 ? EXPAND : 0) : 4;
  });
  const canvas = layCanvas([[1], hole(1), [END], hole(2)], M);
  const options = { ...resizing({ budget: 8, maxLength: 20 }), endIds: [END] };
  const frames = await all(sample(predict, canvas, options));
  assert.deepEqual([...frames.at(-1)!.tokens], [1, 0, 0, END, 4, 4]);
});

test('a cache computes all anew after positions have moved, though the canvas is as long as before', async () => {
  const computed: [length: number, active: number][] = [];
  const network: CachedNetwork<null> = {
    outputOf: (i) => i,
    forward: async (xt, active, rows, _, context) => {
      computed.push([xt.length, active.length]);
      // the first of two masks expands, and the second is deleted
      const first = saying((_, i) => (xt.length === 4 && context.moves === 0 ? (i === 1 ? EXPAND : END) : 0));
      return { logits: await first(xt, rows, context), memory: null };
    },
    evict: () => null,
    merge: () => null,
  };
  const options = { ...resizing({ budget: 4, maxLength: 9 }), steps: 1 };
  const frames = await all(
    sample(withCache(network, dualCache()), layCanvas([[1], hole(2), [2]], M), options),
  );
  assert.deepEqual([...frames.at(-1)!.tokens], [1, 0, 0, 2]);
  assert.deepEqual(computed, [
    [4, 4],
    [4, 4],
  ]);
});

test('what a resized sample wrote is counted, wherever it is at the end', async () => {
  const canvas = layCanvas([[1], hole(2), [2]], M);
  const frames = sample(knowing([3, 4, 0], 2), canvas, resizing({ budget: 8, maxLength: 20 }));
  const { stats } = await drain(frames, { forwards: () => 0, clock: () => 0 });
  assert.equal(stats.tokens, 3);
});

test('texts of an exact predictor follow the distribution over lengths, too', async () => {
  // one mask: a (½), b (¼), or two tokens (¼): of those aa, ab, ba, bb have 0.4, 0.3, 0.2, 0.1
  const [a, b] = [0, 1];
  const pairs = [0.4, 0.3, 0.2, 0.1];
  const predict: MaskPredictor = (xt, rows) => {
    const row = (i: number): number[] => {
      if (xt.length === 3) return [0.5, 0.25, 0, 0, 0, 0, 0, 0.25];
      const mass = [0, 0, 0, 0, 0, 0, 0, 0];
      for (const x of [a, b])
        for (const y of [a, b])
          if ((xt[1] === M || xt[1] === x) && (xt[2] === M || xt[2] === y))
            mass[i === 1 ? x : y] += pairs[2 * x + y];
      return mass;
    };
    return Promise.resolve({
      shape: [rows.length, V],
      data: Float32Array.from([...rows].flatMap(row), Math.log),
    });
  };
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const options = { ...resizing({ budget: 1, maxLength: 9 }, 1), seed, strategy: unmasking(random) };
    const { tokens } = (await all(sample(predict, layCanvas([[3], hole(1), [3]], M), options))).at(-1)!;
    const key = [...tokens].slice(1, -1).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const observed = ['0', '1', '00', '01', '10', '11'].map((key) => counts.get(key) ?? 0);
  assert.equal(
    observed.reduce((sum, n) => sum + n),
    3000,
  );
  const expected = [0.5, 0.25, ...pairs.map((p) => p / 4)];
  assert.ok(chiSquare(observed, expected) < chiSquareLimit(5));
});
