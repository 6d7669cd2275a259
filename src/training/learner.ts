import type { NdArray } from '../base/array.ts';

/**
 * One micro-batch as the network sees it: noised tokens, and which rows of the output are scored against what.
 * The loss is the weighted sum of the cross-entropies of the rows, unless the learner has another; every division (by B · L, by p, by a length)
 * is in the weights.
 */
export interface TrainingBatch {
  /** x_t, or the shifted x_0 of a causal model   [B, L] */
  readonly tokens: NdArray<Int32Array>;
  /** The scored rows, as indices into the flattened [B · L]   [R] */
  readonly rows: Int32Array;
  /** x_0 at those rows   [R] */
  readonly targets: Int32Array;
  /** The weight of each row's cross-entropy   [R] */
  readonly weights: Float32Array;
  /** Default: 0 … L − 1 in every row   [B, L] */
  readonly positions?: NdArray<Int32Array>;
  /** 1 where a query (second axis) may look at a key (third); with a first axis of 1, in all rows alike   [B or 1, L, L] */
  readonly attentionMask?: NdArray<Uint8Array>;
  /** What a loss of its own reads beside the rows, by name (`RowLoss`); its batches have at least one scored row. */
  readonly inputs?: Readonly<Record<string, NdArray>>;
  /** Tokens of text in it, where `tokens` has some more than once. */
  readonly textTokens?: number;
  /** Where the weighted sum has only the gradient of what is learned. */
  readonly measured?: Measured;
}

/** What is told of an update: this batch's shares, which add up. */
export interface Measured {
  /** The loss itself. */
  readonly loss: number;
  readonly others: Readonly<Record<string, number>>;
}

/** A network being trained: parameters, moments, and what changes them. */
export interface Learner {
  /** Adds the gradient of one micro-batch to what was accumulated since the last update; returns its loss. */
  accumulate(batch: TrainingBatch, signal?: AbortSignal): Promise<number>;
  /**
   * One optimiser step with the accumulated gradient, which is then forgotten.
   * With a loss or norm that is not finite nothing is changed and `applied` is false.
   */
  update(learningRate: number): Promise<{ readonly gradientNorm: number; readonly applied: boolean }>;
  /** What a resume needs, by name: parameters under their own names, moments as `adam.m.NAME`, `adam.v.NAME`, averages as `ema.NAME`. */
  state(): ReadonlyMap<string, NdArray>;
  /** Puts back what `state` gave. @throws InvariantError  when names or shapes differ */
  restore(state: ReadonlyMap<string, NdArray>): void;
  close(): Promise<void>;
}
