import { dequantised } from './dequantise-blocks.ts';
import { elementTypes, microsoft } from './onnx-schema.ts';
import { axisOf, broadcast, product, requireSameDtype, sameShape, showShape, showType } from './shape.ts';
import { applyOperation, type Operation, scalar, type Tensor } from './tensor.ts';
import { type Dim, type DType, GraphError, type Shape } from './tensor-type.ts';

// The primitive operations, each with its shape rule, its ONNX form and its gradient. They are one file because the
// gradient of one is made of others: elementwise, reductions, layout, indexing, matrix products.

// Element by element

type Gradient = (node: Tensor, dy: Tensor) => Tensor;

/** An operation on one tensor, element by element. */
function unary(name: string, onnxType: string, gradient: Gradient): Operation<null> {
  return {
    name,
    infer: ([x]) => x,
    onnx: (writer, _, inputs) => writer.node(onnxType, inputs),
    gradient: (node, dy) => [gradient(node, dy)],
  };
}

/** An operation on two tensors that broadcast to each other; each gradient is summed back to its input's shape. */
function binary(name: string, onnxType: string, da?: Gradient, db?: Gradient): Operation<null> {
  return {
    name,
    infer([a, b]) {
      requireSameDtype(name, a, b);
      return { dtype: a.dtype, shape: broadcast(a.shape, b.shape, name) };
    },
    onnx: (writer, _, inputs) => writer.node(onnxType, inputs),
    gradient: (node, dy) => [da, db].map((rule, i) => rule && sumTo(rule(node, dy), node.inputs[i].shape)),
  };
}

/** A comparison: two tensors to truth values. */
function comparison(name: string, onnxType: string): Operation<null> {
  return {
    name,
    infer([a, b]) {
      requireSameDtype(name, a, b);
      return { dtype: 'bool', shape: broadcast(a.shape, b.shape, name) };
    },
    onnx: (writer, _, inputs) => writer.node(onnxType, inputs),
  };
}

const addOperation = binary(
  'add',
  'Add',
  (_, dy) => dy,
  (_, dy) => dy,
);
const subOperation = binary(
  'sub',
  'Sub',
  (_, dy) => dy,
  (_, dy) => neg(dy),
);
const mulOperation = binary(
  'mul',
  'Mul',
  ({ inputs: [, b] }, dy) => mul(dy, b),
  ({ inputs: [a] }, dy) => mul(dy, a),
);
const divOperation = binary(
  'div',
  'Div',
  ({ inputs: [, b] }, dy) => div(dy, b),
  (node, dy) => neg(div(mul(dy, node), node.inputs[1])),
);
const negOperation = unary('neg', 'Neg', (_, dy) => neg(dy));
const expOperation = unary('exp', 'Exp', (node, dy) => mul(dy, node));
const logOperation = unary('log', 'Log', ({ inputs: [x] }, dy) => div(dy, x));
const sqrtOperation = unary('sqrt', 'Sqrt', (node, dy) => div(mul(dy, scalar(0.5, dy.dtype)), node));
const reciprocalOperation = unary('reciprocal', 'Reciprocal', (node, dy) => neg(mul(dy, mul(node, node))));
const tanhOperation = unary('tanh', 'Tanh', (node, dy) => mul(dy, sub(scalar(1, dy.dtype), mul(node, node))));
const sigmoidOperation = unary('sigmoid', 'Sigmoid', (node, dy) =>
  mul(dy, mul(node, sub(scalar(1, dy.dtype), node))),
);
const lessOrEqualOperation = comparison('lessOrEqual', 'LessOrEqual');
const equalOperation = comparison('equal', 'Equal');
const andOperation: Operation<null> = { ...comparison('and', 'And') };

/** a + b, broadcast to each other. */
export const add = (a: Tensor, b: Tensor): Tensor => applyOperation(addOperation, [a, b], null);
/** a − b, broadcast to each other. */
export const sub = (a: Tensor, b: Tensor): Tensor => applyOperation(subOperation, [a, b], null);
/** a · b, element by element, broadcast to each other. */
export const mul = (a: Tensor, b: Tensor): Tensor => applyOperation(mulOperation, [a, b], null);
/** a / b, broadcast to each other. */
export const div = (a: Tensor, b: Tensor): Tensor => applyOperation(divOperation, [a, b], null);
/** −x. */
export const neg = (x: Tensor): Tensor => applyOperation(negOperation, [x], null);
/** eˣ. */
export const exp = (x: Tensor): Tensor => applyOperation(expOperation, [x], null);
/** The natural logarithm. */
export const log = (x: Tensor): Tensor => applyOperation(logOperation, [x], null);
/** √x. */
export const sqrt = (x: Tensor): Tensor => applyOperation(sqrtOperation, [x], null);
/** 1 / x. */
export const reciprocal = (x: Tensor): Tensor => applyOperation(reciprocalOperation, [x], null);
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => applyOperation(tanhOperation, [x], null);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Tensor): Tensor => applyOperation(sigmoidOperation, [x], null);
/** Where a ≤ b: bool, broadcast to each other. */
export const lessOrEqual = (a: Tensor, b: Tensor): Tensor =>
  applyOperation(lessOrEqualOperation, [a, b], null);
/** Where a = b: bool, broadcast to each other. */
export const equal = (a: Tensor, b: Tensor): Tensor => applyOperation(equalOperation, [a, b], null);
/** Where both hold: bool, broadcast to each other. */
export const and = (a: Tensor, b: Tensor): Tensor => applyOperation(andOperation, [a, b], null);

const whereOperation: Operation<null> = {
  name: 'where',
  infer([condition, a, b]) {
    if (condition.dtype !== 'bool')
      throw new GraphError(`where: the condition is ${showType(condition)}, not bool`);
    requireSameDtype('where', a, b);
    return {
      dtype: a.dtype,
      shape: broadcast(condition.shape, broadcast(a.shape, b.shape, 'where'), 'where'),
    };
  },
  onnx: (writer, _, inputs) => writer.node('Where', inputs),
  gradient({ inputs: [condition, a, b] }, dy) {
    const zero = scalar(0, dy.dtype);
    return [
      undefined,
      sumTo(where(condition, dy, zero), a.shape),
      sumTo(where(condition, zero, dy), b.shape),
    ];
  },
};

/** a where the condition holds, b elsewhere. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor =>
  applyOperation(whereOperation, [condition, a, b], null);

const castOperation: Operation<DType> = {
  name: 'cast',
  infer: ([x], dtype) => ({ dtype, shape: x.shape }),
  onnx: (writer, node, inputs) => writer.node('Cast', inputs, { to: elementTypes[node.attributes] }),
  gradient: ({ inputs: [x] }, dy) => [x.dtype.startsWith('float') ? cast(dy, x.dtype) : undefined],
};

/** The same numbers as another type. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : applyOperation(castOperation, [x], dtype);

// Reductions and what keeps to the last axis

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

function reduction(
  name: string,
  onnxType: string,
  gradient: (node: Tensor<Reduction>, dy: Tensor) => Tensor,
): Operation<Reduction> {
  return {
    name,
    infer([x], { axes, keepDims }) {
      const shape = x.shape.flatMap((dim, i): Dim[] => (axes.includes(i) ? (keepDims ? [1] : []) : [dim]));
      return { dtype: x.dtype, shape };
    },
    onnx: (writer, { attributes: { axes, keepDims } }, [x]) =>
      writer.node(onnxType, [x, writer.ints(axes)], { keepdims: keepDims ? 1 : 0 }),
    gradient: (node, dy) => [gradient(node, dy)],
  };
}

/** dy with the reduced axes put back as 1, so that it broadcasts against the reduction's input. */
function keptDims({ inputs: [x], attributes: { axes, keepDims } }: Tensor<Reduction>, dy: Tensor): Tensor {
  return keepDims
    ? dy
    : reshape(
        dy,
        x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)),
      );
}

const sumOperation = reduction('reduceSum', 'ReduceSum', (node, dy) =>
  expand(keptDims(node, dy), node.inputs[0].shape),
);
const sumOfSquaresOperation = reduction('sumOfSquares', 'ReduceSumSquare', (node, dy) =>
  mul(node.inputs[0], mul(keptDims(node, dy), scalar(2, dy.dtype))),
);

interface ReduceOptions {
  /** Keep each reduced axis with length 1. Default false. */
  readonly keepDims?: boolean;
}

const normalised = (
  operation: string,
  x: Tensor,
  axes: readonly number[],
  { keepDims = false }: ReduceOptions,
) => ({
  axes: axes.map((axis) => axisOf(axis, x.shape.length, operation)),
  keepDims,
});

/** The sum over axes. */
export const reduceSum = (x: Tensor, axes: readonly number[], options: ReduceOptions = {}): Tensor =>
  applyOperation(sumOperation, [x], normalised('reduceSum', x, axes, options));

/** Σ x². */
export const sumOfSquares = (x: Tensor, axes: readonly number[], options: ReduceOptions = {}): Tensor =>
  applyOperation(sumOfSquaresOperation, [x], normalised('sumOfSquares', x, axes, options));

/** The sum of every element, as a scalar. */
export const total = (x: Tensor): Tensor =>
  reduceSum(
    x,
    x.shape.map((_, i) => i),
  );

/** Operations along the last axis that keep the shape. */
function alongLast(
  name: string,
  onnxType: string,
  gradient: (node: Tensor, dy: Tensor) => Tensor,
): Operation<null> {
  return {
    name,
    infer([x]) {
      if (x.shape.length === 0) throw new GraphError(`${name}: a scalar has no last axis`);
      return x;
    },
    onnx: (writer, _, inputs) => writer.node(onnxType, inputs, { axis: -1 }),
    gradient: (node, dy) => [gradient(node, dy)],
  };
}

/** ∂/∂x softmax: y · (dy − Σ dy · y). */
const softmaxOperation = alongLast('softmax', 'Softmax', (y, dy) =>
  mul(y, sub(dy, reduceSum(mul(dy, y), [-1], { keepDims: true }))),
);
/** ∂/∂x log softmax: dy − softmax(x) · Σ dy. */
const logSoftmaxOperation = alongLast('logSoftmax', 'LogSoftmax', (y, dy) =>
  sub(dy, mul(exp(y), reduceSum(dy, [-1], { keepDims: true }))),
);

/** exp(x) / Σ exp(x) over the last axis. */
export const softmax = (x: Tensor): Tensor => applyOperation(softmaxOperation, [x], null);
/** x − log Σ exp(x) over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => applyOperation(logSoftmaxOperation, [x], null);

/** Mean over the last axis, whose length has to be known; the axis is kept with length 1. */
export function meanOfLast(x: Tensor): Tensor {
  const length = x.shape.at(-1);
  if (typeof length !== 'number') throw new GraphError('meanOfLast: the last dimension has to be a number');
  return div(reduceSum(x, [-1], { keepDims: true }), scalar(length, x.dtype));
}

/** The sum over the axes along which `shape` was broadcast to x's shape: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (sameShape(broadcast(x.shape, shape, 'sumTo'), shape)) return expand(x, shape);
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : []));
  return reshape(reduceSum(x, axes, { keepDims: true }), shape);
}

// Layout

const reshapeOperation: Operation<Shape> = {
  name: 'reshape',
  infer: ([x], shape) => ({ dtype: x.dtype, shape }),
  onnx: (writer, node, [x]) => writer.node('Reshape', [x, writer.shape(node.attributes)]),
  gradient: ({ inputs: [x] }, dy) => [reshape(dy, x.shape)],
};

/** The same elements in another shape. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (product(x.shape) !== product(shape))
    throw new GraphError(`reshape: ${showShape(x.shape)} has not as many elements as ${showShape(shape)}`);
  return applyOperation(reshapeOperation, [x], shape);
}

const expandOperation: Operation<Shape> = {
  name: 'expand',
  infer([x], shape) {
    if (!sameShape(broadcast(x.shape, shape, 'expand'), shape))
      throw new GraphError(`expand: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}`);
    return { dtype: x.dtype, shape };
  },
  onnx: (writer, node, [x]) => {
    // here -1 has no meaning, so every unknown dimension is read off an input
    const dims = node.attributes.map((dim) =>
      typeof dim === 'number' ? writer.ints([dim]) : writer.dimension(dim),
    );
    return writer.node('Expand', [
      x,
      dims.length === 0 ? writer.ints([]) : writer.node('Concat', dims, { axis: 0 }),
    ]);
  },
  gradient: ({ inputs: [x] }, dy) => [sumTo(dy, x.shape)],
};

/** x repeated along its axes of length 1 (and along new ones in front) to a shape. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : applyOperation(expandOperation, [x], shape);

const transposeOperation: Operation<readonly number[]> = {
  name: 'transpose',
  infer([x], order) {
    if (order.length !== x.shape.length || new Set(order).size !== order.length)
      throw new GraphError(
        `transpose: ${showShape(order)} is not an order of the axes of ${showShape(x.shape)}`,
      );
    return { dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) };
  },
  onnx: (writer, node, inputs) => writer.node('Transpose', inputs, { perm: node.attributes }),
  gradient: ({ attributes: order }, dy) => [
    transpose(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
};

/** Axis i of the result is axis `order[i]` of x. */
export const transpose = (x: Tensor, order: readonly number[]): Tensor =>
  applyOperation(transposeOperation, [x], order);

const concatOperation: Operation<number> = {
  name: 'concat',
  infer(inputs, axis) {
    requireSameDtype('concat', ...inputs);
    const [first] = inputs;
    for (const { shape } of inputs) {
      if (shape.length !== first.shape.length || shape.some((dim, i) => i !== axis && dim !== first.shape[i]))
        throw new GraphError(`concat: shapes ${inputs.map(showType).join(', ')} differ outside axis ${axis}`);
    }
    return {
      dtype: first.dtype,
      shape: first.shape.map((dim, i) => (i === axis ? sumOfDims(inputs.map((x) => x.shape[i])) : dim)),
    };
  },
  onnx: (writer, node, inputs) => writer.node('Concat', inputs, { axis: node.attributes }),
  gradient({ inputs, attributes: axis }, dy) {
    let start = 0;
    return inputs.map(({ shape }) => {
      const length = shape[axis];
      if (typeof length !== 'number')
        throw new GraphError('concat: no gradient along an axis of unknown length');
      start += length;
      return slice(dy, axis, start - length, start);
    });
  },
};

function sumOfDims(dims: Shape): Dim {
  if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((a, b) => a + b, 0);
  return dims.join('+');
}

/** Tensors one behind the other along an axis. */
export const concat = (inputs: readonly Tensor[], axis: number): Tensor =>
  applyOperation(concatOperation, inputs, axisOf(axis, inputs[0].shape.length, 'concat'));

interface Slice {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

const sliceOperation: Operation<Slice> = {
  name: 'slice',
  infer([x], { axis, start, end }) {
    const length = x.shape[axis];
    if (start < 0 || end <= start || (typeof length === 'number' && end > length))
      throw new GraphError(
        `slice: no elements ${start} to ${end} along axis ${axis} of ${showShape(x.shape)}`,
      );
    return { dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? end - start : dim)) };
  },
  onnx: (writer, { attributes: { axis, start, end } }, [x]) =>
    writer.node('Slice', [x, writer.ints([start]), writer.ints([end]), writer.ints([axis])]),
  gradient({ inputs: [x], attributes: { axis, start, end } }, dy) {
    const length = x.shape[axis];
    if (typeof length !== 'number')
      throw new GraphError('slice: no gradient along an axis of unknown length');
    return [pad(dy, axis, start, length - end)];
  },
};

/** Elements `start` to before `end` along an axis. */
export const slice = (x: Tensor, axis: number, start: number, end: number): Tensor =>
  applyOperation(sliceOperation, [x], { axis: axisOf(axis, x.shape.length, 'slice'), start, end });

interface Part {
  readonly axis: number;
  readonly lengths: Shape;
  readonly index: number;
}

const partOperation: Operation<Part> = {
  name: 'part',
  infer([x], { axis, lengths, index }) {
    if (sumOfDims(lengths) !== x.shape[axis])
      throw new GraphError(`parts: axis ${axis} of ${showShape(x.shape)} isn't ${lengths.join(' and ')}`);
    return { dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? lengths[index] : dim)) };
  },
  onnx(writer, { attributes: { axis, lengths, index } }, [x]) {
    const sizes = lengths.map((dim) =>
      typeof dim === 'number' ? writer.ints([dim]) : writer.dimension(dim),
    );
    const counts = writer.node('Concat', sizes, { axis: 0 });
    return writer.outputs('Split', [x, counts], lengths.length, { axis })[index];
  },
};

/** What `concat` put together along an axis, apart again. It has no derivative. */
export const parts = (x: Tensor, axis: number, lengths: Shape): Tensor[] =>
  lengths.map((_, index) =>
    applyOperation(partOperation, [x], { axis: axisOf(axis, x.shape.length, 'parts'), lengths, index }),
  );

interface Pad {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

const padOperation: Operation<Pad> = {
  name: 'pad',
  infer: ([x], { axis, before, after }) => ({
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === axis ? sumOfDims([dim, before + after]) : dim)),
  }),
  onnx(writer, { attributes: { axis, before, after }, shape }, [x]) {
    const pads = Array.from({ length: 2 * shape.length }, (_, i) =>
      i === axis ? before : i === axis + shape.length ? after : 0,
    );
    return writer.node('Pad', [x, writer.ints(pads)]);
  },
  gradient({ inputs: [x], attributes: { axis, before } }, dy) {
    const length = x.shape[axis];
    if (typeof length !== 'number') throw new GraphError('pad: no gradient along an axis of unknown length');
    return [slice(dy, axis, before, before + length)];
  },
};

/** x with zeros before and after it along an axis. */
export const pad = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before === 0 && after === 0 ? x : applyOperation(padOperation, [x], { axis, before, after });

// Indexing

const gatherOperation: Operation<null> = {
  name: 'gather',
  infer([table, indices]) {
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
      throw new GraphError(`gather: indices are ${showType(indices)}, not integers`);
    return { dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] };
  },
  onnx(writer, node, [table, indices]) {
    const blocks = writer.quantisedTable(table);
    if (blocks) {
      const attributes = { bits: blocks.bits, block_size: blocks.block, gather_axis: 0, quantize_axis: 1 };
      const inputs = [blocks.codes, indices, blocks.scales];
      return writer.node('GatherBlockQuantized', inputs, attributes, microsoft);
    }
    // a table of another type is cast where it is read, row by row: it may be the largest tensor of a model
    const { value, dtype = node.dtype } = writer.fuses('castRows') ? writer.stored(table) : { value: table };
    const rows = writer.node('Gather', [value, indices], { axis: 0 });
    return dtype === node.dtype ? rows : writer.node('Cast', [rows], { to: elementTypes[node.dtype] });
  },
  use: (_, input) => (input === 0 ? 'rows' : 'other'),
  gradient({ inputs: [table, indices] }, dy) {
    const rows = product(indices.shape);
    const rest = table.shape.slice(1);
    const index = expand(reshape(indices, [rows, ...rest.map(() => 1)]), [rows, ...rest]);
    return [scatterAdd(zerosLike(table), index, reshape(dy, [rows, ...rest]), 0), undefined];
  },
};

/** Rows of a table: y[i…] = table[indices[i…]]. */
export const gather = (table: Tensor, indices: Tensor): Tensor =>
  applyOperation(gatherOperation, [table, indices], null);

const gatherElementsOperation: Operation<number> = {
  name: 'gatherElements',
  infer([x, indices]) {
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
      throw new GraphError(`gatherElements: indices are ${showType(indices)}, not integers`);
    return { dtype: x.dtype, shape: indices.shape };
  },
  onnx: (writer, node, inputs) => writer.node('GatherElements', inputs, { axis: node.attributes }),
  gradient: ({ inputs: [x, indices], attributes: axis }, dy) => [
    scatterAdd(zerosLike(x), indices, dy, axis),
    undefined,
  ],
};

/** y[i][j] = x[i][indices[i][j]] for axis 1, and so for every axis. */
export const gatherElements = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  applyOperation(gatherElementsOperation, [x, indices], axisOf(axis, x.shape.length, 'gatherElements'));

const scatterAddOperation: Operation<number> = {
  name: 'scatterAdd',
  infer([x, , updates]) {
    requireSameDtype('scatterAdd', x, updates);
    return { dtype: x.dtype, shape: x.shape };
  },
  onnx: (writer, node, inputs) =>
    writer.node('ScatterElements', inputs, { axis: node.attributes, reduction: 'add' }),
  gradient: ({ inputs: [, indices], attributes: axis }, dy) => [
    dy,
    undefined,
    gatherElements(dy, indices, axis),
  ],
};

/** x with y[indices[i][j]][j] += updates[i][j] for axis 0, and so for every axis: the gradient of gathering. */
export const scatterAdd = (x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor =>
  applyOperation(scatterAddOperation, [x, indices, updates], axisOf(axis, x.shape.length, 'scatterAdd'));

const topKOperation: Operation<number> = {
  name: 'topK',
  infer([x], k) {
    const length = x.shape.at(-1);
    if (typeof length !== 'number' || k < 1 || k > length)
      throw new GraphError(`topK: the last axis of ${showType(x)} has no ${k} largest`);
    return { dtype: 'int64', shape: [...x.shape.slice(0, -1), k] };
  },
  onnx: (writer, { attributes: k }, [x]) => writer.outputs('TopK', [x, writer.ints([k])], 2, { axis: -1 })[1],
};

/** Where the k largest of the last axis are, the largest first; of equal ones the first. An index has no derivative. */
export const topK = (x: Tensor, k: number): Tensor => applyOperation(topKOperation, [x], k);

/** Zeros in the shape and type of x. */
export const zerosLike = (x: Tensor): Tensor => expand(scalar(0, x.dtype), x.shape);

// Matrix products

interface MatMul {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly alpha: number;
}

const matmulOperation: Operation<MatMul> = {
  name: 'matmul',
  infer([a, b], { transA, transB }) {
    requireSameDtype('matmul', a, b);
    if (a.shape.length < 2 || b.shape.length < 2)
      throw new GraphError(`matmul: ${showType(a)} and ${showType(b)} have to be matrices`);
    const [rows, inner] = transA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2);
    const [innerB, columns] = transB ? b.shape.slice(-2).toReversed() : b.shape.slice(-2);
    if (inner !== innerB)
      throw new GraphError(
        `matmul: ${showType(a)}${transA ? 'ᵀ' : ''} and ${showType(b)}${transB ? 'ᵀ' : ''} share no inner dimension`,
      );
    return {
      dtype: a.dtype,
      shape: [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2), 'matmul'), rows, columns],
    };
  },
  onnx(writer, node, [a, given]) {
    const { transA, transB, alpha } = node.attributes;
    const shape = node.inputs[1].shape as readonly number[];
    const quantised = shape.length === 2 ? writer.quantised(given) : undefined;
    if (quantised && isProductWithRows(node)) {
      const { codes, scales, zeros, bits, block } = quantised;
      const accuracy = writer.exact ? inFloats : roundedToInt8;
      const attributes = { K: shape[1], N: shape[0], bits, block_size: block, accuracy_level: accuracy };
      const inputs = [a, codes, scales, ...(zeros === undefined ? [] : [zeros])];
      return writer.node('MatMulNBits', inputs, attributes, microsoft);
    }
    const b = quantised ? dequantised(writer, quantised, shape) : given;
    if (!transA && !transB && alpha === 1) return writer.node('MatMul', [a, b]);
    if (writer.fuses('matmul') && node.dtype === 'float32')
      return writer.node(
        'FusedMatMul',
        [a, b],
        { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } },
        microsoft,
      );
    const flip = (name: string, { shape: { length } }: Tensor) =>
      writer.node('Transpose', [name], {
        perm: Array.from({ length }, (_, i) => (i < length - 2 ? i : 2 * length - 3 - i)),
      });
    const left = transA ? flip(a, node.inputs[0]) : a;
    const right = transB ? flip(b, node.inputs[1]) : b;
    const y = writer.node('MatMul', [left, right]);
    return alpha === 1 ? y : writer.node('Mul', [y, writer.scalar(alpha, node.dtype)]);
  },
  gradient({ inputs: [a, b], attributes: { transA, transB, alpha } }, dy) {
    if (b.shape.length === 2 && a.shape.length > 2 && !transA) {
      // every row of a batch meets the same matrix: one product over all rows instead of a batch of them and a sum
      const rows = flattenRows(a);
      const dRows = flattenRows(dy);
      const db = transB
        ? matmul(dRows, rows, { transA: true, alpha })
        : matmul(rows, dRows, { transA: true, alpha });
      return [matmul(dy, b, { transB: !transB, alpha }), db];
    }
    const da = transA
      ? matmul(b, dy, { transA: transB, transB: true, alpha })
      : matmul(dy, b, { transB: !transB, alpha });
    const db = transB
      ? matmul(dy, a, { transA: true, transB: transA, alpha })
      : matmul(a, dy, { transA: !transA, alpha });
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
  use: (node, input) => (input === 1 && isProductWithRows(node) ? 'product' : 'other'),
};

/** MatMulNBits rounds x to 8 bits in blocks, too, and multiplies whole numbers: with few rows twice as fast, or more. */
const roundedToInt8 = 4;
/** It leaves x as it is. */
const inFloats = 1;

/** Whether a tensor is x Wᵀ for a matrix W: what can be computed of one that is stored in blocks. */
function isProductWithRows({ inputs: [, b], attributes }: Tensor<MatMul>): boolean {
  const { transA, transB, alpha } = attributes;
  return !transA && transB && alpha === 1 && b.shape.length === 2;
}

/** All axes but the last made one: [..., D] → [N, D]. */
export const flattenRows = (x: Tensor): Tensor =>
  reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);

/**
 * alpha · op(a) · op(b) over the last two axes, where op transposes them if asked; the axes before broadcast.
 *
 * @param a  [..., N, M], or [..., M, N] with transA
 * @param b  [..., M, P], or [..., P, M] with transB
 * @returns  [..., N, P]
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatMul> = {}): Tensor {
  return applyOperation(matmulOperation, [a, b], { transA: false, transB: false, alpha: 1, ...options });
}
