import { doubledMask, doubledPositions } from '../../diffusion/block-diffusion.ts';
import type { CleanWindows } from '../../diffusion/clean-windows.ts';
import { scoredBatch } from '../../likelihood/scored-canvas.ts';
import { compare, type Judges, measuresOf } from '../../likelihood/preference-comparison.ts';
import type { ValidationScoring } from '../../likelihood/validation.ts';
import type { TrainingBatch } from '../learner.ts';
import type { BatchPlace } from './objective.ts';

/** Pairs of answers become what the network reads: a function of its arguments and of the policy's present weights. */
export type PreferenceObjective = (pairs: CleanWindows, place: BatchPlace) => Promise<TrainingBatch>;

/**
 * Learning from pairs of answers: DPO on the likelihood bound, the VRPO of LLaDA 1.5, arXiv:2505.19223.
 *
 *     ℒ  = 1/P · Σ_pairs −log σ(z)                               z: see `compare`
 *     ∂ℒ = 1/P · Σ_pairs −β σ(−z) · (∂B_θ(y_w) − ∂B_θ(y_l))
 *
 * Once z is known, that gradient is one of a weighted sum of cross-entropies. So the batch is like any other: the canvases
 * that z was measured on, on which a row counts what it does in −B, times β σ(−z) / P for the chosen answer and the negative
 * of it for the rejected one. It costs one more forward than a loss in the graph would, which would need its own graph.
 * A causal model's B is exact, and this then DPO itself.
 *
 * Windows have two rows for each pair, the chosen answer first; places are told in rows.
 *
 * @param scoringAt    the masks of an update
 * @param blockLength  of a model that writes in blocks, whose canvases are [x_t ; x_0]
 */
export function preferences({
  scoringAt,
  blockLength,
  ...judges
}: Judges & {
  readonly scoringAt: (step: number) => ValidationScoring;
  readonly blockLength?: number;
}): PreferenceObjective {
  const { beta } = judges;
  return async (pairs, { step, firstRow, batchRows }) => {
    const [rows, L] = pairs.shape;
    const how = { scoring: scoringAt(step), firstIndex: firstRow };
    const { margins, canvases } = await compare(judges, pairs, how);
    const all = canvases.flat();
    const weights = canvases.flatMap((draws, row) => {
      const z = margins[row >> 1];
      const push = beta / (1 + Math.exp(z)) / (batchRows / 2) / draws.length;
      const signed = row % 2 === 0 ? push : -push;
      return draws.flatMap(({ rows: { length }, weight }) =>
        Array.from({ length }, (_, r) => signed * (typeof weight === 'number' ? weight : weight[r])),
      );
    });
    const { loss, ...others } = measuresOf(margins);
    const share = rows / batchRows;
    return {
      ...scoredBatch(all),
      weights: Float32Array.from(weights),
      ...(blockLength !== undefined && {
        positions: doubledPositions(all.length, L),
        attentionMask: doubledMask(L, blockLength),
      }),
      textTokens: rows * L,
      measured: {
        loss: share * loss,
        others: Object.fromEntries(Object.entries(others).map(([name, value]) => [name, share * value])),
      },
    };
  };
}
