import type { NdArray } from '../array.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import { add, div, mul, sqrt, sub } from '../graph/primitives.ts';
import { input, parameter, scalar, type Tensor } from '../graph/tensor.ts';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** λ: what a step takes off a weight is lr · λ of it. */
  readonly weightDecay: number;
  /** Which parameters decay. Default: matrices, so neither norms nor biases. */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
  /** Decay of an exponential moving average of the parameters; absent: none is kept. */
  readonly emaDecay?: number;
}

const isMatrix = (_: string, shape: readonly number[]) => shape.length >= 2;

/**
 * One step of AdamW for every parameter, as a graph. Loshchilov and Hutter 2019, Algorithm 2; Kingma and Ba 2015.
 *
 *     m ← β₁ m + (1 − β₁) g            v ← β₂ v + (1 − β₂) g²
 *     θ ← (1 − lr λ) θ − lr · (m / (1 − β₁ᵏ)) / (√(v / (1 − β₂ᵏ)) + ε)      k = 1, 2, …
 *
 * Reads NAME, gradient.NAME, adam.m.NAME, adam.v.NAME and the scalars of `adamWScalars`; gives the same state with
 * `next.` before each name.
 */
export function adamWGraph(
  shapes: ReadonlyMap<string, readonly number[]>,
  { beta1, beta2, epsilon, decays = isMatrix, emaDecay }: AdamWOptions,
): OnnxModel {
  const given = (name: string) => input(name, 'float32', []);
  const gradientScale = given('gradientScale');
  const stepSize = given('stepSize'); //   lr / (1 − β₁ᵏ)
  const rootScale = given('rootScale'); // 1 / √(1 − β₂ᵏ)
  const kept = given('kept'); //           1 − lr λ
  const outputs: Record<string, Tensor> = {};

  for (const [name, shape] of shapes) {
    const theta = parameter(name, shape);
    const g = mul(parameter(`gradient.${name}`, shape), gradientScale);
    const m = lerp(parameter(`adam.m.${name}`, shape), g, beta1);
    const v = lerp(parameter(`adam.v.${name}`, shape), mul(g, g), beta2);
    const change = mul(div(m, add(mul(sqrt(v), rootScale), scalar(epsilon))), stepSize);
    const next = sub(decays(name, shape) ? mul(theta, kept) : theta, change);
    outputs[`next.${name}`] = next;
    outputs[`next.adam.m.${name}`] = m;
    outputs[`next.adam.v.${name}`] = v;
    if (emaDecay !== undefined)
      outputs[`next.ema.${name}`] = lerp(parameter(`ema.${name}`, shape), next, emaDecay);
  }
  return writeOnnx(outputs);
}

/** share · a + (1 − share) · b. */
const lerp = (a: Tensor, b: Tensor, share: number): Tensor =>
  add(mul(a, scalar(share)), mul(b, scalar(1 - share)));

/**
 * What the graph needs to be told at each step.
 *
 * @param step           k, from 1
 * @param gradientScale  1, or what clipping leaves of the gradient
 */
export function adamWScalars(
  { beta1, beta2, weightDecay }: AdamWOptions,
  { step, learningRate, gradientScale }: { step: number; learningRate: number; gradientScale: number },
): Readonly<Record<'gradientScale' | 'stepSize' | 'rootScale' | 'kept', NdArray>> {
  const scalarArray = (value: number): NdArray => ({ shape: [], data: Float32Array.of(value) });
  return {
    gradientScale: scalarArray(gradientScale),
    stepSize: scalarArray(learningRate / (1 - beta1 ** step)),
    rootScale: scalarArray(1 / Math.sqrt(1 - beta2 ** step)),
    kept: scalarArray(1 - learningRate * weightDecay),
  };
}
