import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { alignedBlocks, hole, layBlocks, layCanvas, maskedPositions, tailStart } from './canvas.ts';
import { evenly, following } from './reveal-counts.ts';
import { decoder } from './decode.ts';
import type { MaskPredictor } from './predictor.ts';
import { type Frame, sample, type SampleOptions } from './sample.ts';
import { checkSampling, type SamplingRequest } from './options.ts';
import { toSampleOptions } from './from-options.ts';
import { strategiesFor } from './strategy-table.ts';
import { type Strategy, tokenEditing, unmasking } from './strategies.ts';

const V = 7;
const M = 6;

/** Logits without meaning that depend on the whole canvas and the position: a stand-in for a network. */
const scrambling: MaskPredictor = (xt, rows) => {
  const state = xt.reduce((hash, token) => Math.imul(hash ^ token, 0x01000193), 7);
  const data = Float32Array.from({ length: rows.length * V }, (_, index) => {
    const mixed = Math.imul(state ^ (rows[Math.floor(index / V)] * V + (index % V)), 0x9e3779b1);
    return 3 * Math.sin(mixed >>> 8);
  });
  return Promise.resolve({ shape: [rows.length, V], data });
};

/** Always the same tokens, the leftmost surest, with falling confidence. */
const writing =
  (text: readonly number[]): MaskPredictor =>
  (_, rows) => {
    const data = new Float32Array(rows.length * V);
    rows.forEach((i, r) => (data[r * V + text[i]] = 10 - i / 4));
    return Promise.resolve({ shape: [rows.length, V], data });
  };

async function all(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const list: Frame[] = [];
  for await (const frame of frames) list.push(frame);
  return list;
}

async function text(predict: MaskPredictor, canvas: Int32Array, options: SampleOptions): Promise<number[]> {
  return [...(await all(sample(predict, canvas, options))).at(-1)!.tokens];
}

/** Every strategy that can be named, at numbers that matter for predictions without meaning, and some with others. */
const parameters: SamplingRequest[] = [
  ...strategiesFor(undefined).map((strategy) => ({ strategy })),
  { strategy: 'ancestral', schedule: 'cosine' },
  { strategy: 'threshold', tau: 0.4 },
  { strategy: 'factor', factor: 1.5 },
  { strategy: 'entropy-bound', entropyBound: 1.5 },
  { strategy: 'hierarchical', tau: 0.6, tauLow: 0.3 },
  { strategy: 'threshold-or-count', tau: 0.4 },
  { strategy: 'editing', tau: 0.4, tauEdit: 0.5, corrections: 3 },
  { strategy: 'editing', tau: 0.6, tauEdit: 0, minReveal: 2, corrections: 1 },
  { strategy: 'remdm-cap', eta: 0.3 },
  { strategy: 'remdm-rescale', eta: 0.5, schedule: 'cosine' },
  { strategy: 'remdm-loop', eta: 0.1, loopFrom: 0.8, loopUntil: 0.2, loopAlpha: 0.7 },
];
const strategies: Record<string, Strategy> = Object.fromEntries(
  parameters.map((asked) => [
    JSON.stringify(asked),
    toSampleOptions(checkSampling(asked), { maskId: M, endIds: [], size: V }).strategy!,
  ]),
);

/** A canvas of given tokens and masks, with options that fit it. */
const asked = fc
  .record({
    tokens: fc.array(fc.integer({ min: 0, max: M }), { minLength: 1, maxLength: 14 }),
    strategy: fc.constantFrom(...Object.keys(strategies)),
    counts: fc.constantFrom(evenly, following(noiseSchedules.cosine)),
    temperature: fc.constantFrom(0, 1),
    blockLength: fc.integer({ min: 1, max: 14 }),
    layout: fc.constantFrom(layBlocks, alignedBlocks),
    stepsPerBlock: fc.integer({ min: 1, max: 6 }),
    seed: fc.integer({ min: 0, max: 1000 }),
    endIds: fc.constantFrom([], [5], [4, 5]),
  })
  .filter(({ tokens, blockLength }) => tokens.filter((token) => token === M).length >= blockLength)
  .map(({ tokens, strategy, stepsPerBlock, temperature, ...rest }) => {
    const canvas = Int32Array.from(tokens);
    const stretches = rest.layout(canvas, { maskId: M, blockLength: rest.blockLength });
    const blocks = stretches.map(({ positions }) => positions);
    const options: SampleOptions = {
      maskId: M,
      steps: blocks.length * stepsPerBlock,
      strategy: strategies[strategy],
      decode: decoder({ temperature, forbidden: [M] }),
      ...rest,
    };
    return { canvas, stretches, blocks, options };
  });

test('laws: no mask is left at t = 0, what was revealed or given stays, blocks follow one another', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ canvas, blocks, options }) => {
      const frames = await all(sample(scrambling, canvas, options));
      const { rewrites, corrections = 0 } = options.strategy!;
      const masked = maskedPositions(canvas, M);
      const last = frames.at(-1)!;
      assert.deepEqual(maskedPositions(last.tokens, M), []);
      assert.equal(last.t, 0);
      const most = options.steps! + blocks.length * corrections;
      assert.ok(frames.length - 1 <= most, 'no more steps than were allowed');

      assert.deepEqual([...frames[0].tokens], [...canvas]);
      const written = new Set<number>();
      for (const [n, frame] of frames.entries()) {
        assert.equal(frame.step, n);
        assert.deepEqual(frame.tokens.slice(0, frame.final), last.tokens.slice(0, frame.final), 'final');
        if (n === 0) continue;
        const before = frames[n - 1];
        assert.ok(frame.final >= before.final);
        const changed = [...canvas.keys()].filter((i) => frame.tokens[i] !== before.tokens[i]);
        assert.deepEqual(frame.changed, changed);
        for (const i of changed) {
          if (rewrites) {
            const isNew = before.tokens[i] === M && Number.isNaN(frame.confidence[i]);
            assert.ok(blocks[frame.block].includes(i) || isNew, 'only the active block changes');
          } else assert.equal(before.tokens[i], M, 'only a mask changes');
          written.add(i);
        }
        assert.ok(frame.block >= before.block);
        if (frame.block === before.block) assert.ok(frame.t < before.t || frame.t === 0);
        if (frame.block > before.block) assert.equal(before.t, 0);
        if (frame.t === 0) assert.ok(blocks[frame.block].every((i) => frame.tokens[i] !== M));
      }
      assert.deepEqual(
        [...written].sort((a, b) => a - b),
        masked,
      );
    }),
    { seed: 1, numRuns: 800 },
  );
});

test('every block has its share of the steps, and a step at least', async () => {
  await fc.assert(
    fc.asyncProperty(asked, fc.integer({ min: 0, max: 30 }), async ({ canvas, blocks, options }, more) => {
      const steps = blocks.length + more;
      const shares = blocks.map(() => 0);
      const strategy: Strategy = { step: () => ({ written: [] }) }; // all in the last step
      const frames = await all(sample(scrambling, canvas, { ...options, steps, strategy, endIds: [] }));
      for (const { step, block } of frames) if (step > 0) shares[block] += 1;
      const total = blocks.flat().length;
      assert.equal(
        shares.reduce((a, b) => a + b),
        steps,
      );
      for (const [index, share] of shares.entries()) {
        assert.ok(share >= 1);
        if (steps === total) assert.equal(share, blocks[index].length);
      }
    }),
    { seed: 4, numRuns: 200 },
  );
});

test('the predictor is asked for what the strategy asks of the active block, the masks by default', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ canvas, stretches, options }) => {
      const predict: MaskPredictor = (xt, rows, context) => {
        const { positions, ...block } = stretches[context.block.index];
        assert.deepEqual(context.block, { index: context.block.index, ...block });
        const masked = positions.filter((i) => xt[i] === M);
        assert.deepEqual([...rows], options.strategy!.asks?.({ positions, masked }) ?? masked);
        return scrambling(xt, rows, context);
      };
      await all(sample(predict, canvas, options));
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('the same seed gives the same text, and another seed another', async () => {
  const canvas = layCanvas([[1, 2], hole(12)], M);
  for (const strategy of Object.values(strategies)) {
    const options = { maskId: M, strategy, steps: 4, decode: decoder({ temperature: 1, forbidden: [M] }) };
    const first = await text(scrambling, canvas, { ...options, seed: 5 });
    assert.deepEqual(await text(scrambling, canvas, { ...options, seed: 5 }), first);
    assert.notDeepEqual(await text(scrambling, canvas, { ...options, seed: 6 }), first);
  }
});

test('confidence stands where something was predicted, and is NaN elsewhere', async () => {
  const canvas = layCanvas([[1], hole(4)], M);
  const options = { maskId: M, blockLength: 2, steps: 4 };
  const frames = await all(sample(writing([0, 1, 2, 3, 4]), canvas, options));
  const known = frames.map(({ confidence }) => [...confidence].map((c) => (Number.isNaN(c) ? 0 : 1)));
  assert.deepEqual(known, [
    [0, 0, 0, 0, 0],
    [0, 1, 1, 0, 0],
    [0, 1, 1, 0, 0],
    [0, 1, 1, 1, 1],
    [0, 1, 1, 1, 1],
  ]);
  assert.deepEqual(
    frames.map(({ t }) => t),
    [1, 0.5, 0, 0.5, 0],
  );
  assert.deepEqual(
    frames.map(({ changed }) => changed),
    [[], [1], [2], [3], [4]],
  );
});

test('steps that reveal nothing cost no forward', async () => {
  let forwards = 0;
  const predict: MaskPredictor = (xt, rows, context) => {
    forwards += 1;
    return scrambling(xt, rows, context);
  };
  const counts = (): number[] => [0, 0, 3, 0, 1];
  const canvas = layCanvas([hole(4)], M);
  const frames = await all(sample(predict, canvas, { maskId: M, steps: 5, counts }));
  assert.deepEqual(
    frames.map(({ changed }) => changed.length),
    [0, 0, 0, 3, 0, 1],
  );
  assert.equal(forwards, 2);
});

test('a step in vain draws its tokens anew', async () => {
  const predict: MaskPredictor = (_, rows) =>
    Promise.resolve({ shape: [rows.length, V], data: new Float32Array(rows.length * V) });
  const options: SampleOptions = {
    maskId: M,
    steps: 2,
    strategy: unmasking(() => []),
    decode: (seen, uniform) => {
      draws.push(uniform(0));
      return decoder({ forbidden: [M] })(seen, uniform);
    },
  };
  const draws: number[] = [];
  await all(sample(predict, layCanvas([hole(4)], M), options));
  assert.equal(new Set(draws).size, 2);
});

test('the text ends with the first end token once all before it is certain', async () => {
  const predict = writing([1, 2, 3, 5, 1, 1, 1, 1]);
  const canvas = layCanvas([[1, 2], hole(6)], M);
  const options = { maskId: M, endIds: [5], blockLength: 3 };
  const frames = await all(sample(predict, canvas, options));
  const last = frames.at(-1)!;
  assert.equal(last.step, 2);
  assert.equal(last.t, 0);
  assert.deepEqual([...last.tokens], [1, 2, 3, 5, 5, 5, 5, 5]);
  assert.deepEqual(last.changed, [3, 4, 5, 6, 7]);
  assert.ok(Number.isNaN(last.confidence[4]), 'what was filled in was not predicted');
});

test('an end token does not end the text before what is left of it is certain', async () => {
  // the end token at position 4 is the surest, then from right to left
  const predict: MaskPredictor = (_, rows) => {
    const data = new Float32Array(rows.length * V);
    rows.forEach((i, r) => (data[r * V + (i === 4 ? 5 : 1)] = i === 4 ? 9 : i + 1));
    return Promise.resolve({ shape: [rows.length, V], data });
  };
  const frames = await all(sample(predict, layCanvas([hole(6)], M), { maskId: M, endIds: [5] }));
  assert.equal(frames.length, 1 + 6);
  assert.deepEqual([...frames.at(-1)!.tokens], [1, 1, 1, 1, 5, 1]);
});

test('end tokens of the prompt and in front of given text end nothing', async () => {
  const canvas = layCanvas([[5], hole(3), [1], hole(2)], M);
  const predict = writing([5, 2, 5, 2, 1, 2, 3]);
  assert.deepEqual(await text(predict, canvas, { maskId: M, endIds: [5] }), [5, 2, 5, 2, 1, 2, 3]);
});

test('stopping early changes nothing up to the end token', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async ({ canvas, options }) => {
      const whole = await text(scrambling, canvas, { ...options, endIds: [] });
      const early = await text(scrambling, canvas, { ...options, endIds: [4, 5] });
      const difference = whole.findIndex((token, i) => token !== early[i]);
      if (difference < 0) return;
      const certain = early.slice(tailStart(canvas, M), difference);
      assert.ok(
        certain.some((token) => token === 4 || token === 5),
        `${early} is not a beginning of ${whole}`,
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('with a strategy that rewrites, the text ends once the block is done, settled or not', async () => {
  // position 2 flips between two tokens for ever, and position 3 is an end token
  const predict: MaskPredictor = (xt, rows) => {
    const data = new Float32Array(rows.length * V);
    rows.forEach((i, r) => (data[r * V + (i === 3 ? 5 : i === 2 && xt[2] === 1 ? 2 : 1)] = 9));
    return Promise.resolve({ shape: [rows.length, V], data });
  };
  const canvas = layCanvas([[1, 2], hole(6)], M);
  const options = { maskId: M, endIds: [5], blockLength: 2, steps: 6 };
  const frames = await all(
    sample(predict, canvas, { ...options, strategy: tokenEditing(0.9, 0.9, { corrections: 3 }) }),
  );
  assert.deepEqual(
    frames.map(({ t }) => t),
    [1, 0.5, 0, 0, 0],
  );
  assert.deepEqual(
    frames.map(({ tokens }) => tokens[2]),
    [M, 1, 2, 1, 2],
  );
  assert.deepEqual([...frames.at(-1)!.tokens], [1, 2, 2, 5, 5, 5, 5, 5]);
  assert.deepEqual([...frames.at(-2)!.tokens.subarray(4)], [M, M, M, M], 'an end token may still be changed');
});

test('a signal stops the loop between steps and reaches the predictor', async () => {
  const controller = new AbortController();
  const reached: (AbortSignal | undefined)[] = [];
  const predict: MaskPredictor = (xt, rows, context) => {
    reached.push(context.signal);
    return scrambling(xt, rows, context);
  };
  const canvas = layCanvas([hole(8)], M);
  const seen: number[] = [];
  await assert.rejects(
    async () => {
      for await (const { step } of sample(predict, canvas, { maskId: M, signal: controller.signal })) {
        seen.push(step);
        if (step === 3) controller.abort(new Error('enough'));
      }
    },
    { message: 'enough' },
  );
  assert.deepEqual(seen, [0, 1, 2, 3]);
  assert.deepEqual(reached, [controller.signal, controller.signal, controller.signal]);
});

test('a mistake is refused before the predictor is called', async () => {
  const never: MaskPredictor = () => assert.fail('the predictor was called');
  const canvas = layCanvas([[1], hole(8)], M);
  const mistakes: [Int32Array, Partial<SampleOptions>, RegExp][] = [
    [canvas, { blockLength: 9 }, /^blockLength: must be from 1 to the 8 masked tokens, got 9$/],
    [canvas, { blockLength: 2, steps: 3 }, /^steps: must be at least one for each of the 4 blocks, got 3$/],
    [canvas, { steps: 0 }, /^steps: /],
    [canvas, { steps: 2.5 }, /^steps: /],
    [Int32Array.of(1, 2), {}, /^tokens: must hold \[MASK\] \(id 6\) where text is wanted, got \[1,2\]$/],
    [Int32Array.of(), {}, /^tokens: /],
    [canvas, { seed: -1 }, /^seed: /],
  ];
  for (const [tokens, options, message] of mistakes) {
    await assert.rejects(all(sample(never, tokens, { maskId: M, ...options })), (error) => {
      assert.ok(error instanceof InvalidOptionError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a predictor that fails ends the sample with its error', async () => {
  const failing: MaskPredictor = () => Promise.reject(new Error('device lost'));
  await assert.rejects(all(sample(failing, layCanvas([hole(2)], M), { maskId: M })), /device lost/);
});
