import { InvalidOptionError, invariant } from '../base/errors.ts';
import type { RowScorer, ScoredBatch } from './scorer.ts';

/** A canvas to be scored: what the network reads, and the rows whose cross-entropies count, times a weight. */
export interface Canvas {
  /** What the network reads: x_t, or the shifted x_0 of a causal model   [L] */
  readonly tokens: Int32Array;
  /** The positions scored, ascending   [R] */
  readonly rows: Int32Array;
  /** x_0 at those positions   [R] */
  readonly targets: Int32Array;
  /** Of all rows, or of each   [R] */
  readonly weight: number | Float64Array;
}

/** Processes that score the same canvases, each some of them. */
export interface SharedScoring {
  readonly rank: number;
  readonly size: number;
  /** The costs that each found, in the order of ranks. All call it at the same place. */
  gather(costs: Float64Array): Promise<readonly Float64Array[]>;
}

const unshared: SharedScoring = { rank: 0, size: 1, gather: (costs) => Promise.resolve([costs]) };

/** x_0 with some rows masked, which are to be scored. */
export function maskedCanvas(x0: Int32Array, rows: Int32Array, weight: number, maskId: number): Canvas {
  const tokens = x0.slice();
  for (const row of rows) tokens[row] = maskId;
  return { tokens, rows, targets: rows.map((row) => x0[row]), weight };
}

/** How canvases are scored. */
export interface ScoringHow {
  readonly batch?: number;
  readonly signal?: AbortSignal;
  readonly shared?: SharedScoring;
}

/**
 * The cost of each canvas in nats: Σ_rows weight · CE.
 *
 * Canvases are planned apart from being scored, so that those of many texts can share a batch; they may come from a
 * generator, so that not all have to be in memory.
 *
 * @param canvases  of one length
 * @param batch     canvases that the scorer gets at once. Default: 16
 * @param shared    who else scores them: each takes whole batches, in turn, so that all get the costs that one would find.
 *   Default: nobody
 * @throws AbortError  on all of them when it was called off on one
 * @throws InvalidOptionError  when batch is not a whole number of at least 1
 */
export async function costsOf(
  score: RowScorer,
  canvases: Iterable<Canvas>,
  { batch = 16, signal, shared = unshared }: ScoringHow = {},
): Promise<Float64Array> {
  if (!(Number.isInteger(batch) && batch >= 1)) {
    throw new InvalidOptionError('batch', 'must be a whole number of at least 1', batch);
  }
  const costs: number[] = [];
  for (const round of grouped(grouped(canvases, batch), shared.size)) {
    const mine = round.length > shared.rank ? round[shared.rank] : [];
    const found = await shared.gather(await costsUnlessAborted(score, mine, signal));
    // all stop here, or none: a signal that was aborted since is for the next round, as the others haven't heard of it
    if (round.some((group, rank) => found[rank].length !== group.length)) {
      signal?.throwIfAborted();
      throw new DOMException('it was called off', 'AbortError');
    }
    for (const part of found) for (const cost of part) costs.push(cost);
  }
  return Float64Array.from(costs);
}

/** The cost of each canvas of a batch; of none where it is called off. */
async function costsUnlessAborted(
  score: RowScorer,
  group: readonly Canvas[],
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  if (signal?.aborted || group.length === 0) return new Float64Array();
  const scored = scoredBatch(group);
  let nats: ArrayLike<number>;
  try {
    nats = await score(scored, signal);
  } catch (error) {
    if (signal?.aborted) return new Float64Array();
    throw error;
  }
  invariant(
    nats.length === scored.rows.length,
    `${scored.rows.length} rows were to be scored, ${nats.length} were`,
  );
  let row = 0;
  return Float64Array.from(group, ({ rows, weight }) => {
    let cost = 0;
    for (const r of rows.keys()) cost += nats[row++] * (typeof weight === 'number' ? 1 : weight[r]);
    return typeof weight === 'number' ? weight * cost : cost;
  });
}

function* grouped<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let group: Item[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Canvases of one length, side by side. */
export function scoredBatch(canvases: readonly Canvas[]): ScoredBatch {
  const L = canvases[0].tokens.length;
  const R = canvases.reduce((total, { rows }) => total + rows.length, 0);
  const tokens = new Int32Array(canvases.length * L);
  const rows = new Int32Array(R);
  const targets = new Int32Array(R);
  let r = 0;
  for (const [b, canvas] of canvases.entries()) {
    invariant(canvas.tokens.length === L, `canvases of ${L} and ${canvas.tokens.length} tokens in one batch`);
    tokens.set(canvas.tokens, b * L);
    targets.set(canvas.targets, r);
    for (const row of canvas.rows) rows[r++] = b * L + row;
  }
  return { tokens: { shape: [canvases.length, L], data: tokens }, rows, targets };
}
