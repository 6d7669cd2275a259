import { microsoft } from './onnx-schema.ts';
import {
  add,
  concat,
  div,
  exp,
  flattenRows,
  gather,
  gatherElements,
  logSoftmax,
  matmul,
  mul,
  neg,
  parts,
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
  transpose,
} from './primitives.ts';
import { product, sameShape, showType } from './shape.ts';
import { applyOperation, type Operation, scalar, type Tensor } from './tensor.ts';
import { GraphError } from './tensor-type.ts';

// What transformers are made of. Each has a form from primitives and, where ONNX Runtime has a fused operator, a fused
// form; a test holds the two together. Some have a gradient of their own, cheaper than that of their primitives.

/** y = x Wᵀ + b, as Hugging Face stores W: [out, in].   x [..., in] → [..., out] */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = matmul(x, weight, { transB: true });
  return bias ? add(y, bias) : y;
}

const siluOperation: Operation<null> = {
  name: 'silu',
  infer: ([x]) => x,
  onnx: (writer, _, inputs) => writer.node('QuickGelu', inputs, { alpha: { float: 1 } }, microsoft),
  expand: ([x]) => mul(x, sigmoid(x)),
  /** d/dx x σ(x) = σ + y (1 − σ). */
  gradient(y, dy) {
    const sigma = sigmoid(y.inputs[0]);
    return [mul(dy, sub(add(sigma, y), mul(y, sigma)))];
  },
};

/** x · σ(x). */
export const silu = (x: Tensor): Tensor => applyOperation(siluOperation, [x], null);

const geluTanhOperation: Operation<null> = {
  name: 'geluTanh',
  infer: ([x]) => x,
  onnx: (writer, _, inputs) => writer.node('FastGelu', inputs, {}, microsoft),
  expand: ([x]) => {
    const number = (value: number) => scalar(value, x.dtype);
    const inner = mul(x, add(number(1), mul(number(0.044715), mul(x, x))));
    return mul(mul(number(0.5), x), add(number(1), tanh(mul(number(Math.sqrt(2 / Math.PI)), inner))));
  },
};

/** x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), which is near x · Φ(x). Hendrycks and Gimpel 2016, section 2. */
export const geluTanh = (x: Tensor): Tensor => applyOperation(geluTanhOperation, [x], null);

const rmsNormOperation: Operation<number> = {
  name: 'rmsNorm',
  infer([x, weight]) {
    if (!sameShape(weight.shape, x.shape.slice(-1)))
      throw new GraphError(`rmsNorm: the weight is ${showType(weight)}, the input ${showType(x)}`);
    return x;
  },
  onnx: (writer, { attributes: epsilon }, inputs) =>
    writer.node('SimplifiedLayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } }),
  expand: ([x, weight], epsilon) => mul(div(x, rms(x, epsilon)), weight),
  /** With x̂ = x / rms and g = dy · w:  dx = (g − x̂ · mean(g · x̂)) / rms,  dw = Σ dy · x̂. */
  gradient({ inputs: [x, weight], attributes: epsilon }, dy) {
    const root = rms(x, epsilon);
    const normalised = div(x, root);
    const product = mul(dy, normalised);
    const width = scalar(x.shape.at(-1) as number, x.dtype);
    // the row sums of product · w are a product with a vector
    const mean = div(matmul(product, reshape(weight, [x.shape.at(-1)!, 1])), width);
    const dx = div(sub(mul(dy, weight), mul(normalised, mean)), root);
    return [dx, reduceSum(flattenRows(product), [0])];
  },
};

function rms(x: Tensor, epsilon: number): Tensor {
  const width = x.shape.at(-1);
  if (typeof width !== 'number') throw new GraphError('rmsNorm: the last dimension has to be a number');
  const squares = sumOfSquares(x, [-1], { keepDims: true });
  return sqrt(add(div(squares, scalar(width, x.dtype)), scalar(epsilon, x.dtype)));
}

/**
 * Root mean square normalisation over the last axis: x / √(mean(x²) + ε) · w. Zhang and Sennrich 2019, Eq. (4).
 *
 * @param x       [..., D]
 * @param weight  [D]
 */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): Tensor =>
  applyOperation(rmsNormOperation, [x, weight], epsilon);

const ropeOperation: Operation<number> = {
  name: 'rope',
  infer: ([x]) => x,
  onnx: (writer, { inputs: [x, , cosine], attributes: heads }, inputs) => {
    const rotated = 2 * (cosine.shape[1] as number);
    // 0 stands for all of a head
    const rotary = rotated < headWidth(x, heads) ? rotated : 0;
    const attributes = { num_heads: heads, interleaved: 0, rotary_embedding_dim: rotary };
    return writer.node('RotaryEmbedding', inputs, attributes, microsoft);
  },
  expand([x, positions, cosine, sine], heads) {
    const [B, L] = x.shape;
    const width = headWidth(x, heads);
    const half = cosine.shape[1] as number;
    const split = reshape(x, [B, L, heads, width]);
    const atPositions = (table: Tensor) => reshape(gather(table, positions), [...positions.shape, 1, half]);
    const [cos, sin] = [atPositions(cosine), atPositions(sine)];
    const [x1, x2] = [slice(split, -1, 0, half), slice(split, -1, half, 2 * half)];
    const rotated = [sub(mul(x1, cos), mul(x2, sin)), add(mul(x2, cos), mul(x1, sin))];
    const rest = 2 * half < width ? [slice(split, -1, 2 * half, width)] : [];
    return reshape(concat([...rotated, ...rest], -1), x.shape);
  },
  /** A rotation's gradient is the rotation back. */
  gradient: ({ inputs: [, positions, cosine, sine], attributes: heads }, dy) => [
    applyOperation(ropeOperation, [dy, positions, cosine, neg(sine)], heads),
    undefined,
    undefined,
    undefined,
  ],
};

function headWidth(x: Tensor, heads: number): number {
  const width = x.shape.at(-1);
  if (typeof width !== 'number' || width % heads !== 0)
    throw new GraphError(`${heads} heads do not divide the width of ${showType(x)}`);
  return width / heads;
}

/**
 * Rotary position embedding, each half of a head's width against the other (rotate_half). Su et al. 2021, Eq. (34).
 *
 *     x₁′ = x₁ cos(pθ) − x₂ sin(pθ)     x₂′ = x₂ cos(pθ) + x₁ sin(pθ)
 *
 * @param x          [B, L, heads · K]
 * @param positions  int64   [B, L]
 * @param cosine     of position times frequency; fewer than K / 2 frequencies leave the rest of a head as it is   [P, ≤ K/2]
 * @param sine       likewise
 */
export const rope = (x: Tensor, positions: Tensor, cosine: Tensor, sine: Tensor, heads: number): Tensor =>
  applyOperation(ropeOperation, [x, positions, cosine, sine], heads);

const attendOperation: Operation<null> = {
  name: 'attend',
  infer: ([scores, values]) => ({
    dtype: scores.dtype,
    shape: [...scores.shape.slice(0, -1), values.shape.at(-1)!],
  }),
  expand: ([scores, values]) => matmul(softmax(scores), values),
  /**
   * With P = softmax(S):  dV = Pᵀ dO,  dS = P · (dO Vᵀ − Σ dO · O). The sum over the heads' width equals the
   * softmax gradient's sum over all keys, and is much shorter (Dao et al. 2022, Eq. 4).
   */
  gradient(output, dOutput) {
    const [scores, values] = output.inputs;
    const probabilities = softmax(scores);
    const sums = reduceSum(mul(dOutput, output), [-1], { keepDims: true });
    return [
      mul(probabilities, sub(matmul(dOutput, values, { transB: true }), sums)),
      matmul(probabilities, dOutput, { transA: true }),
    ];
  },
};

interface Attention {
  readonly heads: number;
  readonly scale: number;
}

const attentionOperation: Operation<Attention> = {
  name: 'attention',
  infer: ([q]) => q,
  onnx: (writer, { attributes: { heads, scale } }, [q, k, v, bias]) =>
    writer.node(
      'MultiHeadAttention',
      bias === undefined ? [q, k, v] : [q, k, v, '', '', bias],
      { num_heads: heads, scale: { float: scale } },
      microsoft,
    ),
  expand([q, k, v, bias], { heads, scale }) {
    const [rows, keys, values] = [q, k, v].map((x) => splitHeads(x, heads));
    const scores = matmul(rows, keys, { transB: true, alpha: scale }); // [B, H, Lq, Lk]
    const output = applyOperation(attendOperation, [bias ? add(scores, bias) : scores, values], null);
    return reshape(transpose(output, [0, 2, 1, 3]), q.shape);
  },
};

/**
 * Scaled dot-product attention: softmax(q kᵀ / √K + bias) v in every head. Vaswani et al. 2017, Eq. (1).
 *
 * @param q     [B, Lq, heads · K]
 * @param k     with fewer heads than q, each serves a group of q's   [B, Lk, kvHeads · K]
 * @param v     likewise                                             [B, Lk, kvHeads · K]
 * @returns     [B, Lq, heads · K]
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  {
    heads,
    kvHeads,
    bias,
    scale = 1 / Math.sqrt(headWidth(q, heads)),
  }: {
    heads: number;
    kvHeads: number;
    /** Added to the scores: 0 where a query may look, a large negative number elsewhere   [B or 1, 1, Lq, Lk] */
    bias?: Tensor;
    /** Of q kᵀ. Default: 1 / √K */
    scale?: number;
  },
): Tensor {
  const [keys, values] = [k, v].map((x) => repeatHeads(x, kvHeads, heads / kvHeads));
  const inputs = bias ? [q, keys, values, bias] : [q, keys, values];
  return applyOperation(attentionOperation, inputs, { heads, scale });
}

/** The heads apart from each other.   [B, L, heads · K] → [B, heads, L, K] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [B, L] = x.shape;
  return transpose(reshape(x, [B, L, heads, headWidth(x, heads)]), [0, 2, 1, 3]);
}

/** Keys and values by head   [B, kvHeads, C, K] each */
interface HeadKeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/**
 * The attention of Q of L positions over C that were computed before and those L. What is long, the keys and values of before, is
 * read where it lies and not copied; the heads of q that share a head of it are rows of one product.
 *
 *     softmax([q k_pastᵀ, q kᵀ] / √K + bias) [v_past; v]
 *
 * @param q     [B, Q, heads · K]
 * @param past  [B, kvHeads, C, K]
 * @param own   [B, kvHeads, L, K]
 * @param bias  of the scores of those of before, and then of one's own   [B or 1, 1, Q or 1, C + L]
 * @returns     [B, Q, heads · K]
 */
export function attentionBeside(
  q: Tensor,
  past: HeadKeysValues,
  own: HeadKeysValues,
  {
    heads,
    bias,
    scale = 1 / Math.sqrt(headWidth(q, heads)),
  }: {
    heads: number;
    /** Added to the scores: 0 where a query may look, a large negative number elsewhere. */
    bias: Tensor;
    /** Of q kᵀ. Default: 1 / √K */
    scale?: number;
  },
): Tensor {
  const [B, kvHeads, C, K] = past.key.shape;
  const [Q, L] = [q.shape[1], own.key.shape[2]];
  const group = heads / (kvHeads as number);
  const rows = reshape(splitHeads(mul(q, scalar(scale)), heads), [B, kvHeads, product([group, Q]), K]);
  const scores = concat(
    [past.key, own.key].map((key) => matmul(rows, key, { transB: true })),
    -1,
  );
  const byHead = [B, kvHeads, group, Q, scores.shape[3]];
  const [biasB, , biasQ, S] = bias.shape;
  const weights = softmax(add(reshape(scores, byHead), reshape(bias, [biasB, 1, 1, biasQ, S])));
  const [before, mine] = parts(reshape(weights, scores.shape), -1, [C, L]);
  const mixed = reshape(add(matmul(before, past.value), matmul(mine, own.value)), [B, heads, Q, K]);
  return reshape(transpose(mixed, [0, 2, 1, 3]), q.shape);
}

/** Each head's K numbers `times` times in a row. [B, L, heads · K] → [B, L, heads · times · K] */
function repeatHeads(x: Tensor, heads: number, times: number): Tensor {
  if (times === 1) return x;
  const [B, L] = x.shape;
  const width = headWidth(x, heads);
  const repeated = concat(Array(times).fill(reshape(x, [B, L, heads, 1, width])), 3);
  return reshape(repeated, [B, L, heads * times * width]);
}

const crossEntropyOperation: Operation<null> = {
  name: 'crossEntropy',
  infer: ([logits, targets]) => ({ dtype: logits.dtype, shape: targets.shape }),
  expand: ([logits, targets]) => {
    const index = reshape(targets, [...targets.shape, 1]);
    return neg(reshape(gatherElements(logSoftmax(logits), index, -1), targets.shape));
  },
  /** ∂/∂logits = dy · (softmax(logits) − onehot(targets)). */
  gradient({ inputs: [logits, targets] }, dy) {
    const index = reshape(targets, [...targets.shape, 1]);
    const column = reshape(dy, [...dy.shape, 1]);
    return [scatterAdd(mul(exp(logSoftmax(logits)), column), index, neg(column), -1), undefined];
  },
};

/**
 * −log softmax(logits)[target], in nats.
 *
 * @param logits   [R, V]
 * @param targets  int32   [R]
 * @returns        [R]
 */
export const crossEntropy = (logits: Tensor, targets: Tensor): Tensor =>
  applyOperation(crossEntropyOperation, [logits, targets], null);
