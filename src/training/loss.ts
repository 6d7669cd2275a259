import { crossEntropy } from '../graph/composites.ts';
import { mul, total } from '../graph/primitives.ts';
import { showType } from '../graph/shape.ts';
import { input, type Tensor } from '../graph/tensor.ts';
import { InvalidOptionError } from '../base/errors.ts';

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

/** The inputs of a graph in which rows of logits are scored. */
export const scoredRows = (logits: Tensor): ScoredRows => ({
  logits,
  targets: input('targets', 'int32', ['R']),
  weights: input('weights', 'float32', ['R']),
});

/** @throws InvalidOptionError  for a loss that is no scalar */
export function checkLoss(loss: Loss, vocabularySize: number): void {
  const { shape, dtype } = loss(scoredRows(input('logits', 'float32', ['R', vocabularySize])));
  if (shape.length === 0 && dtype === 'float32') return;
  throw new InvalidOptionError('loss', 'must be a float32 scalar', showType({ dtype, shape }));
}
