import { type CleanWindows, rowsOf } from '../diffusion/clean-windows.ts';
import { type Canvas, costsOf, type ScoringHow } from './scored-canvas.ts';
import { mean } from './likelihood.ts';
import type { RowScorer } from './scorer.ts';
import type { ValidationScoring } from './validation.ts';

/** What a model's preferences are measured with. */
export interface Judges {
  readonly policy: RowScorer;
  /** The model that the policy began as. */
  readonly reference: RowScorer;
  /** β: how much a difference in likelihood counts, the less the farther the policy may go from the reference. */
  readonly beta: number;
}

/** Pairs of answers, compared. */
export interface Compared {
  /** z of each pair   [P] */
  readonly margins: Float64Array;
  /** The canvases that each answer was scored on, the chosen one's first: two rows for each pair. */
  readonly canvases: readonly (readonly Canvas[])[];
}

/**
 * How much more a policy prefers the chosen answers than its reference does.
 *
 *     z = β · [(B_θ(y_w) − B_ref(y_w)) − (B_θ(y_l) − B_ref(y_l))]          LLaDA 1.5, arXiv:2505.19223
 *
 * B is what `scoring` estimates: the bound below log p(y | x), or log p itself of a causal model. Both models score the same
 * canvases, and each canvas is a mask of a time of its own: the two ways in which that paper lowers the variance of z.
 *
 * @param pairs       two rows for each pair, the chosen answer first   [2P, L]
 * @param firstIndex  of the rows, by which their masks are drawn
 * @param options     batch, signal, and who else scores the same: see `costsOf`
 */
export async function compare(
  { policy, reference, beta }: Judges,
  pairs: CleanWindows,
  {
    scoring,
    firstIndex = 0,
    ...options
  }: ScoringHow & { readonly scoring: ValidationScoring; readonly firstIndex?: number },
): Promise<Compared> {
  const canvases = rowsOf(pairs).map((window, row) => scoring.canvases(window, firstIndex + row));
  const logLikelihoods = async (score: RowScorer): Promise<Float64Array> => {
    const costs = await costsOf(score, canvases.flat(), options);
    let first = 0;
    return Float64Array.from(canvases, ({ length }) => -mean(costs.subarray(first, (first += length))));
  };
  const [ours, theirs] = [await logLikelihoods(policy), await logLikelihoods(reference)];
  const margins = Float64Array.from({ length: canvases.length / 2 }, (_, p) => {
    const [w, l] = [2 * p, 2 * p + 1];
    return beta * (ours[w] - theirs[w] - (ours[l] - theirs[l]));
  });
  return { margins, canvases };
}

/** −log σ(z): what a pair costs. Rafailov et al. 2023, arXiv:2305.18290, Eq. (7). */
export const preferenceLoss = (z: number): number => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(0, -z);

/** What is told of pairs: the mean of each. */
export interface PreferenceMeasures {
  /** −log σ(z), in nats a pair: log 2 where the policy is its reference. */
  readonly loss: number;
  /** z */
  readonly margin: number;
  /** The share of pairs with z > 0. */
  readonly accuracy: number;
}

/** What a set of margins says: how many are above 0, their mean, and the loss. */
export function measuresOf(margins: Float64Array): PreferenceMeasures {
  return {
    loss: mean(margins.map(preferenceLoss)),
    margin: mean(margins),
    accuracy: mean(margins.map((z) => Number(z > 0))),
  };
}
