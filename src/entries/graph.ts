/**
 * Symbolic tensors and what is done with them: operations, reverse-mode differentiation, and a session that runs a graph on a
 * device. Nothing is computed while a graph is built. unmask writes its own networks and losses with these functions; a loss
 * of your own is one of them, too (`train(options, { loss })`).
 *
 *     const x = input('x', 'float32', ['N']);
 *     const w = parameter('w', []);
 *     const { loss, gradients } = differentiate(total(exp(mul(x, w))), [w]);
 *     const session = await openSession(writeOnnx({ loss, dw: gradients[0] }));
 *     await session.run({ x: { shape: [2], data: Float32Array.of(1, 2) }, w: { shape: [], data: Float32Array.of(0.5) } });
 *
 * @module unmask/graph
 */
export type { NdArray } from '../base/array.ts';
export { attention, crossEntropy, geluTanh, linear, rmsNorm, rope, silu } from '../graph/composites.ts';
export { differentiate } from '../graph/differentiate.ts';
export { argsort, groupedLinear } from '../graph/grouped.ts';
export { type WriteOptions } from '../graph/onnx-writer.ts';
export { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
export {
  add,
  and,
  cast,
  concat,
  div,
  equal,
  exp,
  expand,
  gather,
  gatherElements,
  lessOrEqual,
  log,
  logSoftmax,
  matmul,
  meanOfLast,
  mul,
  neg,
  pad,
  reciprocal,
  reduceSum,
  reshape,
  scatterAdd,
  sigmoid,
  slice,
  softmax,
  sqrt,
  sub,
  sumOfSquares,
  tanh,
  topK,
  total,
  transpose,
  where,
  zerosLike,
} from '../graph/primitives.ts';
export {
  applyOperation,
  constant,
  input,
  type Operation,
  parameter,
  scalar,
  type Tensor,
} from '../graph/tensor.ts';
export {
  type Dim,
  type DType,
  GraphError,
  type NamedType,
  type Shape,
  type TensorType,
} from '../graph/tensor-type.ts';
export type { ValueWriter } from '../graph/value-writer.ts';
export type { Device } from '../runtime/device.ts';
export {
  type Data,
  type Feeds,
  openSession,
  type RunOptions,
  type Session,
  type SessionOptions,
} from '../runtime/session.ts';
export { type Loss, type ScoredRows, weightedCrossEntropy } from '../training/loss.ts';
