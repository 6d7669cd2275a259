import { uniforms } from '../../base/random.ts';
import type { Objective } from './objective.ts';

/**
 * An objective under which a causal model's attention mask is annealed: each pair of a position and a later one is open
 * with a probability that grows from 0 to 1 with the updates. DiffuLLaMA (Gong et al. 2024, arXiv:2410.17891), section 3.2.
 *
 * @param updates  after so many there is no mask any more
 */
export function withAnnealedAttention(
  objective: Objective,
  { seed, updates }: { readonly seed: number; readonly updates: number },
): Objective {
  return (windows, place) => {
    const batch = objective(windows, place);
    const open = place.step / updates;
    if (open >= 1) return batch;
    const L = batch.tokens.shape[1];
    const uniform = uniforms(seed, 'attention', place.step);
    const data = Uint8Array.from({ length: L * L }, (_, index) => {
      const [query, key] = [Math.floor(index / L), index % L];
      return key <= query || uniform(index) < open ? 1 : 0;
    });
    return { ...batch, attentionMask: { shape: [1, L, L], data } };
  };
}
