import { lessOrEqual } from '../graph/primitives.ts';
import type { Tensor } from '../graph/tensor.ts';

/**
 * Which positions a position may look at, as a condition on the two: true where query q may look at key k.
 * Absent, every position looks at every other.
 *
 * @param queries  positions, int64   [B, 1, L, 1]
 * @param keys     positions, int64   [B, 1, 1, S]
 * @returns        bool               [B, 1, L, S]
 */
export type AttentionPattern = (queries: Tensor, keys: Tensor) => Tensor | undefined;

/** Everything sees everything: the mask predictor of LLaDA, section 2.2. */
export const bidirectional: AttentionPattern = () => undefined;

/** Only what came before, and itself: an autoregressive model. */
export const causal: AttentionPattern = (queries, keys) => lessOrEqual(keys, queries);
