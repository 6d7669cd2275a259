import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { all, causal, inBlocks, M, scrambling, type Sees, V, whole } from '../../test/scrambling-network.ts';
import {
  blockCausalCache,
  type CachePolicy,
  causalCache,
  delayedCache,
  dualCache,
  prefixCache,
  withCache,
} from './cache.ts';
import { alignedBlocks, type BlockLayout, layBlocks } from './canvas.ts';
import { decoder } from './decode.ts';
import { checkSampling } from './options.ts';
import { toSampleOptions } from './from-options.ts';
import { strategiesFor } from './strategy-table.ts';
import { type MaskPredictor, wholeCanvas } from './predictor.ts';
import { sample } from './sample.ts';

/** Caches that change no token, by the network that they are exact for. */
const exact: Record<
  string,
  { sees: (N: number) => Sees; policy: (N: number) => CachePolicy; layout: BlockLayout }
> = {
  'causal, a causal network': { sees: () => causal, policy: () => causalCache, layout: layBlocks },
  'block-causal, a block-causal network': {
    sees: inBlocks,
    policy: blockCausalCache,
    layout: alignedBlocks,
  },
  'dual, everything anew each time': { sees: () => all, policy: () => dualCache(1), layout: layBlocks },
  'delayed, everything anew each time': {
    sees: () => all,
    policy: () => delayedCache(M, 1),
    layout: layBlocks,
  },
};

const asked = fc
  .record({
    tokens: fc.array(fc.integer({ min: 0, max: M }), { minLength: 1, maxLength: 14 }),
    strategy: fc.constantFrom(...strategiesFor(undefined)),
    blockLength: fc.integer({ min: 1, max: 6 }),
    temperature: fc.constantFrom(0, 1),
    shifted: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1000 }),
    tau: fc.constantFrom(0.3, 0.9),
  })
  .filter(({ tokens, blockLength }) => tokens.filter((token) => token === M).length >= blockLength);

for (const [name, { sees, policy, layout }] of Object.entries(exact)) {
  test(`law: a cache that is exact changes nothing in any step (${name})`, async () => {
    await fc.assert(
      fc.asyncProperty(asked, async ({ tokens, shifted, seed, ...given }) => {
        const N = layout === layBlocks && policy(1) === causalCache ? 1 : given.blockLength;
        const takes = ['threshold', 'hierarchical', 'threshold-or-count', 'editing'].includes(given.strategy);
        const options = checkSampling({
          ...given,
          blockLength: N,
          tau: takes ? given.tau : undefined,
          tauEdit: given.strategy === 'editing' ? given.tau : undefined,
          eta: /cap|rescale|loop/.test(given.strategy) ? 0.3 : undefined,
        });
        const network = scrambling(sees(N), { shifted });
        const write = async (predict: MaskPredictor): Promise<number[][]> => {
          const texts: number[][] = [];
          const sampling = toSampleOptions(options, { maskId: M, endIds: [5], size: V });
          const canvas = Int32Array.from(tokens);
          for await (const frame of sample(predict, canvas, { ...sampling, layout, seed }))
            texts.push([...frame.tokens]);
          return texts;
        };
        const [cached, uncached] = [withCache(network, policy(N)), whole(network)];
        assert.deepEqual(await write(cached), await write(uncached));
      }),
      { seed: 5, numRuns: 250 },
    );
  });
}

/** The positions that each forward computes, of a canvas of a prompt of three and two blocks of two. */
async function computed(policy: CachePolicy, options: { blockLength?: number; shifted?: boolean } = {}) {
  const forwards: number[][] = [];
  const network = scrambling(all, { ...options, onForward: (active) => forwards.push([...active]) });
  const { blockLength = 2 } = options;
  const canvas = Int32Array.of(1, 2, 3, M, M, M, M);
  const frames = sample(withCache(network, policy), canvas, {
    maskId: M,
    blockLength,
    decode: decoder({ forbidden: [M] }),
  });
  const order: number[] = [];
  for await (const { changed } of frames) order.push(...changed);
  return { forwards, order };
}

test('what each cache computes', async () => {
  const [everything, behind] = [
    [0, 1, 2, 3, 4, 5, 6],
    [3, 4, 5, 6],
  ];
  const of = async (policy: CachePolicy, options?: { blockLength?: number }) =>
    (await computed(policy, options)).forwards;
  assert.deepEqual(await of(prefixCache), [everything, behind, everything, [5, 6]]);
  assert.deepEqual(await of(dualCache()), [everything, [3, 4], everything, [5, 6]]);
  assert.deepEqual(await of(dualCache(2), { blockLength: 4 }), [everything, behind, everything, behind]);
  assert.deepEqual(await of(causalCache, { blockLength: 1 }), [[0, 1, 2, 3], [4], [5], [6]]);
  assert.deepEqual(await of(blockCausalCache(3)), [
    [0, 1, 2, 3, 4, 5],
    [3, 4, 5],
    [3, 4, 5, 6],
    [3, 4, 5, 6],
  ]);
});

test('the delayed cache computes masks, and a token once more after it was written', async () => {
  const { forwards, order } = await computed(delayedCache(M), { blockLength: 4 });
  const sorted = (positions: number[]): number[] => positions.sort((a, b) => a - b);
  assert.deepEqual(forwards, [
    [0, 1, 2, 3, 4, 5, 6],
    [3, 4, 5, 6],
    sorted(order.slice(1)),
    sorted(order.slice(2)),
  ]);
  const refreshed = await computed(delayedCache(M, 3), { blockLength: 4 });
  assert.deepEqual(refreshed.forwards[3], [0, 1, 2, 3, 4, 5, 6]);
});

test('where logits are shifted, the output before the first position is computed too', async () => {
  const { forwards } = await computed(dualCache(), { shifted: true });
  assert.deepEqual(forwards[2], [0, 1, 2, 3, 4, 5, 6]);
  assert.ok(
    forwards.every((active) => active.length === 7 || [3, 4].includes(active.length) || active.length === 2),
  );
  const causalShifted: number[][] = [];
  const network = scrambling(all, { shifted: true, onForward: (active) => causalShifted.push([...active]) });
  const predict = withCache(network, causalCache);
  const xt = Int32Array.of(1, 2, M, M);
  const block = (index: number, start: number, end: number) => ({ block: { index, start, end }, t: 1 });
  await predict(xt, Int32Array.of(2), block(0, 2, 3));
  await predict(xt, Int32Array.of(3), block(1, 3, 4));
  assert.deepEqual(causalShifted, [
    [0, 1, 2],
    [2, 3],
  ]);
});

test('a canvas of another length is another canvas', async () => {
  const forwards: number[][] = [];
  const network = scrambling(all, { onForward: (active) => forwards.push([...active]) });
  const predict = withCache(network, dualCache());
  for (const L of [3, 3, 4]) {
    const xt = new Int32Array(L).fill(M);
    await predict(xt, Int32Array.of(0), wholeCanvas(L));
  }
  assert.deepEqual(forwards[2], [0, 1, 2, 3]);
});

test('of a canvas that grows at its end what was computed before is remembered', async () => {
  const forwards: number[][] = [];
  const network = scrambling(all, { onForward: (active) => forwards.push([...active]) });
  const predict = withCache(network, blockCausalCache(2));
  for (const [index, L] of [2, 4, 6].entries()) {
    const block = { index, start: L - 2, end: L };
    await predict(new Int32Array(L).fill(M), Int32Array.of(L - 1), { ...wholeCanvas(L), block, moves: 0 });
  }
  assert.deepEqual(forwards, [
    [0, 1],
    [0, 1, 2, 3],
    [2, 3, 4, 5],
  ]);
});
