import { type Arrays, type Optimizer, type OptimizerStep, withPrefix, zerosFor } from './optimizer.ts';

/** The constants of AdamW, as Loshchilov and Hutter 2017 name them (arXiv:1711.05101, algorithm 2). */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** λ: what a step takes off a weight is lr · λ of it. */
  readonly weightDecay: number;
  /** Which parameters decay. */
  readonly decays: (name: string, shape: readonly number[]) => boolean;
}

/** Whether weight decay takes hold of a parameter: of matrices, not of norms and biases. */
export const isMatrix = (_: string, shape: readonly number[]): boolean => shape.length >= 2;

/**
 * One step of AdamW on one parameter, in place. Loshchilov and Hutter 2019, Algorithm 2; Kingma and Ba 2015.
 *
 *     m ← β₁ m + (1 − β₁) g            v ← β₂ v + (1 − β₂) g²
 *     θ ← (1 − lr λ) θ − lr · (m / (1 − β₁ᵏ)) / (√(v / (1 − β₂ᵏ)) + ε)
 *
 * A loop over numbers and not a graph: the engine would write θ, m and v into new memory and hand each out as a copy,
 * which takes longer than the arithmetic and three times the room (bench/RESULTS.md).
 *
 * @param theta     θ, m and v are written to   [N]
 * @param gradient  g before scaling            [N]
 * @param decays    whether λ applies to this parameter
 */
function adamW(
  theta: Float32Array,
  m: Float32Array,
  v: Float32Array,
  gradient: Float32Array,
  decays: boolean,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
  { step, learningRate, gradientScale }: OptimizerStep,
): void {
  const stepSize = learningRate / (1 - beta1 ** step);
  const rootScale = 1 / Math.sqrt(1 - beta2 ** step);
  const kept = decays ? 1 - learningRate * weightDecay : 1;
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i] * gradientScale;
    const mi = beta1 * m[i] + (1 - beta1) * g;
    const vi = beta2 * v[i] + (1 - beta2) * g * g;
    m[i] = mi;
    v[i] = vi;
    theta[i] = kept * theta[i] - (stepSize * mi) / (Math.sqrt(vi) * rootScale + epsilon);
  }
}

/** AdamW on every parameter that it is given the shape of. */
export class AdamW implements Optimizer {
  readonly #options: AdamWOptions;
  readonly #m: Arrays;
  readonly #v: Arrays;

  constructor(shapes: ReadonlyMap<string, readonly number[]>, options: AdamWOptions) {
    this.#options = options;
    this.#m = zerosFor(shapes);
    this.#v = zerosFor(shapes);
  }

  async step(parameters: Arrays, gradients: Arrays, at: OptimizerStep): Promise<void> {
    for (const [name, { shape, data: m }] of this.#m) {
      const [theta, v, gradient] = [parameters, this.#v, gradients].map((arrays) => arrays.get(name)!.data);
      adamW(theta, m, v, gradient, this.#options.decays(name, shape), this.#options, at);
    }
  }

  moments(): Arrays {
    return new Map([...withPrefix('adam.m.', this.#m), ...withPrefix('adam.v.', this.#v)]);
  }

  async close(): Promise<void> {}
}
