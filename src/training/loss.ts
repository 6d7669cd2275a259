import { crossEntropy } from '../graph/composites.ts';
import { mul, total } from '../graph/primitives.ts';
import type { Tensor } from '../graph/tensor.ts';

/** The rows of a batch that are scored, as symbolic tensors. */
export interface ScoredRows {
  /** What the network says at each row   float32 [R, V] */
  readonly logits: Tensor;
  /** x_0 at each   int32 [R] */
  readonly targets: Tensor;
  /** What each counts: every division (by B · L, by p, by a length) is in it   float32 [R] */
  readonly weights: Tensor;
}

/** What is made small, a scalar. It is differentiated as it is written. */
export type Loss = (rows: ScoredRows) => Tensor;

/** Σ_r weight_r · CE_r, in nats. */
export const weightedCrossEntropy: Loss = ({ logits, targets, weights }) =>
  total(mul(crossEntropy(logits, targets), weights));
