import type { NdArray } from '../base/array.ts';
import { sizeOf } from '../base/array.ts';
import { add, matmul, mul } from '../graph/primitives.ts';
import { isParameter, parameter, scalar, type Tensor, topological } from '../graph/tensor.ts';
import { useOf } from '../graph/uses.ts';
import { uniforms } from '../base/random.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';

/**
 * A low-rank change of matrices that stay as they are: Hu et al. 2021, arXiv:2106.09685, Eq. (3).
 *
 *     W x + (α / r) · B (A x)          A [r, in], B [out, r]
 */
export interface Adapter {
  /** r */
  readonly rank: number;
  /** α */
  readonly alpha: number;
  /** The names of the matrices. */
  readonly targets: readonly string[];
}

/** The matrices of a layer that can be changed, as a person names them. */
export const adapterTargets = ['query', 'key', 'value', 'output', 'gate', 'up', 'down'] as const;
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
  { rank, targets }: Adapter,
): ReadonlyMap<string, readonly number[]> {
  const matrices = parameterShapes(config, names);
  return new Map(
    targets.flatMap((matrix): [string, readonly number[]][] => {
      const { a, b } = adapterNames(matrix);
      const [outputs, inputs] = matrices.get(matrix)!;
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
  const targets = new Set(adapter.targets);
  const changed = new Map<Tensor, Tensor>();
  for (const tensor of topological(Object.values(outputs))) {
    const inputs = tensor.inputs.map((from) => changed.get(from)!);
    const same = inputs.every((from, i) => from === tensor.inputs[i]) ? tensor : { ...tensor, inputs };
    changed.set(tensor, isAdapted(tensor, targets) ? adapted(same, adapter) : same);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, changed.get(tensor)!]));
}

function isAdapted(tensor: Tensor, targets: ReadonlySet<string>): boolean {
  const [, matrix] = tensor.inputs;
  return (
    matrix && isParameter(matrix) && targets.has(matrix.attributes.name) && useOf(tensor, 1) === 'product'
  );
}

function adapted(product: Tensor, { rank, alpha }: Adapter): Tensor {
  const [x, matrix] = product.inputs;
  if (!isParameter(matrix)) return product;
  const [outputs, inputs] = matrix.shape as readonly number[];
  const { a, b } = adapterNames(matrix.attributes.name);
  const low = matmul(x, parameter(a, [rank, inputs]), { transB: true });
  const change = matmul(low, parameter(b, [outputs, rank]), { transB: true });
  return add(product, mul(change, scalar(alpha / rank)));
}

/** W + (α / r) · B A, in place. */
export function merge(
  w: Float32Array,
  { data: a, shape: [rank, inputs] }: NdArray,
  { data: b, shape: [outputs] }: NdArray,
  alpha: number,
): void {
  const scale = alpha / rank;
  for (let o = 0; o < outputs; o++) {
    const row = w.subarray(o * inputs, (o + 1) * inputs);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[o * rank + k];
      if (factor === 0) continue;
      for (let i = 0; i < inputs; i++) row[i] += factor * a[k * inputs + i];
    }
  }
}
