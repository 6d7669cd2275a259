import type { NdArray } from '../base/array.ts';
import { sizeOf } from '../base/array.ts';
import { add, matmul, mul } from '../graph/primitives.ts';
import { rewrite } from '../graph/rewrite.ts';
import { isParameter, parameter, scalar, type Tensor } from '../graph/tensor.ts';
import { useOf } from '../graph/uses.ts';
import { uniforms } from '../base/random.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';

/**
 * A low-rank change of matrices that stay as they are: Hu et al. 2021, arXiv:2106.09685, Eq. (3).
 *
 *     W x + s · B (A x)          A [r, in], B [out, r]
 */
export interface Adapter {
  /** The change of each matrix, by its name. */
  readonly matrices: ReadonlyMap<string, LowRankChange>;
}

/** The rank and the scale of a change. */
export interface LowRankChange {
  /** r */
  readonly rank: number;
  /** s: α / r, or α / √r where the adapter is rank-stabilised (Kalajdzievski 2023, arXiv:2312.03732). */
  readonly scale: number;
}

/** An adapter that changes each of some matrices with the same rank and scale. */
export const uniformAdapter = (targets: readonly string[], change: LowRankChange): Adapter => ({
  matrices: new Map(targets.map((name) => [name, change])),
});

/** The matrices of a layer that can be changed, as a person names them. */
export const adapterTargets = ['query', 'key', 'value', 'output', 'gate', 'up', 'down'] as const;
/** A matrix of a layer that an adapter may change. */
export type AdapterTarget = (typeof adapterTargets)[number];

/** The names of the matrices of every layer that a person means; those of experts are not among them. */
export function matricesOf(
  config: TransformerConfig,
  names: TensorNames,
  targets: readonly AdapterTarget[],
): string[] {
  const all = Array.from({ length: config.layers }, (_, i) => {
    const layer = names.layer(i);
    return targets.map((target) => {
      const isFused = target === 'query' || target === 'key' || target === 'value';
      return isFused ? (layer.queryKeyValue ?? layer[target]) : layer[target];
    });
  });
  const present = parameterShapes(config, names);
  return [...new Set(all.flat())].filter((name) => present.has(name));
}

/** What A and B of a matrix are called: as in the files of Hugging Face's PEFT. */
export const adapterNames = (matrix: string): { readonly a: string; readonly b: string } => {
  const module = `base_model.model.${moduleOf(matrix)}`;
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` };
};

/** The module that a matrix belongs to: its name without `.weight`. */
export const moduleOf = (matrix: string): string => matrix.replace(/\.weight$/, '');

/** Every tensor of an adapter with its shape. */
export function adapterShapes(
  config: TransformerConfig,
  names: TensorNames,
  { matrices }: Adapter,
): ReadonlyMap<string, readonly number[]> {
  const shapes = parameterShapes(config, names);
  return new Map(
    [...matrices].flatMap(([matrix, { rank }]): [string, readonly number[]][] => {
      const { a, b } = adapterNames(matrix);
      const [outputs, inputs] = shapes.get(matrix)!;
      return [
        [a, [rank, inputs]],
        [b, [outputs, rank]],
      ];
    }),
  );
}

/** What an adapter begins with: A uniform in ±1/√in, as PEFT has it, and B zero, so that nothing is changed yet. */
export function initialAdapter(
  shapes: ReadonlyMap<string, readonly number[]>,
  seed: number,
): ReadonlyMap<string, NdArray> {
  return new Map(
    Array.from(shapes, ([name, shape], i) => {
      const data = new Float32Array(sizeOf(shape));
      const uniform = uniforms(seed, 'init', 0, i);
      const limit = 1 / Math.sqrt(shape[1]);
      if (name.includes('.lora_A.')) data.forEach((_, j) => (data[j] = limit * (2 * uniform(j) - 1)));
      return [name, { shape, data }] as const;
    }),
  );
}

/** The same graph with every product with one of the adapter's matrices changed by it. */
export function withAdapter(
  outputs: Readonly<Record<string, Tensor>>,
  adapter: Adapter | undefined,
): Readonly<Record<string, Tensor>> {
  if (!adapter) return outputs;
  return rewrite(outputs, (tensor, same) => {
    const change = changeOf(tensor, adapter);
    return change ? adapted(same, change) : same;
  });
}

/** The change of a product with one of the adapter's matrices. */
function changeOf(tensor: Tensor, { matrices }: Adapter): LowRankChange | undefined {
  const [, matrix] = tensor.inputs;
  return matrix && isParameter(matrix) && useOf(tensor, 1) === 'product'
    ? matrices.get(matrix.attributes.name)
    : undefined;
}

function adapted(product: Tensor, { rank, scale }: LowRankChange): Tensor {
  const [x, matrix] = product.inputs;
  if (!isParameter(matrix)) return product;
  const [outputs, inputs] = matrix.shape as readonly number[];
  const { a, b } = adapterNames(matrix.attributes.name);
  const low = matmul(x, parameter(a, [rank, inputs]), { transB: true });
  const change = matmul(low, parameter(b, [outputs, rank]), { transB: true });
  return add(product, mul(change, scalar(scale)));
}

/** W + s · B A, in place. */
export function merge(
  w: Float32Array,
  { data: a, shape: [rank, inputs] }: NdArray,
  { data: b, shape: [outputs] }: NdArray,
  scale: number,
): void {
  for (let o = 0; o < outputs; o++) {
    const row = w.subarray(o * inputs, (o + 1) * inputs);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[o * rank + k];
      if (factor === 0) continue;
      for (let i = 0; i < inputs; i++) row[i] += factor * a[k * inputs + i];
    }
  }
}
