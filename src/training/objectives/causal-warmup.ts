import { rowsOf } from '../../diffusion/clean-windows.ts';
import type { Objective } from './objective.ts';

/**
 * An objective before which a mask predictor learns as a causal model: each token of clean text from those before it.
 *
 *     step < updates:  ℒ = 1/B · Σ_b 1/n_b · Σ_{i>0} −log p_θ(x_0^i | x_0^{<i}),  attention to no later position
 *
 * A mask predictor that begins from nothing spends its first updates on how frequent each token is; which tokens follow each
 * other is learned faster where all of them are seen and all are scored. It is for a network that predicts each token at the
 * position before it, so that the same output is right for both, as in `--from` a causal model (DiffuLLaMA, arXiv:2410.17891).
 *
 * @param updates  of the beginning
 */
export function withCausalWarmup(objective: Objective, { updates }: { readonly updates: number }): Objective {
  return (windows, place) => {
    if (place.step >= updates) return objective(windows, place);
    const L = windows.shape[1];
    const rows: number[] = [];
    const targets: number[] = [];
    const weights: number[] = [];
    for (const [b, { x0, positions }] of rowsOf(windows).entries()) {
      for (const i of positions) {
        if (i === 0) continue; // nothing stands before it; the output of the others is that of the position before
        rows.push(b * L + i);
        targets.push(x0[i]);
        weights.push(1 / (place.batchRows * positions.length));
      }
    }
    const mask = Uint8Array.from({ length: L * L }, (_, index) =>
      index % L <= Math.floor(index / L) ? 1 : 0,
    );
    return {
      tokens: { shape: windows.shape, data: windows.data.slice() },
      rows: Int32Array.from(rows),
      targets: Int32Array.from(targets),
      weights: Float32Array.from(weights),
      attentionMask: { shape: [1, L, L], data: mask },
    };
  };
}
