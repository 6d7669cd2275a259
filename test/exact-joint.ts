import type { MaskPredictor } from '../src/sampling/predictor.ts';

/** A joint distribution of L tokens of V values small enough to enumerate, and the perfect mask predictor for it. */
export interface ExactJoint {
  readonly maskId: number;
  /** Every sequence, in the order of `probability`. */
  readonly sequences: readonly (readonly number[])[];
  readonly probability: readonly number[];
  /** log p(x_0^i = v | the unmasked tokens of x_t); −∞ for the mask itself, which is the last id. */
  readonly predict: MaskPredictor;
}

/** The joint distribution that is proportional to a weight. */
export function exactJoint(V: number, L: number, weight: (x: readonly number[]) => number): ExactJoint {
  const sequences = Array.from({ length: V ** L }, (_, n) =>
    Array.from({ length: L }, (_, i) => Math.floor(n / V ** i) % V),
  );
  const weights = sequences.map(weight);
  const total = weights.reduce((a, b) => a + b);
  const probability = weights.map((w) => w / total);
  const maskId = V;

  const predict: MaskPredictor = (xt, rows) => {
    const mass = new Float64Array(rows.length * (V + 1));
    for (const [n, x] of sequences.entries()) {
      if (!x.every((token, i) => xt[i] === maskId || xt[i] === token)) continue;
      for (const [r, i] of rows.entries()) mass[r * (V + 1) + x[i]] += probability[n];
    }
    return Promise.resolve({ shape: [rows.length, V + 1], data: Float32Array.from(mass, Math.log) });
  };
  return { maskId, sequences, probability, predict };
}

/** Pearson's χ² of observed counts against probabilities. */
export function chiSquare(counts: readonly number[], probability: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b);
  return counts.reduce((sum, count, k) => sum + (count - n * probability[k]) ** 2 / (n * probability[k]), 0);
}

/** Whether χ² of counts is below its limit; classes that are expected less than four times count as one. */
export function followsDistribution(counts: readonly number[], probability: readonly number[]): boolean {
  const n = counts.reduce((a, b) => a + b);
  const often = probability.map((p) => n * p > 4);
  const pooled = (values: readonly number[]): number[] => {
    const rare = values.filter((_, k) => !often[k]);
    return [...values.filter((_, k) => often[k]), ...(rare.length > 0 ? [rare.reduce((a, b) => a + b)] : [])];
  };
  const classes = pooled(probability);
  return chiSquare(pooled(counts), classes) < chiSquareLimit(classes.length - 1);
}

/** The value that χ² of so many degrees of freedom exceeds once in a thousand (Wilson and Hilferty 1931). */
export function chiSquareLimit(degrees: number): number {
  const variance = 2 / (9 * degrees);
  return degrees * (1 - variance + 3.0902 * Math.sqrt(variance)) ** 3;
}
