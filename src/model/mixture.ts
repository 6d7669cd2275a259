import { linear, silu } from '../graph/composites.ts';
import { argsort, groupedLinear } from '../graph/grouped.ts';
import {
  add,
  div,
  expand,
  flattenRows,
  gather,
  gatherElements,
  lessOrEqual,
  mul,
  reduceSum,
  reshape,
  scatterAdd,
  topK,
  where,
  zerosLike,
} from '../graph/primitives.ts';
import { product } from '../graph/shape.ts';
import { scalar, type Tensor } from '../graph/tensor.ts';

/** The names of one gated MLP's tensors. */
export interface MlpNames {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

/** The names of a layer's experts. */
export interface MixtureNames {
  readonly router: string;
  readonly selectionBias: string;
  readonly shared: MlpNames;
  expert(index: number): MlpNames;
  /** Of experts beside the layer's own MLP. */
  readonly besideMlp?: BesideNames;
}

interface BesideNames {
  /** Norms of what the layer's own MLP gives, of what the experts are given, and of what they give. */
  readonly mlpOutputNorm: string;
  readonly inputNorm: string;
  readonly outputNorm: string;
  readonly routerNorm: string;
  /** A factor for each expert. */
  readonly expertScale: string;
}

/** A layer of experts, of which each token goes to a few. Shazeer et al. 2017; the options are those of DeepSeek-V3. */
export interface Mixture {
  /** Which layers have it. */
  readonly layers: readonly boolean[];
  /** How many experts there are, E. */
  readonly experts: number;
  /** How many of them a token goes to. */
  readonly chosen: number;
  /** Inner width of each one's gated MLP. */
  readonly hidden: number;
  /** From the router's logits to scores   [R, E] → [R, E] */
  readonly score: (logits: Tensor) => Tensor;
  /** A bias for each expert that is added to the scores for the choice alone. */
  readonly selectionBias: boolean;
  /** Experts are chosen from the best groups only; a group is as good as its two best experts together. */
  readonly groups?: { readonly count: number; readonly chosen: number };
  /** The chosen scores are divided by their sum. */
  readonly normalised: boolean;
  /** What the weights are multiplied with in the end. */
  readonly scale: number;
  /** Inner width of the gated MLP that every token goes through beside its experts. */
  readonly sharedHidden?: number;
  /**
   * The experts stand beside the layer's own gated MLP, not in its place: each with norms before and behind it, the router
   * with one over the residual stream, and what an expert gives multiplied with a factor of its own. Gemma 4.
   */
  readonly besideMlp?: boolean;
}

type Shapes = [name: string, shape: readonly number[]][];

/** The matrices of an MLP with a gate, by name   [hidden, width] and [width, hidden]. */
export const mlpShapes = ({ gate, up, down }: MlpNames, width: number, hidden: number): Shapes => [
  [gate, [hidden, width]],
  [up, [hidden, width]],
  [down, [width, hidden]],
];

/** The tensors of a layer with experts: its router, each expert's MLP, and what is shared by all tokens. */
export function mixtureShapes(mixture: Mixture, names: MixtureNames, width: number): Shapes {
  const { experts, hidden, sharedHidden, besideMlp } = mixture;
  return [
    ...(besideMlp ? besideShapes(names.besideMlp!, experts, width) : []),
    [names.router, [experts, width]],
    ...(mixture.selectionBias ? ([[names.selectionBias, [experts]]] satisfies Shapes) : []),
    ...Array.from({ length: experts }, (_, e) => mlpShapes(names.expert(e), width, hidden)).flat(),
    ...(sharedHidden === undefined ? [] : mlpShapes(names.shared, width, sharedHidden)),
  ];
}

const besideShapes = (names: BesideNames, experts: number, width: number): Shapes => [
  [names.mlpOutputNorm, [width]],
  [names.inputNorm, [width]],
  [names.outputNorm, [width]],
  [names.routerNorm, [width]],
  [names.expertScale, [experts]],
];

/** Where a network's weights come from, and the function in its gated MLPs. */
export interface MlpContext {
  readonly weight: (name: string) => Tensor;
  readonly activation?: (x: Tensor) => Tensor;
}

/** down · (f(gate · x) ∘ up · x): with f = silu a SwiGLU. Shazeer 2020, Eq. (6). */
export function gatedMlp(x: Tensor, names: MlpNames, { weight, activation = silu }: MlpContext): Tensor {
  const gated = mul(activation(linear(x, weight(names.gate))), linear(x, weight(names.up)));
  return linear(gated, weight(names.down));
}

/**
 * Σ_e w_e · expert_e(x), each expert computed in the rows that chose it alone.   [..., D] → [..., D]
 *
 * Every row comes as often as it chose experts, those of one expert together, so that a projection of all experts is one
 * operation over them.
 *
 * @param seen  what the router looks at, x in most families   [..., D]
 */
export function mixtureOfExperts(
  x: Tensor,
  seen: Tensor,
  mixture: Mixture,
  names: MixtureNames,
  context: MlpContext,
): Tensor {
  const { weight, activation = silu } = context;
  const { experts, chosen } = mixture;
  const rows = flattenRows(x); // [R, D]
  const [R, D] = rows.shape;
  const bias = mixture.selectionBias ? weight(names.selectionBias) : undefined;
  const { index, weights } = route(linear(flattenRows(seen), weight(names.router)), mixture, bias);

  const expertOf = reshape(index, [product(index.shape)]); // [P], P = R · chosen
  const order = argsort(expertOf);
  const counts = countsOf(expertOf, experts);
  const project = (input: Tensor, part: keyof MlpNames) => {
    const matrices = Array.from({ length: experts }, (_, e) => weight(names.expert(e)[part]));
    return groupedLinear(input, counts, matrices);
  };
  const given = gather(rows, div(order, scalar(chosen, 'int64'))); // [P, D]
  const gated = mul(activation(project(given, 'gate')), project(given, 'up'));
  const outputs = reshape(gather(project(gated, 'down'), argsort(order)), [R, chosen, D]);

  const factors = names.besideMlp
    ? mul(weights, gather(weight(names.besideMlp.expertScale), index))
    : weights;
  const sum = reduceSum(mul(outputs, reshape(factors, [R, chosen, 1])), [1]);
  const all = mixture.sharedHidden === undefined ? sum : add(sum, gatedMlp(rows, names.shared, context));
  return reshape(all, x.shape);
}

/** How often each whole number below a count is in a vector.   int64 [P] → int64 [count] */
const countsOf = (numbers: Tensor, count: number): Tensor =>
  scatterAdd(expand(scalar(0, 'int64'), [count]), numbers, expand(scalar(1, 'int64'), numbers.shape), 0);

/** The experts of each row, and how much it gets of each. */
export interface Routing {
  /** int64   [R, chosen] */
  readonly index: Tensor;
  /** [R, chosen] */
  readonly weights: Tensor;
}

/**
 * @param logits  of the router      [R, E]
 * @param bias    for the choice     [E]
 */
export function route(logits: Tensor, mixture: Mixture, bias?: Tensor): Routing {
  const { chosen, normalised, scale } = mixture;
  const scores = mixture.score(logits);
  const index = topK(inBestGroups(bias ? add(scores, bias) : scores, mixture), chosen);
  const kept = gatherElements(scores, index, -1);
  const total = add(reduceSum(kept, [-1], { keepDims: true }), scalar(1e-20));
  const weights = normalised ? div(kept, total) : kept;
  return { index, weights: scale === 1 ? weights : mul(weights, scalar(scale)) };
}

/** The scores with those outside the best groups so low that they aren't chosen.   [R, E] → [R, E] */
function inBestGroups(scores: Tensor, { groups, experts }: Mixture): Tensor {
  if (!groups) return scores;
  const [R] = scores.shape;
  const grouped = reshape(scores, [R, groups.count, experts / groups.count]);
  const best = reduceSum(gatherElements(grouped, topK(grouped, 2), -1), [-1]); // [R, groups]
  const index = topK(best, groups.chosen);
  const marks = scatterAdd(zerosLike(best), index, expand(scalar(1), index.shape), -1);
  const outside = lessOrEqual(reshape(marks, [R, groups.count, 1]), scalar(0));
  return reshape(where(outside, scalar(-1e30), grouped), scores.shape);
}
