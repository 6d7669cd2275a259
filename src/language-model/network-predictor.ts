import { shiftedRight } from '../diffusion/clean-windows.ts';
import { joinKeyValues, keepPositions, type KeyValues } from '../model/key-values.ts';
import type { Network, RowReduction } from '../model/network.ts';
import type { CachedNetwork } from '../sampling/cache.ts';
import type { MaskPredictor } from '../sampling/predictor.ts';

export interface PredictorOptions {
  /** Whether the network is causal: to predict token i it reads the tokens before i, and no others. */
  readonly isCausal?: boolean;
  /** What a causal network reads before the first token; without it that token has to be given. */
  readonly startId?: number;
  /** Which keys a query may look at, beside the network's own pattern. Default: all. */
  readonly sees?: (query: number, key: number) => boolean;
  /** What is predicted in place of logits, for a `decode` that reads it. */
  readonly reduce?: RowReduction;
}

/** The mask predictor of a network. */
export function predictorOf(
  network: Network,
  { isCausal = false, startId, sees, reduce }: PredictorOptions = {},
): MaskPredictor {
  return (xt, rows, { signal }) => {
    if (isCausal) {
      // no mask is ever read, so that it needs no place in the vocabulary
      const read = rows.reduce((most, row) => Math.max(most, row), 0) + 1;
      const { data, outputs } = contextOf(xt.subarray(0, read), rows, startId);
      return network.logits({ shape: [1, data.length], data }, outputs, { reduce, signal });
    }
    const [L, data] = [xt.length, xt];
    const attentionMask = sees && maskOver(rangeOf(L), rangeOf(L), sees);
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
  { isCausal = false, startId, sees, reduce }: PredictorOptions = {},
): CachedNetwork<KeyValues> {
  const { shiftedLogits } = network.config;
  const first = isCausal && startId === undefined ? 1 : 0;
  const outputOf = (i: number): number => (shiftedLogits && i > 0 ? i - 1 : i);
  return {
    outputOf,
    async forward(xt, active, rows, memory, { signal }) {
      const computed = active.filter((i) => i >= first);
      const read = isCausal ? shiftedRight(xt, startId ?? 0) : xt;
      const tokens = { shape: [1, computed.length], data: computed.map((i) => read[i]) };
      const index = new Map(Array.from(computed, (i, a) => [i, a]));
      const outputs = rows.map((i) => index.get(outputOf(i))!);
      const keys = [...(memory?.positions.data ?? []), ...computed];
      const { logits, present } = await network.extend(tokens, outputs, memory, {
        positions: { shape: [1, computed.length], data: computed },
        attentionMask: sees && maskOver(computed, keys, sees),
        reduce,
        signal,
      });
      return { logits, memory: present };
    },
    evict: (memory, positions) => keepPositions(memory, (i) => !positions.has(i)),
    merge: joinKeyValues,
  };
}

/**
 * The predictor of a network that looks at one block and, beside it, at what it encoded before: the prompt, and each block
 * once it is written. DiffusionGemma. It belongs to one canvas, whose blocks are predicted in order.
 */
export function encodingPredictor(network: Network): MaskPredictor {
  let memory: KeyValues | undefined;
  const row = (data: Int32Array) => ({ shape: [1, data.length], data });
  return async (xt, rows, { block: { start, end }, previousLogits, signal }) => {
    const read = memory?.positions.shape[1] ?? 0;
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

/** Block i sees itself and the blocks before it: BD3-LM, LLaDA2. */
export const blockCausal =
  (blockLength: number) =>
  (query: number, key: number): boolean =>
    Math.floor(key / blockLength) <= Math.floor(query / blockLength);

function maskOver(
  queries: ArrayLike<number>,
  keys: ArrayLike<number>,
  sees: (query: number, key: number) => boolean,
) {
  const [Q, S] = [queries.length, keys.length];
  const data = Uint8Array.from({ length: Q * S }, (_, index) =>
    Number(sees(queries[Math.floor(index / S)], keys[index % S])),
  );
  return { shape: [1, Q, S], data };
}

const rangeOf = (length: number): number[] => [...Array(length).keys()];
