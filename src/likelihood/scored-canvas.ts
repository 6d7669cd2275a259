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

/** x_0 with some rows masked, which are to be scored. */
export function maskedCanvas(x0: Int32Array, rows: Int32Array, weight: number, maskId: number): Canvas {
  const tokens = x0.slice();
  for (const row of rows) tokens[row] = maskId;
  return { tokens, rows, targets: rows.map((row) => x0[row]), weight };
}

/**
 * The cost of each canvas in nats: Σ_rows weight · CE.
 *
 * Canvases are planned apart from being scored, so that those of many texts can share a batch; they may come from a
 * generator, so that not all have to be in memory.
 *
 * @param canvases  of one length
 * @param batch     canvases that the scorer gets at once. Default: 16
 * @throws InvalidOptionError  when batch is not a whole number of at least 1
 */
export async function costsOf(
  score: RowScorer,
  canvases: Iterable<Canvas>,
  { batch = 16, signal }: { readonly batch?: number; readonly signal?: AbortSignal } = {},
): Promise<Float64Array> {
  if (!(Number.isInteger(batch) && batch >= 1)) {
    throw new InvalidOptionError('batch', 'must be a whole number of at least 1', batch);
  }
  const costs: number[] = [];
  for (const group of grouped(canvases, batch)) {
    signal?.throwIfAborted();
    const scored = scoredBatch(group);
    const nats = await score(scored, signal);
    invariant(
      nats.length === scored.rows.length,
      `${scored.rows.length} rows were to be scored, ${nats.length} were`,
    );
    let row = 0;
    for (const { rows, weight } of group) {
      let cost = 0;
      for (const r of rows.keys()) cost += nats[row++] * (typeof weight === 'number' ? 1 : weight[r]);
      costs.push(typeof weight === 'number' ? weight * cost : cost);
    }
  }
  return Float64Array.from(costs);
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
