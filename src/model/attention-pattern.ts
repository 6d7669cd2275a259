import { and, expand, lessOrEqual, slice, sub } from '../graph/primitives.ts';
import { scalar, type Tensor } from '../graph/tensor.ts';

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

/** Only itself and the `window` − 1 positions before it. */
export const slidingCausal =
  (window: number): AttentionPattern =>
  (queries, keys) =>
    and(lessOrEqual(keys, queries), lessOrEqual(sub(queries, keys), scalar(window - 1, 'int64')));

/**
 * A canvas whose positions see all of it, and of what lies before it only the last `window` − 1 positions. DiffusionGemma.
 */
export const slidingCanvas =
  (window: number): AttentionPattern =>
  (queries, keys) => {
    const first = slice(queries, 2, 0, 1); // queries are in order
    const near = lessOrEqual(sub(first, scalar(window - 1, 'int64')), keys);
    return expand(near, [...queries.shape.slice(0, 3), keys.shape[3]]);
  };
