import { doubledMask, doubledPositions } from '../diffusion/block-diffusion.ts';
import { notNumbers } from '../base/errors.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import type { Network } from '../model/network.ts';

/** The scorer of a network. */
export function networkScorer(network: Network): RowScorer {
  return async ({ tokens, rows, targets }, signal) =>
    requireNumbers(await network.score(tokens, rows, targets, { signal }));
}

/** @throws UnsupportedError  where a cost is no number */
function requireNumbers(costs: Float32Array): Float32Array {
  if (costs.some(Number.isNaN)) throw notNumbers();
  return costs;
}

/** The scorer of a network that was trained in blocks, for canvases [x_t ; x_0]. */
export function doubledNetworkScorer(network: Network, blockLength: number): RowScorer {
  return async ({ tokens, rows, targets }, signal) => {
    const [B, length] = tokens.shape;
    const { data: mask } = doubledMask(length / 2, blockLength);
    const data = new Uint8Array(B * mask.length);
    for (let b = 0; b < B; b++) data.set(mask, b * mask.length);
    const how = {
      positions: doubledPositions(B, length / 2),
      attentionMask: { shape: [B, length, length], data },
      signal,
    };
    return requireNumbers(await network.score(tokens, rows, targets, how));
  };
}
