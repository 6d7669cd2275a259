import type { SharedScoring } from '../likelihood/scored-canvas.ts';
import type { Ranks } from '../ranks/ranks.ts';

/** Scoring by all ranks. */
export const sharedScoring = ({ rank, size, gather }: Ranks): SharedScoring => ({
  rank,
  size,
  async gather(costs) {
    const all = await gather(new Uint8Array(costs.buffer, costs.byteOffset, costs.byteLength));
    return all.map((bytes) => new Float64Array(bytes.slice().buffer));
  },
});
