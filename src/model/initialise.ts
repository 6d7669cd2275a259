import { type NdArray, sizeOf } from '../array.ts';
import { normals, uniforms } from '../random.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';

/** Standard deviation of initial weights, as GPT-2 has it. */
const standardDeviation = 0.02;

/**
 * The parameters that training starts from: matrices normal with standard deviation 0.02, those that write to the
 * residual stream smaller by √(2 · layers) so that its variance doesn't grow with depth (Radford et al. 2019,
 * section 2.3), norms one, biases zero. Each tensor has random numbers of its own, so a layer more or less leaves the
 * others as they are.
 */
export function initialParameters(
  config: TransformerConfig,
  names: TensorNames,
  seed: number,
): ReadonlyMap<string, NdArray> {
  const residual = new Set<string>();
  for (let i = 0; i < config.layers; i++) residual.add(names.layer(i).output).add(names.layer(i).down);

  const parameters = new Map<string, NdArray>();
  for (const [name, shape] of parameterShapes(config, names)) {
    const data = new Float32Array(sizeOf(shape));
    if (shape.length >= 2) {
      const deviation = standardDeviation / (residual.has(name) ? Math.sqrt(2 * config.layers) : 1);
      const normal = normals(uniforms(seed, 'init', 0, parameters.size));
      for (let i = 0; i < data.length; i++) data[i] = deviation * normal(i);
    } else if (!name.endsWith('bias')) {
      data.fill(1);
    }
    parameters.set(name, { shape, data });
  }
  return parameters;
}
