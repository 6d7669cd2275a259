import { byBlock, doubledMask, doubledPositions, doubledRow } from '../../diffusion/block-diffusion.ts';
import { forwardProcess, lossWeight, maskProbability } from '../../diffusion/forward.ts';
import type { Noising } from '../../diffusion/forward.ts';
import { lowDiscrepancy } from '../../diffusion/times.ts';
import type { TimeSampler } from '../../diffusion/times.ts';
import { rowsOf, shiftedRight } from '../../diffusion/clean-windows.ts';
import type { CleanWindows } from '../../diffusion/clean-windows.ts';
import { invariant } from '../../base/errors.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import type { Uniform } from '../../base/random.ts';
import type { TrainingBatch } from '../learner.ts';

/** Where a micro-batch lies in the batch of an optimiser step. */
export interface BatchPlace {
  /** The optimiser's step, from 0. */
  readonly step: number;
  /** The row of the whole batch that the micro-batch begins with: rows are numbered through the micro-batches. */
  readonly firstRow: number;
  /** The rows of the whole batch, all micro-batches of the step together: B in 1/(B · L). */
  readonly batchRows: number;
}

/**
 * What is learned: clean windows become what the network reads and is scored on. A function of its arguments alone, so a
 * resumed run sees the same batches, and a batch cut into micro-batches has the rows and weights of the whole one.
 */
export type Objective = (windows: CleanWindows, place: BatchPlace) => TrainingBatch;

/**
 * Masked diffusion, LLaDA Algorithms 1 and 2: a time for each sequence, every token masked with p(t), the masked ones scored.
 *
 *     ℒ = 1/B · Σ_b 1/n_b · w_ε(t_b) · Σ_i 1[x_t^i = M] · CE_i        w_ε(t) = −α′(t) / p(t), see `lossWeight`
 *
 * n_b counts the tokens of row b that can be masked: L in pre-training, the answer's length in fine-tuning. With the linear
 * schedule that is LLaDA's guidelines to the letter: the sum of CE / p, over B · L. Its mean is the bound in nats a token.
 * A row in which no token was masked contributes 0; a batch of such rows alone has no row to score.
 *
 * @param times  how the times of the whole batch are drawn. Default: low-discrepancy
 */
export function maskedDiffusion({
  seed,
  times = lowDiscrepancy,
  ...options
}: Noising & { seed: number; maskId: number; times?: TimeSampler }): Objective {
  return (windows, { step, firstRow, batchRows }) => {
    const lastRow = firstRow + windows.shape[0];
    return noisedBatch(windows, {
      ...options,
      times: times(batchRows, uniforms(seed, 'time', step)).subarray(firstRow, lastRow),
      noise: (b) => uniforms(seed, 'mask', step, firstRow + b),
      batchRows,
    });
  };
}

/** The batch of `maskedDiffusion` with given times and noise. */
export function noisedBatch(
  windows: CleanWindows,
  {
    times,
    noise,
    batchRows,
    ...options
  }: Noising & {
    maskId: number;
    /** t of each row   [B] */
    times: ArrayLike<number>;
    /** The uniforms of a row, by position. */
    noise: (row: number) => Uniform;
    /** See `BatchPlace`. */
    batchRows: number;
    /** See `maskProbability`. */
    round?: (value: number) => number;
  },
): TrainingBatch {
  const [B, L] = windows.shape;
  invariant(times.length === B, `${B} rows need ${B} times, got ${times.length}`);
  const tokens = windows.data.slice();
  const rows: number[] = [];
  const weights: number[] = [];
  for (const [b, { x0, maskable, positions }] of rowsOf(windows).entries()) {
    const noised = forwardProcess(x0, times[b], { ...options, maskable, noise: noise(b) });
    tokens.set(noised.xt, b * L);
    for (const i of noised.rows) {
      rows.push(b * L + i);
      weights.push(lossWeight(times[b], options) / (batchRows * positions.length));
    }
  }
  return scored(windows, tokens, rows, weights);
}

/**
 * Block diffusion, BD3-LM Eq. (8): each block of x_0 from its noisy self and the clean blocks before it, all in one forward
 * over [x_t ; x_0] under the mask of `doubledMask`. Every block has a time of its own.
 *
 *     ℒ = 1/B · Σ_b 1/n_b · Σ_k w_ε(t_{b,k}) · Σ_{i in block k} 1[x_t^i = M] · CE_i
 *
 * Its mean is the bound in nats a token. A block of one token costs the same at every time: all of them are masked, and the
 * loss is that of `autoregressive`, for a network that reads [MASK] where it predicts. One block over the whole window is
 * `maskedDiffusion`, without the clean half.
 */
export function blockDiffusion({
  seed,
  times = lowDiscrepancy,
  blockLength: blockLengthAt,
  shiftedLogits = false,
  ...options
}: Noising & {
  seed: number;
  maskId: number;
  times?: TimeSampler;
  /** Of an update. */
  blockLength: (step: number) => number;
  /** Whether the network predicts each token at the position before it. */
  shiftedLogits?: boolean;
}): Objective {
  const whole = maskedDiffusion({ seed, times, ...options });
  return (windows, place) => {
    const [B, L] = windows.shape;
    const { step, firstRow, batchRows } = place;
    const blockLength = blockLengthAt(step);
    if (blockLength >= L) return whole(windows, place);
    const blocks = Math.ceil(L / blockLength);
    const drawn = times(batchRows * blocks, uniforms(seed, 'time', step));
    const tokens = new Int32Array(2 * B * L);
    const rows: number[] = [];
    const targets: number[] = [];
    const weights: number[] = [];
    for (const [b, { x0, positions }] of rowsOf(windows).entries()) {
      const noise = uniforms(seed, 'mask', step, firstRow + b);
      const doubled = tokens.subarray(2 * b * L, 2 * (b + 1) * L);
      doubled.set(x0);
      doubled.set(x0, L);
      for (const block of byBlock(positions, blockLength)) {
        const t = drawn[(firstRow + b) * blocks + Math.floor(block[0] / blockLength)];
        const [p, weight] =
          blockLength === 1 ? [1, 1] : [maskProbability(t, options), lossWeight(t, options)];
        for (const i of block) {
          if (noise(i) >= p) continue;
          doubled[i] = options.maskId;
          rows.push(2 * b * L + doubledRow(i, L, blockLength, shiftedLogits));
          targets.push(x0[i]);
          weights.push(weight / (batchRows * positions.length));
        }
      }
    }
    return {
      tokens: { shape: [B, 2 * L], data: tokens },
      rows: Int32Array.from(rows),
      targets: Int32Array.from(targets),
      weights: Float32Array.from(weights),
      positions: doubledPositions(B, L),
      attentionMask: doubledMask(L, blockLength),
      textTokens: B * L,
    };
  };
}

/**
 * The objective on windows of which some begin with text that is given, not masked: what a mask predictor meets when it goes on
 * from a prompt, or block after block, and hardly ever when every token is masked alike. The loss of such a window is that of
 * an answer, LLaDA Eq. (5), with the text behind a place drawn uniformly for the answer.
 *
 * @param share  of the windows, drawn one by one
 */
export function withPrompts(
  objective: Objective,
  { seed, share }: { seed: number; share: number },
): Objective {
  return (windows, place) => {
    const [B, L] = windows.shape;
    const maskable = windows.maskable?.slice() ?? new Uint8Array(B * L).fill(1);
    for (let b = 0; b < B; b++) {
      const uniform = uniforms(seed, 'prompt', place.step, place.firstRow + b);
      if (uniform(0) < share) maskable.fill(0, b * L, b * L + integerBelow(L, uniform(1)));
    }
    return objective({ ...windows, maskable }, place);
  };
}

/**
 * The autoregressive baseline: each token from those before it.
 *
 *     ℒ = 1/B · Σ_b 1/n_b · Σ_i −log p_θ(x_0^i | x_0^{<i})
 *
 * @param startId  what the network reads before the first token
 */
export function autoregressive({ startId }: { startId: number }): Objective {
  return (windows, { batchRows }) => {
    const [, L] = windows.shape;
    const tokens = new Int32Array(windows.data.length);
    const rows: number[] = [];
    const weights: number[] = [];
    for (const [b, { x0, positions }] of rowsOf(windows).entries()) {
      tokens.set(shiftedRight(x0, startId), b * L);
      for (const i of positions) {
        rows.push(b * L + i);
        weights.push(1 / (batchRows * positions.length));
      }
    }
    return scored(windows, tokens, rows, weights);
  };
}

function scored(
  { shape, data }: CleanWindows,
  tokens: Int32Array,
  rows: readonly number[],
  weights: readonly number[],
): TrainingBatch {
  return {
    tokens: { shape, data: tokens },
    rows: Int32Array.from(rows),
    targets: Int32Array.from(rows, (row) => data[row]),
    weights: Float32Array.from(weights),
  };
}
