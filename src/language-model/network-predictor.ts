import type { NdArray } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import { shiftedRight } from '../diffusion/clean-windows.ts';
import { countPositions, joinKeyValues, keepPositions, type KeyValues } from '../model/key-values.ts';
import type { Network, RowReduction } from '../model/network.ts';
import type { CachedNetwork } from '../sampling/cache.ts';
import type { MaskPredictor } from '../sampling/predictor.ts';
import type { Branch, BranchingNetwork } from '../sampling/speculation.ts';

/** The number of the block that a position is in. */
type BlockOf = (position: number) => number;

/** Blocks of one length, the first from position 0 on. */
export const causalBlocks =
  (blockLength: number): BlockOf =>
  (position) =>
    Math.floor(position / blockLength);

/** What a network looks at, and what is asked of it, when it predicts masks. */
export interface PredictorOptions {
  /** Whether the network is causal: to predict token i it reads the tokens before i, and no others. */
  readonly isCausal?: boolean;
  /** What a causal network reads before the first token; without it that token has to be given. */
  readonly startId?: number;
  /**
   * The block of a position, which sees its own and those before, beside the network's own pattern: BD3-LM, LLaDA2. It doesn't
   * fall from one position to the next. Default: all see all.
   */
  readonly blockOf?: BlockOf;
  /** What is predicted in place of logits, for a `decode` that reads it. */
  readonly reduce?: RowReduction;
}

/** The mask predictor of a network. */
export function predictorOf(
  network: Network,
  { isCausal = false, startId, blockOf, reduce }: PredictorOptions = {},
): MaskPredictor {
  return (xt, rows, { signal }) => {
    if (isCausal) {
      // no mask is ever read, so that it needs no place in the vocabulary
      const read = rows.reduce((most, row) => Math.max(most, row), 0) + 1;
      const { data, outputs } = contextOf(xt.subarray(0, read), rows, startId);
      return network.logits({ shape: [1, data.length], data }, outputs, { reduce, signal });
    }
    const [L, data] = [xt.length, xt];
    const all = Int32Array.from(xt.keys());
    const attentionMask = blockOf && blockMask(all, all, blockOf);
    return network.logits({ shape: [1, L], data }, rows, { attentionMask, reduce, signal });
  };
}

/** What a causal network reads to predict the tokens in some rows, and the outputs that are about them. */
export function contextOf(
  x0: Int32Array,
  rows: Int32Array,
  startId?: number,
): { data: Int32Array; outputs: Int32Array } {
  if (startId !== undefined) return { data: shiftedRight(x0, startId), outputs: rows };
  return { data: x0.subarray(0, -1), outputs: rows.map((row) => row - 1) };
}

/**
 * The same network for a cache: it computes some positions, beside what it remembers of others. Of a causal one, position i
 * is where the token before i is read; without a start there is nothing to read for position 0.
 */
export function cachedNetwork(
  network: Network,
  { isCausal = false, startId, blockOf, reduce }: PredictorOptions = {},
): CachedNetwork<KeyValues> {
  const { shiftedLogits } = network.config;
  const first = isCausal && startId === undefined ? 1 : 0;
  const outputOf = (i: number): number => (shiftedLogits && i > 0 ? i - 1 : i);
  return {
    outputOf,
    async forward(xt, active, rows, memory, { signal }) {
      const computed = active.filter((i) => i >= first);
      const read = isCausal ? shiftedRight(xt, startId ?? 0) : xt;
      const outputs = rows.map(outputOf);
      const pieces: Piece[] = [];
      let made: KeyValues | undefined;
      for (const part of inPieces(computed, isCausal ? (i) => i : blockOf)) {
        const before = memory && made ? joinKeyValues(memory, made) : (memory ?? made);
        const index = new Map(Array.from(part, (i, a) => [i, a]));
        const mine = [...outputs.keys()].filter((r) => index.has(outputs[r]));
        // one row has to be wanted
        const wanted = mine.length > 0 ? mine.map((r) => index.get(outputs[r])!) : [0];
        const tokens = { shape: [1, part.length], data: part.map((i) => read[i]) };
        const attentionMask = blockOf && blockMask(part, columnsOf(part, before), blockOf);
        const { logits, present } = await network.extend(tokens, Int32Array.from(wanted), before, {
          positions: { shape: [1, part.length], data: part },
          attentionMask,
          reduce,
          signal,
        });
        if (mine.length > 0) pieces.push({ rows: mine, logits });
        made = made ? joinKeyValues(made, present) : present;
      }
      return { logits: together(pieces, rows.length), memory: made! };
    },
    evict: (memory, positions) => keepPositions(memory, (i) => !positions.has(i)),
    merge: joinKeyValues,
  };
}

/**
 * The same network for speculation: all branches lie one behind the other in one sequence [1, L], each token with the position of its
 * own text, and an attention mask [1, L, C + L] keeps them apart.
 */
export function branchingNetwork(network: Network, how: PredictorOptions): BranchingNetwork<KeyValues> {
  return {
    ...cachedNetwork(network, how),
    // the table of rotations has so many rows
    mostPositions: Math.min(network.config.maxLength, pieceLength),
    async branches(branches, outputs, memory, { signal }) {
      const places = branches.flatMap(({ start, tokens }, branch) =>
        Array.from(tokens, (token, i) => ({ branch, position: start + i, token })),
      );
      const column = (of: (place: (typeof places)[number]) => number) => Int32Array.from(places, of);
      const row = (data: Int32Array) => ({ shape: [1, places.length], data });
      const branchOf = column(({ branch }) => branch);
      const rows = outputs.map(
        ({ branch, position }) => branchOf.indexOf(branch) + position - branches[branch].start,
      );
      const { logits, present } = await network.extend(
        row(column(({ token }) => token)),
        Int32Array.from(rows),
        memory,
        {
          positions: row(column(({ position }) => position)),
          attentionMask: branchMask(branches, branchOf, memory?.positions.data.length ?? 0),
          signal,
        },
      );
      return { logits, memory: present };
    },
  };
}

/** 1 where a key is in the branch of the query, in one that this comes after, or in the past   [1, L, C + L] */
function branchMask(branches: readonly Branch[], places: Int32Array, C: number): NdArray<Uint8Array> {
  const seen: Set<number>[] = [];
  for (const [index, { after }] of branches.entries())
    seen.push(new Set([past, index, ...(after < 0 ? [] : seen[after])]));
  const keys = new Int32Array(C + places.length).fill(past);
  keys.set(places, C);
  return maskOf(places, keys, (query, key) => seen[query].has(key));
}

/** In the place of a branch: what was computed before all of them. */
const past = -1;

/** Positions that are computed in one forward where others may follow in the next: attention takes memory for each pair. */
const pieceLength = 512;

/** Ascending positions, cut where nothing before the cut sees what is behind it. */
function inPieces(positions: Int32Array, blockOf: BlockOf | undefined): Int32Array[] {
  if (!blockOf) return [positions];
  const pieces: Int32Array[] = [];
  let start = 0;
  for (let i = 1; i < positions.length; i++)
    if (i - start >= pieceLength && blockOf(positions[i]) !== blockOf(positions[i - 1])) {
      pieces.push(positions.subarray(start, i));
      start = i;
    }
  return [...pieces, positions.slice(start)];
}

/** Logits of some of the rows. */
interface Piece {
  readonly rows: readonly number[];
  readonly logits: NdArray;
}

/** Those of all pieces, in the order of the rows. @throws InvariantError  where a row is in none of them */
function together(pieces: readonly Piece[], count: number): NdArray {
  const covered = pieces.reduce((sum, { rows }) => sum + rows.length, 0);
  invariant(covered === count, `${count} rows are wanted, and ${covered} were computed`);
  if (pieces.length === 1) return pieces[0].logits;
  const width = pieces[0].logits.shape[1];
  const data = new Float32Array(count * width);
  for (const { rows, logits } of pieces)
    for (const [r, row] of rows.entries())
      data.set(logits.data.subarray(r * width, (r + 1) * width), row * width);
  return { shape: [count, width], data };
}

/**
 * The predictor of a network that looks at one block and, beside it, at what it encoded before: the prompt, and each block
 * once it is written. DiffusionGemma. It belongs to one canvas, whose blocks are predicted in order.
 */
export function encodingPredictor(network: Network): MaskPredictor {
  let memory: KeyValues | undefined;
  const row = (data: Int32Array) => ({ shape: [1, data.length], data });
  return async (xt, rows, { block: { start, end }, previousLogits, signal }) => {
    const read = memory ? countPositions(memory) : 0;
    if (start > read) {
      // its logits aren't wanted, but one row has to be
      const wanted = Int32Array.of(0);
      const text = row(xt.slice(read, start));
      const { present } = await network.extend(text, wanted, memory, { encodes: true, signal });
      memory = memory ? joinKeyValues(memory, present) : present;
    }
    const outputs = rows.map((i) => i - start);
    return (await network.extend(row(xt.slice(start, end)), outputs, memory, { previousLogits, signal }))
      .logits;
  };
}

/** The positions in the columns that some are computed beside, and they themselves   [C + L] */
function columnsOf(part: Int32Array, before: KeyValues | undefined): Int32Array {
  const past = before?.positions.data ?? new Int32Array(0);
  const columns = new Int32Array(past.length + part.length);
  columns.set(past);
  columns.set(part, past.length);
  return columns;
}

/** 1 where a key is in the block of the query or in one before it   [1, L, C + L] */
const blockMask = (queries: Int32Array, keys: Int32Array, blockOf: BlockOf): NdArray<Uint8Array> =>
  maskOf(queries.map(blockOf), keys.map(blockOf), (query, key) => key <= query);

/**
 * 1 where a query sees a key   [1, L, S]
 *
 * @param queries  the block or branch of each; neighbours of the same one see the same   [L]
 * @param keys     that of each                                                          [S]
 */
function maskOf(
  queries: Int32Array,
  keys: Int32Array,
  sees: (query: number, key: number) => boolean,
): NdArray<Uint8Array> {
  const [L, S] = [queries.length, keys.length];
  const data = new Uint8Array(L * S);
  for (let q = 0; q < L; q++)
    if (q > 0 && queries[q] === queries[q - 1]) data.copyWithin(q * S, (q - 1) * S, q * S);
    else for (let k = 0; k < S; k++) data[q * S + k] = sees(queries[q], keys[k]) ? 1 : 0;
  return { shape: [1, L, S], data };
}
