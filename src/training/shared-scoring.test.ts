import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranksTogether } from '../../test/ranks-together.ts';
import { type Canvas, costsOf } from '../likelihood/scored-canvas.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import { sharedScoring } from './shared-scoring.ts';

const score: RowScorer = ({ targets }) => Promise.resolve(Float64Array.from(targets));
const canvases = Array.from({ length: 7 }, (_, i): Canvas => {
  const tokens = Int32Array.of(i, 0);
  return { tokens, rows: Int32Array.of(0), targets: Int32Array.of(i), weight: 2 };
});

/** What ranks come to of which one is told to stop while it waits for the others in its n-th exchange. */
function scoredUntil(size: number, told: number, exchange: number): Promise<unknown[]> {
  const stops = Array.from({ length: size }, () => new AbortController());
  return Promise.all(
    ranksTogether(size).map((ranks, rank) => {
      let exchanges = 0;
      const gather = (bytes: Uint8Array): Promise<Uint8Array[]> => {
        const isHere = rank === told && exchanges++ === exchange;
        const all = ranks.gather(bytes);
        if (isHere) stops[rank].abort();
        return all;
      };
      const shared = sharedScoring({ ...ranks, gather });
      return costsOf(score, canvases, { batch: 1, signal: stops[rank].signal, shared }).then(
        (costs) => [...costs],
        (error: Error) => error.name,
      );
    }),
  );
}

test('of ranks that score together and are told to stop at different moments, all stop at one place or none does', async () => {
  const outcomes = new Set<unknown>();
  for (const size of [1, 2, 3, 4])
    for (let told = 0; told < size; told++)
      for (let exchange = 0; exchange < 8; exchange++) {
        const [first, ...others] = await scoredUntil(size, told, exchange);
        for (const other of others) assert.deepEqual(other, first);
        outcomes.add(String(first));
      }
  assert.deepEqual([...outcomes].toSorted(), ['0,2,4,6,8,10,12', 'AbortError']);
});
