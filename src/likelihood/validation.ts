import { rowsOf, shiftedRight } from '../diffusion/clean-windows.ts';
import type { CleanWindow, CleanWindows } from '../diffusion/clean-windows.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { uniforms } from '../base/random.ts';
import { costsOf } from './scored-canvas.ts';
import type { Canvas, ScoringHow } from './scored-canvas.ts';
import { doubledCanvases, mean, noisedCanvases, stratifiedError } from './likelihood.ts';
import type { RowScorer } from './scorer.ts';

/** What a model pays for windows of text that it has not learned from. */
export interface Validation {
  /** The bound (masked diffusion) or the exact −log p (causal), in nats a token. */
  readonly natsPerToken: number;
  /** Its standard error as an estimate for all such text: windows and masks both vary. NaN for a single window. */
  readonly standardError: number;
  /** Its standard error for just these windows, from the masks alone: 0 if exact, NaN for a single draw. */
  readonly maskError: number;
  /** natsPerToken in bits, over the bytes of a token; absent where the bytes are not known. */
  readonly bitsPerByte?: number;
  /** Windows scored. */
  readonly windows: number;
  /** Tokens scored. */
  readonly tokens: number;
}

/** How one window is scored: −log p is the mean cost of its canvases. */
export interface ValidationScoring {
  /** The canvases of the window with this index; none where it has no token to score. */
  readonly canvases: (window: CleanWindow, index: number) => readonly Canvas[];
  /** Whether the mean cost is exact. Otherwise the canvases are random draws, ordered by stratum. */
  readonly exact: boolean;
}

/**
 * The bound of masked diffusion, see `bound`. The masks of a window are the same at every validation of a run,
 * so that two validations differ by what was learned between them.
 *
 * @param draws  masks for each window
 * @param round  draws of another round are others
 */
export function diffusionScoring({
  maskId,
  draws,
  seed,
  round = 0,
}: {
  readonly maskId: number;
  readonly draws: number;
  readonly seed: number;
  readonly round?: number;
}): ValidationScoring {
  return {
    exact: false,
    canvases: ({ x0, positions }, index) =>
      noisedCanvases({ x0, maskId, positions, draws, uniform: uniforms(seed, 'likelihood', round, index) }),
  };
}

/** The bound of block diffusion, see `doubledBound`: canvases are [x_t ; x_0]. */
export function blockScoring({
  seed,
  round = 0,
  ...options
}: {
  readonly maskId: number;
  readonly blockLength: number;
  readonly shiftedLogits?: boolean;
  readonly draws: number;
  readonly seed: number;
  readonly round?: number;
}): ValidationScoring {
  return {
    exact: options.blockLength === 1,
    canvases: ({ x0, positions }, index) =>
      doubledCanvases({ ...options, x0, positions, uniform: uniforms(seed, 'likelihood', round, index) }),
  };
}

/** The exact −log p of a causal model: one canvas for each window. @param startId  read before the first token */
export function causalScoring({ startId }: { readonly startId: number }): ValidationScoring {
  return {
    exact: true,
    canvases: ({ x0, positions }) => {
      if (positions.length === 0) return [];
      const targets = positions.map((position) => x0[position]);
      return [{ tokens: shiftedRight(x0, startId), rows: positions, targets, weight: 1 }];
    },
  };
}

/**
 * Scores windows of held-out text.
 *
 *     nats a token = Σ_w y_w / Σ_w n_w             y_w: nats of window w,  n_w: its tokens
 *
 * The standard error is that of a ratio: √(N/(N − 1) · Σ_w (y_w − n_w · nats a token)²) / Σ_w n_w.
 *
 * @param windows        x_0, and what of it is scored   [N, L]
 * @param bytesPerToken  UTF-8 bytes of the scored text over its tokens
 * @param how            batch, signal, and who else scores the same: see `costsOf`
 * @throws InvalidOptionError  when there is no token to score
 */
export async function validate(
  score: RowScorer,
  windows: CleanWindows,
  {
    scoring,
    bytesPerToken,
    ...how
  }: ScoringHow & {
    readonly scoring: ValidationScoring;
    readonly bytesPerToken?: number;
  },
): Promise<Validation> {
  const scored = rowsOf(windows).filter(({ positions }) => positions.length > 0);
  const N = scored.length;
  if (N === 0) throw new InvalidOptionError('windows', 'must have a token to score', windows.shape);

  const canvasCounts: number[] = [];
  const costs = await costsOf(score, canvases(), how);
  const tokens = scored.reduce((sum, { positions }) => sum + positions.length, 0);
  const nats = new Float64Array(N);
  let maskVariance = 0;
  let first = 0;
  for (const [w, count] of canvasCounts.entries()) {
    const draws = costs.subarray(first, (first += count));
    nats[w] = mean(draws);
    if (!scoring.exact && scored[w].positions.length > 1) maskVariance += stratifiedError(draws) ** 2;
  }
  const natsPerToken = nats.reduce((sum, value) => sum + value, 0) / tokens;
  const squares = scored.reduce(
    (sum, { positions }, w) => sum + (nats[w] - positions.length * natsPerToken) ** 2,
    0,
  );
  return {
    natsPerToken,
    standardError: Math.sqrt((N / (N - 1)) * squares) / tokens,
    maskError: Math.sqrt(maskVariance) / tokens,
    ...(bytesPerToken === undefined ? {} : { bitsPerByte: natsPerToken / Math.LN2 / bytesPerToken }),
    windows: N,
    tokens,
  };

  function* canvases(): Generator<Canvas> {
    for (const [index, window] of scored.entries()) {
      const mine = scoring.canvases(window, index);
      canvasCounts.push(mine.length);
      yield* mine;
    }
  }
}
