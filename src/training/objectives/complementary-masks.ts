import { lossWeight, maskProbability, type Noising } from '../../diffusion/forward.ts';
import { lowDiscrepancy, type TimeSampler } from '../../diffusion/times.ts';
import { rowsOf } from '../../diffusion/clean-windows.ts';
import { uniforms } from '../../base/random.ts';
import { maskedDiffusion, type Objective } from './objective.ts';

/**
 * Masked diffusion on every window twice: what one copy masks with p(t), the other shows, and the other way round. So each
 * token is learned once from each window, whatever t is. LLaDA2.0, arXiv:2512.15745, in fine-tuning.
 *
 * A token of the second copy is masked with q = 1 − p. Its weight is −α′(t) / q, by which that copy costs the mean of g over
 * [0, 1 − ε] as the first costs that over [ε, 1] (`lossWeight`); q counts as ε where it is less. The loss is the mean of both.
 */
export function complementaryDiffusion({
  seed,
  maskId,
  times = lowDiscrepancy,
  ...noising
}: Noising & { seed: number; maskId: number; times?: TimeSampler }): Objective {
  const { eps = 1e-3 } = noising;
  const once = maskedDiffusion({ seed, maskId, times, ...noising });
  return (windows, place) => {
    const [B, L] = windows.shape;
    const { step, firstRow, batchRows } = place;
    const first = once(windows, place);
    const drawn = times(batchRows, uniforms(seed, 'time', step));
    const isMasked = new Uint8Array(B * L);
    for (const row of first.rows) isMasked[row] = 1;
    const tokens = new Int32Array(2 * B * L);
    tokens.set(first.tokens.data);
    tokens.set(windows.data, B * L);
    const rows = [...first.rows];
    const weights = [...first.weights];
    for (const [b, { positions }] of rowsOf(windows).entries()) {
      const t = drawn[firstRow + b];
      const p = maskProbability(t, noising);
      const weight = (lossWeight(t, noising) * p) / Math.max(eps, 1 - p);
      for (const i of positions) {
        if (isMasked[b * L + i]) continue;
        tokens[(B + b) * L + i] = maskId;
        rows.push((B + b) * L + i);
        weights.push(weight / (batchRows * positions.length));
      }
    }
    return {
      tokens: { shape: [2 * B, L], data: tokens },
      rows: Int32Array.from(rows),
      targets: Int32Array.from(rows, (row) => windows.data[row % (B * L)]),
      weights: Float32Array.from(weights, (weight) => weight / 2),
      textTokens: B * L,
    };
  };
}
