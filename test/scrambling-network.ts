import assert from 'node:assert/strict';
import type { CachedNetwork } from '../src/sampling/cache.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';

/** Tokens, the mask included. */
export const V = 7;
/** The mask. */
export const M = 6;

/** Whether a position sees another. */
export type Sees = (query: number, key: number) => boolean;
/** What is known of a position in each layer. */
export type ScrambledMemory = ReadonlyMap<number, readonly [first: number, second: number]>;

/**
 * A network without meaning, of two layers: what it knows of a position depends on the tokens that the position sees,
 * and what it predicts there on what it knows of the positions that it sees.
 */
export function scrambling(
  sees: Sees,
  { shifted = false, onForward }: { shifted?: boolean; onForward?: (active: readonly number[]) => void } = {},
): CachedNetwork<ScrambledMemory> {
  const outputOf = (i: number): number => (shifted && i > 0 ? i - 1 : i);
  const mix = (state: number, value: number): number => Math.imul(state ^ value, 0x01000193) ^ (state >>> 9);
  return {
    outputOf,
    async forward(xt, active, rows, memory = new Map()) {
      onForward?.([...active]);
      const known = new Map(memory);
      // a causal network reads the token before
      const read = (i: number): number => (sees === causal ? (i === 0 ? 99 : xt[i - 1]) : xt[i]);
      for (const i of active) known.set(i, [mix(mix(17, i), read(i)), 0]);
      const seenFrom = (i: number, layer: 0 | 1): number =>
        [...known.keys()]
          .filter((key) => sees(i, key))
          .reduce((sum, key) => (sum + Math.imul(known.get(key)![layer], 0x9e3779b1)) | 0, i);
      const made = new Map(
        Array.from(active, (i) => [i, [known.get(i)![0], mix(seenFrom(i, 0), i)] as const]),
      );
      for (const [i, pair] of made) known.set(i, pair);
      const data = Float32Array.from({ length: rows.length * V }, (_, index) => {
        const output = outputOf(rows[Math.floor(index / V)]);
        assert.ok(made.has(output), `the output of ${output} is wanted and not computed`);
        return 3 * Math.sin(mix(seenFrom(output, 1), index % V) >>> 8);
      });
      return { logits: { shape: [rows.length, V], data }, memory: made };
    },
    evict: (memory, positions) => new Map([...memory].filter(([i]) => !positions.has(i))),
    merge(a, b) {
      for (const i of b.keys()) assert.ok(!a.has(i), `${i} is remembered twice`);
      return new Map([...a, ...b]);
    },
  };
}

/** The same network without a memory. */
export const whole =
  (network: CachedNetwork<ScrambledMemory>): MaskPredictor =>
  async (xt, rows, context) =>
    (await network.forward(xt, Int32Array.from(xt.keys()), rows, undefined, context)).logits;

export const all: Sees = () => true;
export const causal: Sees = (query, key) => key <= query;
export const inBlocks =
  (N: number): Sees =>
  (query, key) =>
    Math.floor(key / N) <= Math.floor(query / N);
