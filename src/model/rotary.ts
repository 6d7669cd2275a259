import { add, lessOrEqual, reduceSum, where } from '../graph/primitives.ts';
import { constant, scalar, type Tensor } from '../graph/tensor.ts';

/**
 * How the rotary frequencies were changed for sequences longer than those of pre-training. `families/rope-scaling.ts` makes it
 * of the kinds that configs name.
 */
export interface RopeScaling {
  /** What each frequency is divided by   [K/2] */
  readonly divisors: readonly number[];
  /** What cosines and sines are multiplied with. Default 1. */
  readonly magnitude?: number;
  /** Of a sequence that has a position from `length` on: what frequencies are divided by instead. */
  readonly beyond?: { readonly length: number; readonly divisors: readonly number[] };
  /** Tokens of the sequences that it is made for, where a config says that beside the length of pre-training. */
  readonly reach?: number;
}

/** How positions turn queries and keys. Su et al. 2021, arXiv:2104.09864. */
export interface Rotary {
  /** Positions that there may be. */
  readonly maxLength: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** How many frequencies aren't zero, the fastest. Default: all. `rope_type` "proportional". */
  readonly rotaryFrequencies?: number;
}

/** Radians a position, for i below K / 2: θ^(−2i/K), divided. The published code computes them in float32. */
export function frequencies(
  headWidth: number,
  { ropeTheta, ropeScaling, rotaryFrequencies = Infinity }: Rotary,
  divisors = ropeScaling?.divisors,
): Float32Array {
  return Float32Array.from({ length: headWidth / 2 }, (_, i) =>
    i >= rotaryFrequencies ? 0 : Math.fround(ropeTheta ** -((2 * i) / headWidth)) / (divisors?.[i] ?? 1),
  );
}

/** Cosines and sines to look up, and where. */
export interface Rotations {
  /** Of each position times each frequency; where frequencies are others beyond some length, theirs behind   [P or 2 P, K/2] */
  readonly cosine: Tensor;
  readonly sine: Tensor;
  /** The rows of positions   int64 [B, L] → [B, L] */
  readonly rows: (positions: Tensor) => Tensor;
}

/**
 * The cosines and sines of every position, as constants of the graph.
 *
 * @param headWidth  K
 */
export function rotations(headWidth: number, rotary: Rotary): Rotations {
  const { maxLength, ropeScaling } = rotary;
  const { beyond, magnitude = 1 } = ropeScaling ?? {};
  const kinds = [frequencies(headWidth, rotary)];
  if (beyond) kinds.push(frequencies(headWidth, rotary, beyond.divisors));
  const half = headWidth / 2;
  const table = (f: (angle: number) => number) => {
    const values = new Float32Array(kinds.length * maxLength * half);
    for (const [k, turning] of kinds.entries())
      for (let p = 0, at = k * maxLength * half; p < maxLength; p++)
        for (let i = 0; i < half; i++) values[at++] = magnitude * f(Math.fround(p * turning[i]));
    return constant(values, [kinds.length * maxLength, half]);
  };
  return {
    cosine: table(Math.cos),
    sine: table(Math.sin),
    rows: (positions) => (beyond ? rowsBeyond(positions, beyond.length, maxLength) : positions),
  };
}

/** Positions, and in a sequence with one from `length` on, each so many rows further. */
function rowsBeyond(positions: Tensor, length: number, further: number): Tensor {
  const int = (value: number) => scalar(value, 'int64');
  const isWithin = lessOrEqual(positions, int(length - 1));
  const outside = reduceSum(where(isWithin, int(0), int(1)), [1], { keepDims: true }); // [B, 1]
  return add(positions, where(lessOrEqual(outside, int(0)), int(0), int(further)));
}
