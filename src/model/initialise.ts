import { type NdArray, sizeOf } from '../base/array.ts';
import { normals, uniforms } from '../base/random.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';

/** A weight matrix about to be filled. */
export interface ParameterPlace {
  /** Its columns: what it multiplies has so many numbers. */
  readonly inputs: number;
  /** For a matrix that writes to the residual stream, its layer, from 0. */
  readonly residualLayer?: number;
  readonly layers: number;
}

/** The standard deviation of a matrix's initial weights. */
export type Initialisation = (place: ParameterPlace) => number;

/**
 * 1/√inputs, and what layer n (from 0) writes to the residual stream smaller by √(2 (n + 1)): LLaDA's `init_fn`, after
 * Mitchell. Attention is then not uniform at the start (experiments/LOG.md compares the two).
 */
export const mitchell: Initialisation = ({ inputs, residualLayer }) =>
  1 / Math.sqrt(inputs) / (residualLayer === undefined ? 1 : Math.sqrt(2 * (residualLayer + 1)));

/** 0.02, and what is written to the residual stream smaller by √(2 · layers). Radford et al. 2019, section 2.3. */
export const gpt2: Initialisation = ({ residualLayer, layers }) =>
  0.02 / (residualLayer === undefined ? 1 : Math.sqrt(2 * layers));

/** Ways to draw the first weights, by the names that a person gives. */
export const initialisations = { mitchell, gpt2 } as const;

/**
 * The parameters that training starts from: matrices normal, norms one, biases zero. Each tensor has random numbers of
 * its own, so a layer more or less leaves the others as they are.
 */
export function initialParameters(
  config: TransformerConfig,
  names: TensorNames,
  seed: number,
  deviationOf: Initialisation = mitchell,
): ReadonlyMap<string, NdArray> {
  const { layers } = config;
  const residual = new Map<string, number>();
  for (let i = 0; i < layers; i++) residual.set(names.layer(i).output, i).set(names.layer(i).down, i);

  const parameters = new Map<string, NdArray>();
  for (const [name, shape] of parameterShapes(config, names)) {
    const data = new Float32Array(sizeOf(shape));
    if (shape.length >= 2) {
      const deviation = deviationOf({ inputs: shape[1], residualLayer: residual.get(name), layers });
      const normal = normals(uniforms(seed, 'init', 0, parameters.size));
      for (let i = 0; i < data.length; i++) data[i] = deviation * normal(i);
    } else if (!name.endsWith('bias')) {
      data.fill(1);
    }
    parameters.set(name, { shape, data });
  }
  return parameters;
}
