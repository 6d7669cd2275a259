import type { NdArray } from '../base/array.ts';
import { invariant } from '../base/errors.ts';
import type { Block, MaskPredictor, StepContext } from './predictor.ts';

/**
 * A network that computes some positions of a canvas and looks at what it computed of others before: the KV cache. The
 * transformer is made one in language-model/network-predictor.ts, where the memory is `KeyValues` (model/key-values.ts).
 *
 * @template Memory  what it computed of a number of positions, the keys and values; only the network can read it
 */
export interface CachedNetwork<Memory> {
  /** The position whose output predicts position i: i itself, or i − 1 where a network keeps a causal model's habit. */
  outputOf(i: number): number;
  /**
   * @param active  the positions to compute, ascending                                        [A]
   * @param rows    positions whose logits are wanted; their outputs are among the active ones   [R]
   * @param memory  of other positions; a position that is in neither isn't seen
   * @returns       logits [R, V], and the memory of the active positions
   */
  forward(
    xt: Int32Array,
    active: Int32Array,
    rows: Int32Array,
    memory: Memory | undefined,
    context: StepContext,
  ): Promise<{ readonly logits: NdArray; readonly memory: Memory }>;
  /** What is left of a memory without some positions. */
  evict(memory: Memory, positions: ReadonlySet<number>): Memory;
  /** The memory of two sets of positions that have none in common. */
  merge(a: Memory, b: Memory): Memory;
}

/** What a cache holds when a prediction is asked for. */
export interface CacheState {
  /** The block of the latest prediction. */
  readonly block: Block;
  /** The token that each position held when it was computed last; −1 where it wasn't; fewer than L where the text has grown   [≤ L] */
  readonly computedTokens: Int32Array;
  /** Predictions since everything was computed. */
  readonly age: number;
  /** See `StepContext`. */
  readonly moves?: number;
}

/**
 * Which positions a prediction computes anew; the others are looked at as they were computed before.
 *
 * @param state  absent at the first prediction
 */
export type CachePolicy = (xt: Int32Array, block: Block, state?: CacheState) => Iterable<number>;

/** What is left of the block is computed once a block, the rest each time. Fast-dLLM's prefix cache; approximate. */
export const prefixCache: CachePolicy = (xt, block, state) =>
  range(state?.block.index === block.index ? block.start : 0, xt.length);

/**
 * All outside the block is computed once a block, and again after every `refresh` predictions of one. Fast-dLLM's dual
 * cache; approximate.
 */
export const dualCache =
  (refresh = Infinity): CachePolicy =>
  (xt, block, state) =>
    state?.block.index === block.index && state.age < refresh
      ? range(block.start, block.end)
      : range(0, xt.length);

/**
 * A token is computed once more after it was written, and then remembered; masks always are computed. Everything is
 * after `refresh` predictions. dKV-Cache (arXiv:2505.15781), its delayed form; approximate.
 */
export const delayedCache =
  (maskId: number, refresh = Infinity): CachePolicy =>
  (xt, _, state) =>
    state && state.age < refresh
      ? range(0, xt.length).filter((i) => xt[i] === maskId || xt[i] !== state.computedTokens[i])
      : range(0, xt.length);

/**
 * For a network whose blocks of so many positions see themselves and those before: a finished block is computed once
 * more when the next one begins, and never again; what lies behind the block isn't seen. Exact. BD3-LM
 * (arXiv:2503.09573), section 3.
 */
export const blockCausalCache =
  (blockLength: number): CachePolicy =>
  (xt, block, state) => {
    const startOf = (i: number): number => i - (i % blockLength);
    return range(startOf(state?.block.start ?? 0), Math.min(startOf(block.end - 1) + blockLength, xt.length));
  };

/** For a causal network: each position is computed once. Exact. */
export const causalCache: CachePolicy = (_, block, state) => range(state?.block.end ?? 0, block.end);

/**
 * A predictor that computes what a policy names and remembers the rest. It belongs to one canvas, which is predicted by
 * one call after another.
 */
export function withCache<Memory>(network: CachedNetwork<Memory>, policy: CachePolicy): MaskPredictor {
  let memory: Memory | undefined;
  let state: CacheState | undefined;
  return async (xt, rows, context) => {
    if (state && !isSameCanvas(state, xt, context)) memory = state = undefined;
    const named = new Set(policy(xt, context.block, state));
    for (const i of rows) named.add(network.outputOf(i));
    const active = Int32Array.from(named).sort();
    invariant(active.length > 0, 'a cache policy names at least the positions whose logits are wanted');

    const kept = memory === undefined ? undefined : network.evict(memory, named);
    const { logits, memory: made } = await network.forward(xt, active, rows, kept, context);
    memory = kept === undefined ? made : network.merge(kept, made);
    const held = new Int32Array(xt.length).fill(-1);
    if (state) held.set(state.computedTokens);
    for (const i of active) held[i] = xt[i];
    const age = active.length === xt.length || !state ? 1 : state.age + 1;
    state = { block: context.block, computedTokens: held, age, moves: context.moves };
    return logits;
  };
}

/**
 * Whether what was computed holds for a canvas: no position has moved, and it is as long as it was, or, where whoever asks
 * counts moves, longer at its end.
 */
function isSameCanvas({ computedTokens, moves }: CacheState, xt: Int32Array, context: StepContext): boolean {
  if (moves !== context.moves) return false;
  return moves === undefined ? computedTokens.length === xt.length : computedTokens.length <= xt.length;
}

/** Positions from `start` to before `end`, ascending. */
export const range = (start: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
