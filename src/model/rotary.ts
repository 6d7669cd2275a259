import { constant, type Tensor } from '../graph/tensor.ts';

/**
 * Llama 3.1's scaling of the rotary frequencies: what turns often within the length of pre-training stays, what turns
 * seldom is slowed by a factor, and what lies between is blended. `rope_type` "llama3" in Hugging Face's configs.
 */
export interface RopeScaling {
  /** How much the slow frequencies are slowed. */
  readonly factor: number;
  /** Frequencies with at most so many turns in the original length are slow … */
  readonly slowTurns: number;
  /** … and those with at least so many are left as they are. */
  readonly fastTurns: number;
  /** Length of the sequences of pre-training, in tokens. */
  readonly originalLength: number;
}

export interface Rotary {
  /** Positions that there may be. */
  readonly maxLength: number;
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling;
  /** How many frequencies aren't zero, the fastest. Default: all. `rope_type` "proportional". */
  readonly rotaryFrequencies?: number;
}

/** Radians a position, for i below K / 2: θ^(−2i/K), scaled. The published code computes them in float32. */
export function frequencies(
  headWidth: number,
  { ropeTheta, ropeScaling, rotaryFrequencies = Infinity }: Rotary,
): Float32Array {
  return Float32Array.from({ length: headWidth / 2 }, (_, i) => {
    if (i >= rotaryFrequencies) return 0;
    const frequency = Math.fround(ropeTheta ** -((2 * i) / headWidth));
    return ropeScaling ? scaled(frequency, ropeScaling) : frequency;
  });
}

function scaled(frequency: number, { factor, slowTurns, fastTurns, originalLength }: RopeScaling): number {
  const turns = (frequency * originalLength) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - slowTurns) / (fastTurns - slowTurns)));
  return frequency * (kept + (1 - kept) / factor);
}

/** cos and sin of position times frequency.   [P, K/2] */
export function rotations(headWidth: number, rotary: Rotary): { cosine: Tensor; sine: Tensor } {
  const { maxLength } = rotary;
  const turning = frequencies(headWidth, rotary);
  const half = turning.length;
  const table = (f: (angle: number) => number) => {
    const values = new Float32Array(maxLength * half);
    for (let p = 0; p < maxLength; p++)
      for (let i = 0; i < half; i++) values[p * half + i] = f(Math.fround(p * turning[i]));
    return constant(values, [maxLength, half]);
  };
  return { cosine: table(Math.cos), sine: table(Math.sin) };
}
