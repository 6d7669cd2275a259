import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { inBlocks, M, scrambling, type ScrambledMemory, V, whole } from '../../test/scrambling-network.ts';
import type { CachedNetwork } from './cache.ts';
import { alignedBlocks } from './canvas.ts';
import { candidatesOf } from './candidates.ts';
import { decoder } from './decode.ts';
import { growing } from './growth.ts';
import type { MaskPredictor } from './predictor.ts';
import { sample } from './sample.ts';
import { type BranchingNetwork, likeliestFillings, withSpeculation } from './speculation.ts';
import { countForwards } from './stats.ts';
import { leftToRight, unmasking } from './strategies.ts';

/** The same network, which computes each branch by itself. */
function branching(network: CachedNetwork<ScrambledMemory>): BranchingNetwork<ScrambledMemory> {
  return {
    ...network,
    mostPositions: Infinity,
    async branches(branches, outputs, memory = new Map(), context) {
      const paths: { xt: Int32Array; memory: ScrambledMemory }[] = [];
      const made = new Map<number, ScrambledMemory>();
      const logits = new Float32Array(outputs.length * V);
      for (const [index, { start, tokens, after }] of branches.entries()) {
        const before = after < 0 ? { xt: new Int32Array(start), memory } : paths[after];
        const xt = Int32Array.from([...before.xt, ...tokens]);
        const active = Int32Array.from(tokens, (_, i) => start + i);
        for (const [r, { branch, position }] of outputs.entries()) {
          if (branch !== index) continue;
          const row = [position, position + 1].find((i) => network.outputOf(i) === position)!;
          const { logits: mine } = await network.forward(
            xt,
            active,
            Int32Array.of(row),
            before.memory,
            context,
          );
          logits.set(mine.data, r * V);
        }
        const row = Int32Array.of(network.outputOf(start + 1) === start ? start + 1 : start);
        const { memory: own } = await network.forward(xt, active, row, before.memory, context);
        made.set(index, own);
        paths.push({ xt, memory: new Map([...before.memory, ...own]) });
      }
      // of several branches at the same position the last one's, which nobody may rely on
      const all = new Map([...made.values()].flatMap((own) => [...own]));
      return { logits: { shape: [outputs.length, V], data: logits }, memory: all };
    },
  };
}

const asked = fc
  .record({
    tokens: fc.array(
      fc.oneof(
        { weight: 1, arbitrary: fc.integer({ min: 0, max: M }) },
        { weight: 2, arbitrary: fc.constant(M) },
      ),
      {
        minLength: 1,
        maxLength: 16,
      },
    ),
    N: fc.integer({ min: 1, max: 5 }),
    ahead: fc.integer({ min: 1, max: 12 }),
    temperature: fc.constantFrom(0, 1),
    shifted: fc.boolean(),
    grows: fc.boolean(),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .filter(({ tokens }) => tokens.includes(M));

test('law: speculation changes no step of a text, and never takes more forwards', async () => {
  let [saved, all] = [0, 0];
  await fc.assert(
    fc.asyncProperty(asked, async ({ tokens, N, ahead, temperature, shifted, grows, seed }) => {
      const network = branching(scrambling(inBlocks(N), { shifted }));
      const grow = growing({ blockLength: N, length: 20, endIds: [5], repeats: true });
      const write = async (predict: MaskPredictor): Promise<number[][]> => {
        const texts: number[][] = [];
        // a text that grows begins with whole blocks
        const more = grows ? (N - (tokens.length % N)) % N : 0;
        const frames = sample(predict, Int32Array.from([...tokens, ...Array<number>(more).fill(M)]), {
          maskId: M,
          blockLength: N,
          layout: alignedBlocks,
          strategy: unmasking(leftToRight),
          decode: decoder({ temperature, forbidden: [M] }),
          endIds: [5],
          grow: grows ? grow : undefined,
          seed,
        });
        for await (const frame of frames) texts.push([...frame.tokens]);
        return texts;
      };
      const plain = countForwards(whole(network));
      const speculating = withSpeculation(network, {
        blockLength: N,
        maskId: M,
        ahead,
        longest: tokens.length + (grows ? 20 : 0),
        decoding: { forbidden: [M] },
      });
      assert.deepEqual(await write(speculating.predict), await write(plain.predict));
      assert.ok(speculating.forwards() <= plain.forwards());
      saved += plain.forwards() - speculating.forwards();
      all += plain.forwards();
    }),
    { seed: 3, numRuns: 300 },
  );
  assert.ok(saved > all / 6, `${saved} of ${all} forwards saved`);
});

test('where no token depends on another, a block takes one forward', async () => {
  const text = Int32Array.from({ length: 24 }, (_, i) => (i * 2) % 5);
  const network = branching({
    outputOf: (i) => i,
    forward: async (_xt, _active, rows) => {
      const data = Float32Array.from({ length: rows.length * V }, (_, cell) =>
        cell % V === text[rows[Math.floor(cell / V)]] ? 9 : 0,
      );
      return { logits: { shape: [rows.length, V], data }, memory: new Map() };
    },
    evict: () => new Map(),
    merge: () => new Map(),
  });
  const forwards = async (ahead: number): Promise<number> => {
    const speculating = withSpeculation(network, {
      blockLength: 4,
      maskId: M,
      ahead,
      longest: 24,
      decoding: { forbidden: [M] },
    });
    const canvas = new Int32Array(text.length).fill(M);
    const options = { maskId: M, blockLength: 4, strategy: unmasking(leftToRight) };
    let written: Int32Array = canvas;
    for await (const { tokens } of sample(speculating.predict, canvas, options)) written = tokens;
    assert.deepEqual(written, text);
    return speculating.forwards();
  };
  // the first of all has nothing to go by
  assert.equal(await forwards(1), 1 + 2 * 6);
  assert.equal(await forwards(4), 1 + 6);
});

test('law: fillings are the likeliest of all, the likeliest first', () => {
  const rows = fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 200 }), (weights, count) => {
      const positions = Int32Array.from(weights, (_, i) => 2 * i + 1);
      const data = Float32Array.from(weights.flat(), Math.log);
      const candidates = candidatesOf({ logits: { shape: [weights.length, 3], data }, rows: positions }, 3);
      const probability = (filling: readonly number[]): number =>
        filling.reduce(
          (p, token, n) => (p * weights[n][token]) / weights[n].reduce((sum, w) => sum + w, 0),
          1,
        );
      const all: number[][] = [];
      for (let [longest, n] = [[[]] as number[][], 0]; n < weights.length; n++) {
        longest = longest.flatMap((filling) => [0, 1, 2].map((token) => [...filling, token]));
        all.push(...longest);
      }
      const expected = all
        .map(probability)
        .sort((a, b) => b - a)
        .slice(0, count);
      const found = likeliestFillings(candidates, [...positions], count);
      assert.equal(new Set(found.map(String)).size, expected.length);
      for (const [n, filling] of found.entries())
        assert.ok(Math.abs(probability(filling) - expected[n]) < 1e-6 * expected[n]);
    }),
    { seed: 4, numRuns: 200 },
  );
});
