import { byBlock, doubledRow } from '../diffusion/block-diffusion.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { choose, integerBelow } from '../base/random.ts';
import type { Uniform } from '../base/random.ts';
import { costsOf, maskedCanvas } from './scored-canvas.ts';
import type { Canvas } from './scored-canvas.ts';
import type { RowScorer } from './scorer.ts';

/** −log p_θ of a text, or a bound above it. */
export interface Likelihood {
  /** Nats, of all scored tokens together. */
  readonly nats: number;
  /** The standard error of `nats` from the masks drawn: 0 for what is exact, NaN where a single draw cannot tell. */
  readonly standardError: number;
  /** Canvases that the network read. */
  readonly forwards: number;
}

/** A clean text, and how many canvases of it the scorer sees at once. */
export interface LikelihoodOptions {
  /** Clean tokens   [L] */
  readonly x0: Int32Array;
  readonly maskId: number;
  /** Canvases that the scorer gets at once. Default: 16. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
}

/** What a bound is asked of, and how often it is drawn. */
export interface BoundOptions extends LikelihoodOptions {
  /** The positions whose likelihood is asked for, given the rest: the answer, given the prompt. Default: all. */
  readonly positions?: Int32Array;
  /** Masks drawn; 128 in LLaDA's evaluation. Where only one position is scored, one says all. */
  readonly draws: number;
  readonly uniform: Uniform;
}

/**
 * An upper bound on −log p_θ(x_0 at `positions` | the rest), by the estimator of low variance.
 *
 *     −log p_θ(x_0) ≤ E_l E_{|M| = l} [ n/l · Σ_{i ∈ M} CE_i ],   l uniform in 1 … n          LLaDA Eq. (6), (14)
 *
 * Its mean is that of the bound over t (Eq. 4), with less noise: if all CE_i are equal, every draw gives the bound.
 *
 * @throws InvalidOptionError  when draws is not a whole number of at least 1
 */
export async function bound(score: RowScorer, options: BoundOptions): Promise<Likelihood> {
  const { positions = allOf(options.x0) } = options;
  const costs = await costsOf(score, noisedCanvases(options), options);
  return {
    nats: mean(costs),
    standardError: positions.length < 2 ? 0 : stratifiedError(costs),
    forwards: costs.length,
  };
}

/**
 * The bound of a model that writes block after block: each block is given those before it, and those after it are [MASK].
 *
 *     −log p_θ(x_0) ≤ Σ_blocks E_l E_{|M| = l, M ⊂ block} [ B′/l · Σ_{i ∈ M} CE_i ]
 *
 * With blocks of one token it is the exact chain rule from left to right; with a single block it is `bound`.
 *
 * @param blockLength  B′, the positions of a block; the last block may be shorter
 * @param draws        masks drawn for each block
 * @throws InvalidOptionError  when blockLength or draws is not a whole number of at least 1
 */
export async function blockBound(
  score: RowScorer,
  { blockLength, ...options }: BoundOptions & { readonly blockLength: number },
): Promise<Likelihood> {
  const { x0, maskId, positions = allOf(x0), draws, uniform } = options;
  if (!(Number.isInteger(blockLength) && blockLength >= 1)) {
    throw new InvalidOptionError('blockLength', 'must be a whole number of at least 1', blockLength);
  }
  let nats = 0;
  let variance = 0;
  let forwards = 0;
  for (let start = 0; start < positions.length; start += blockLength) {
    const laterMasked = x0.slice();
    for (const later of positions.subarray(start + blockLength)) laterMasked[later] = maskId;
    const block = await bound(score, {
      ...options,
      x0: laterMasked,
      positions: positions.subarray(start, start + blockLength),
      // a block of n looks up 1 + draws · n numbers: each has its own
      uniform: (position) => uniform(start * (draws + 1) + position),
    });
    nats += block.nats;
    variance += block.standardError ** 2;
    forwards += block.forwards;
  }
  return { nats, standardError: Math.sqrt(variance), forwards };
}

/**
 * The same of a network that was trained in blocks, which begin at multiples of their length: a canvas is [x_t ; x_0], so
 * that one forward draws masks in every block.
 *
 * @param score          of canvases of 2L tokens, at `doubledPositions` under `doubledMask`
 * @param shiftedLogits  whether the network predicts each token at the position before it
 */
export async function doubledBound(score: RowScorer, options: DoubledOptions): Promise<Likelihood> {
  // each canvas brings a mask of 4 L² bytes
  const { batch = Math.max(1, Math.min(16, Math.floor(2 ** 22 / options.x0.length ** 2))) } = options;
  const costs = await costsOf(score, doubledCanvases(options), { ...options, batch });
  return {
    nats: mean(costs),
    standardError: costs.length < 2 ? 0 : stratifiedError(costs),
    forwards: costs.length,
  };
}

/** What the bound of block diffusion needs beside: the network reads [x_t ; x_0], as in training. */
export interface DoubledOptions extends BoundOptions {
  readonly blockLength: number;
  readonly shiftedLogits?: boolean;
}

/** The canvases of `doubledBound`: the draws of every block's `noisedCanvases`, side by side. */
export function doubledCanvases({
  x0,
  positions = allOf(x0),
  blockLength,
  shiftedLogits = false,
  uniform,
  ...options
}: Omit<DoubledOptions, 'batch' | 'signal'>): Canvas[] {
  const L = x0.length;
  const blocks = byBlock(positions, blockLength).map((block) =>
    noisedCanvases({
      ...options,
      x0,
      positions: block,
      uniform: (position) => uniform(block[0] * (options.draws + 1) + position),
    }),
  );
  const draws = blocks.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: draws }, (_, j) => {
    // a block of one token has one draw, which is exact
    const drawn = blocks.map((canvases) => canvases[j % canvases.length]);
    const tokens = new Int32Array(2 * L);
    tokens.set(x0);
    tokens.set(x0, L);
    const scored = drawn.flatMap(({ rows, weight }) =>
      Array.from(rows, (i) => ({ row: doubledRow(i, L, blockLength, shiftedLogits), i, weight })),
    );
    for (const { i } of scored) tokens[i] = options.maskId;
    return {
      tokens,
      rows: Int32Array.from(scored, ({ row }) => row),
      targets: Int32Array.from(scored, ({ i }) => x0[i]),
      weight: Float64Array.from(scored, ({ weight }) => weight as number),
    };
  });
}

/**
 * The exact −log p_θ of writing the positions one at a time in a given order.
 *
 *     −log p_θ(x_0; π) = −Σ_k log p_θ(x_0^{π_k} | x_0^{π_1} … x_0^{π_{k−1}}, the rest of π [MASK])
 *
 * Its mean over uniformly random orders is the bound (any-order chain rule; LLaDA Eq. 14 and its proof).
 *
 * @param order  positions, first written first; those that are not in it are given
 */
export async function chainRule(
  score: RowScorer,
  { x0, maskId, order, ...options }: LikelihoodOptions & { readonly order: Int32Array },
): Promise<Likelihood> {
  const costs = await costsOf(score, canvases(), options);
  return { nats: costs.reduce((sum, cost) => sum + cost, 0), standardError: 0, forwards: costs.length };

  function* canvases(): Generator<Canvas> {
    for (const [k, position] of order.entries()) {
      const tokens = x0.slice();
      for (const unwritten of order.subarray(k)) tokens[unwritten] = maskId;
      yield { tokens, rows: Int32Array.of(position), targets: Int32Array.of(x0[position]), weight: 1 };
    }
  }
}

/**
 * How many tokens each draw masks: spread evenly over 1 … n, from a random start.
 *
 *     l_j = 1 + (k − 1 + ⌊j · n / draws + ½⌋) mod n                     j = 0 … draws − 1
 *
 * As LLaDA's `get_log_likelihood.py`, except that halves are rounded up. It rounds them to even, which leaves out some
 * counts where j · n / draws is a whole number and a half, so that the mean is not quite the bound.
 *
 * @param n  positions that can be masked
 * @param k  uniform in 1 … n
 */
export function stratifiedCounts(n: number, draws: number, k: number): Int32Array {
  return Int32Array.from({ length: draws }, (_, j) => 1 + ((k - 1 + Math.floor((j * n) / draws + 0.5)) % n));
}

/**
 * The canvases whose mean cost is the bound: a random set of l positions masked in each, with weight n / l; l ascending.
 *
 * They look up the uniforms 0 … draws · n.
 */
export function noisedCanvases({
  x0,
  maskId,
  positions = allOf(x0),
  draws,
  uniform,
}: Omit<BoundOptions, 'batch' | 'signal'>): Canvas[] {
  if (!(Number.isInteger(draws) && draws >= 1)) {
    throw new InvalidOptionError('draws', 'must be a whole number of at least 1', draws);
  }
  const n = positions.length;
  if (n === 0) return [];
  const k = 1 + integerBelow(n, uniform(0));
  const counts = stratifiedCounts(n, n === 1 ? 1 : draws, k).sort();
  return Array.from(counts, (l, j) => {
    const rows = choose(n, l, (i) => uniform(1 + j * n + i)).map((index) => positions[index]);
    return maskedCanvas(x0, rows, n / l, maskId);
  });
}

/** The mean; of nothing it is 0. */
export function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The standard error of the mean of draws that are ordered by their stratum, from the differences of neighbours.
 *
 *     s² = Σ_j (y_j − y_{j−1})² / (2 D (D − 1))
 *
 * Neighbours mask nearly the same number of tokens, so they differ by the noise that stratifying leaves. The deviations
 * from the mean would also count the spread between few masks and many, which the strata have taken out of the mean.
 *
 * @returns NaN for a single draw
 */
export function stratifiedError(values: Float64Array): number {
  const D = values.length;
  let squares = 0;
  for (let j = 1; j < D; j++) squares += (values[j] - values[j - 1]) ** 2;
  return Math.sqrt(squares / (2 * D * (D - 1)));
}

function allOf(x0: Int32Array): Int32Array {
  return Int32Array.from(x0.keys());
}
