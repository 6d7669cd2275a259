import { maskProbability, type Noising } from '../../diffusion/forward.ts';
import { rowsOf } from '../../diffusion/clean-windows.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import type { TrainingBatch } from '../learner.ts';
import type { Objective } from './objective.ts';

/** How holes are made whose length is not that of their text. */
export interface HoleOptions extends Noising {
  readonly seed: number;
  readonly maskId: number;
  /** What a mask is that stands for two tokens. */
  readonly expandId: number;
  /** What a mask is that stands for none. */
  readonly deleteId: number;
  /** Of the windows, drawn one by one. */
  readonly share: number;
  /** Masks of a hole that stand for none, at most, and tokens that have no mask of their own. */
  readonly surplus: number;
}

/**
 * The objective on windows of which some have a hole whose masks are not as many as its tokens: so a model learns to say
 * that a hole is too short or too long. DreamOn, arXiv:2602.01326; a third of the holes each
 *
 * - is too short: two neighbours that are both masked become one mask, labelled expand, with probability 1/2;
 * - is too long: at its end are s masks more, labelled delete, s uniform in 1 … surplus;
 * - is as long as its tokens.
 *
 * At time t a token of the hole is masked with p(t), and each of the s is still there with p(t). Half of the holes are masked
 * whole, t = 1, as those are that infilling begins with: a run of masks in a hole that is partly written is nearly always
 * the surplus at its end, and a model that saw only such deletes what it is given. For the same reason short holes are as
 * frequent as long ones, the length being log-uniform. The loss of a window is the mean over its masks: what a mask weighs
 * follows from what is seen, so that the odds which are learned are those of the labels.
 *
 * Rows are `surplus` tokens shorter than windows: as long whatever was merged and added, so that their length tells nothing.
 *
 * @param objective  of the other windows
 */
export function withHoles(objective: Objective, options: HoleOptions): Objective {
  const { seed, share, surplus } = options;
  return (windows, place) => {
    const [, L] = windows.shape;
    const W = L - surplus;
    if (W <= 2 * surplus) return objective(windows, place); // a batch of short windows
    const hasHole = (b: number) => uniforms(seed, 'hole', place.step, place.firstRow + b)(0) < share;
    const plain = objective(firstTokens(windows, W), place);
    const tokens = plain.tokens.data.slice();
    const scored: Scored[] = [];
    for (let r = 0; r < plain.rows.length; r++) {
      if (hasHole(Math.floor(plain.rows[r] / W))) continue;
      scored.push({ row: plain.rows[r], target: plain.targets[r], weight: plain.weights[r] });
    }
    for (const [b, { x0 }] of rowsOf(windows).entries()) {
      if (!hasHole(b)) continue;
      const { step, firstRow, batchRows } = place;
      const holed = withHole(x0, W, step, firstRow + b, options);
      tokens.set(holed.tokens, b * W);
      for (const { row, target, weight } of holed.scored)
        scored.push({ row: b * W + row, target, weight: weight / batchRows });
    }
    scored.sort((x, y) => x.row - y.row);
    return batchOf(plain, tokens, scored);
  };
}

interface Scored {
  readonly row: number;
  readonly target: number;
  readonly weight: number;
}

const fits = ['short', 'right', 'long'] as const;

/** One window with a hole, as W tokens. The weights are those of the window's own loss. */
function withHole(
  x0: Int32Array,
  W: number,
  step: number,
  sample: number,
  { seed, maskId, expandId, deleteId, surplus, ...noising }: HoleOptions,
): { tokens: number[]; scored: Scored[] } {
  const uniform = uniforms(seed, 'hole', step, sample);
  const start = integerBelow(W - surplus, uniform(1));
  const longest = W - surplus - start;
  const length = Math.min(longest, Math.floor((longest + 1) ** uniform(2)));
  const t = Math.min(1, 2 * uniform(3));
  const fit = fits[integerBelow(fits.length, uniform(4))];
  const p = maskProbability(t, noising);
  const [masked, coin] = [0, 1].map((which) => (i: number) => uniform(6 + 2 * i + which));

  const tokens = [...x0.subarray(0, start)];
  const masks: Omit<Scored, 'weight'>[] = [];
  const mask = (target: number) => {
    masks.push({ row: tokens.length, target });
    tokens.push(maskId);
  };
  const isMasked = (i: number) => i < start + length && masked(i) < p;
  let merged = 0;
  for (let i = start; i < start + length; i++) {
    if (!isMasked(i)) tokens.push(x0[i]);
    else if (fit === 'short' && merged < surplus && isMasked(i + 1) && coin(i) < 0.5) {
      mask(expandId);
      merged++;
      i++;
    } else mask(x0[i]);
  }
  const extra = fit === 'long' ? 1 + integerBelow(surplus, uniform(5)) : 0;
  for (let j = 0; j < extra; j++) if (masked(x0.length + j) < p) mask(deleteId);
  for (let i = start + length; tokens.length < W; i++) tokens.push(x0[i]);
  return { tokens, scored: masks.map((each) => ({ ...each, weight: 1 / masks.length })) };
}

function firstTokens({ shape: [B, L], data, maskable }: Parameters<Objective>[0], W: number) {
  const cut = <T extends Int32Array | Uint8Array>(rows: T): T =>
    rows.filter((_, index) => index % L < W) as T;
  return { shape: [B, W], data: cut(data), ...(maskable && { maskable: cut(maskable) }) };
}

function batchOf(plain: TrainingBatch, data: Int32Array, scored: readonly Scored[]): TrainingBatch {
  return {
    ...plain,
    tokens: { shape: plain.tokens.shape, data },
    rows: Int32Array.from(scored, ({ row }) => row),
    targets: Int32Array.from(scored, ({ target }) => target),
    weights: Float32Array.from(scored, ({ weight }) => weight),
  };
}
