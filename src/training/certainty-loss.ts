import {
  add,
  cast,
  equal,
  exp,
  logSoftmax,
  mul,
  neg,
  reduceSum,
  reshape,
  sub,
  topK,
  total,
} from '../graph/primitives.ts';
import { input, scalar } from '../graph/tensor.ts';
import { type Loss, weightedCrossEntropy } from './loss.ts';

/** The temperature at which certainty is asked for; dParallel's. */
const sharpness = 0.5;

/**
 * Certainty forcing with a guard for likelihood.
 *
 *     ℒ = Σ_r w_r CE_r + c_r 1[argmax z_r = y_r] H(softmax(z_r / ½)) + k_r KL(softmax(z⁰_r) ‖ softmax(z_r))
 *
 * The first two terms are dParallel's (its published training code; arXiv:2509.26488): tokens that are predicted rightly
 * are to be predicted surely, so that more of them can be unmasked in a denoising step. The third holds the rest to what
 * the model said before, z⁰, whose likelihoods would otherwise go: experiments/LOG.md.
 *
 * Inputs: `certainty` c [R], `kept` k [R], `teacher` z⁰ [R, V].
 */
export const certaintyLoss: Loss = (rows) => {
  const { logits, targets } = rows;
  const [R, V] = logits.shape;
  const of = (name: string, shape = [R]) => input(name, 'float32', shape);
  const best = cast(reshape(topK(logits, 1), [R]), 'int32');
  const isRight = cast(equal(best, targets), 'float32');
  const sharp = logSoftmax(mul(logits, scalar(1 / sharpness)));
  const entropy = neg(reduceSum(mul(exp(sharp), sharp), [-1]));
  const before = logSoftmax(of('teacher', [R, V]));
  const divergence = reduceSum(mul(exp(before), sub(before, logSoftmax(logits))), [-1]);
  const terms = [mul(mul(of('certainty'), isRight), entropy), mul(of('kept'), divergence)];
  return terms.map(total).reduce(add, weightedCrossEntropy(rows));
};
