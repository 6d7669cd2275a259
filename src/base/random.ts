import { InvalidOptionError } from './errors.ts';

/**
 * What a random number is for. Two purposes never share a counter, so drawing more for one changes nothing for
 * another. A number here is part of every recorded run: it is never given to another purpose.
 */
export const purposes = {
  /** Initial weights. */
  init: 0,
  /** The order of documents, windows or rows. */
  shuffle: 1,
  /** What is held out for validation. */
  split: 2,
  /** Batches of random length, and where a window begins. */
  length: 3,
  /** Diffusion times t. */
  time: 4,
  /** The coins of the forward process. */
  mask: 5,
  /** Which token is drawn in the reverse process (Gumbel noise, inverse CDF). */
  token: 6,
  /** Which positions are revealed or masked again in the reverse process. */
  remask: 7,
  /** Masks of the likelihood bound. */
  likelihood: 8,
  /** Orders of generation in the chain rule. */
  order: 9,
  /** Choosing examples and tasks in evaluation, and resampling for confidence intervals. */
  evaluation: 10,
  /** Made-up data: tests, benchmarks, synthetic tasks. */
  synthetic: 11,
  /** Which training windows begin with given text, and with how much of it. */
  prompt: 12,
  /** Random tokens: the state of a forward process that doesn't mask. */
  noise: 13,
  /** Which later positions a causal model sees while its attention is opened. */
  attention: 14,
  /** Holes of unknown length: where they are, and which of their masks stand for two tokens or for none. */
  hole: 15,
  /** Which block of a text is masked in distillation, and with which probability. */
  block: 16,
  /** Which updates of block diffusion have windows of one block. */
  whole: 17,
} as const;

/** What random numbers are for; those of two purposes have nothing to do with each other. */
export type Purpose = keyof typeof purposes;

/** A stream of uniforms in (0, 1) that are looked up, not drawn: the same position gives the same number, in any order. */
export type Uniform = (position: number) => number;

/**
 * The uniforms that belong to a seed, a purpose, a step and a sample.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): the key is the
 * seed, the counter is (position, sample, step, purpose). There is no state to save, and nothing depends on how the
 * work is batched or in which order it is done.
 *
 * Two words w_0, w_1 of the cipher's four make the number: n = 2²⁶ ⌊w_0 / 2⁵⌋ + ⌊w_1 / 2⁶⌋ has 53 bits, and
 *
 *     u = n / 2⁵³,  or 2⁻⁵⁴ where n = 0
 *
 * so that 0 < u < 1 and log u and log(1 − u) are always finite.
 *
 * @param seed    an integer in [0, 2⁵³)
 * @param step    an integer in [0, 2³²): the optimiser's step, the reverse process's step
 * @param sample  an integer in [0, 2³²): the sequence within the step
 * @returns       a function of the position, an integer in [0, 2⁵³); it doesn't check
 * @throws InvalidOptionError  when a number is out of its range
 */
export function uniforms(seed: number, purpose: Purpose, step = 0, sample = 0): Uniform {
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new InvalidOptionError('seed', 'must be an integer from 0 to 2^53 - 1', seed);
  }
  if (!isWord(step)) throw new InvalidOptionError('step', 'must be an integer from 0 to 2^32 - 1', step);
  if (!isWord(sample))
    throw new InvalidOptionError('sample', 'must be an integer from 0 to 2^32 - 1', sample);
  if (!Object.hasOwn(purposes, purpose)) {
    throw new InvalidOptionError('purpose', `must be one of ${Object.keys(purposes).join(', ')}`, purpose);
  }
  const key = [seed | 0, high(seed)] as const;
  const purposeNumber = purposes[purpose];
  const words = new Int32Array(4);

  return (position) => {
    // the high 21 bits of a position share a word with the purpose, which has 8: a canvas times a vocabulary passes 2^32
    const last = position < 2 ** 32 ? purposeNumber : purposeNumber | (high(position) << 8);
    philox(position | 0, sample, step, last, key[0], key[1], words);
    return fromWords(words[0], words[1]);
  };
}

/** The uniform that two random words make, see `uniforms`. */
export function fromWords(w0: number, w1: number): number {
  return ((w0 >>> 5) * 2 ** 26 + (w1 >>> 6) || 0.5) * 2 ** -53;
}

function isWord(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function high(value: number): number {
  return Math.floor(value / 2 ** 32);
}

/**
 * Ten rounds of Philox4x32 on one counter (c0, c1, c2, c3) under the key (k0, k1); the four words are left in `out`.
 * Words are int32 throughout, so that the optimising compiler keeps them in integer registers.
 */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Int32Array,
): void {
  c0 |= 0;
  c1 |= 0;
  c2 |= 0;
  c3 |= 0;
  k0 |= 0;
  k1 |= 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd251, 0x1f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e, 0x8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 - 0x61c88647) | 0; // + 0x9e3779b9, the golden ratio, as an int32
    k1 = (k1 - 0x4498517b) | 0; // + 0xbb67ae85, √3 − 1
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of a 32 × 32-bit product, in 16-bit halves. */
function multiplyHigh(aHigh: number, aLow: number, b: number): number {
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross0 = Math.imul(aHigh, bLow);
  const cross1 = Math.imul(aLow, bHigh);
  const carry = (cross0 & 0xffff) + (cross1 & 0xffff) + (Math.imul(aLow, bLow) >>> 16);
  return (Math.imul(aHigh, bHigh) + (cross0 >>> 16) + (cross1 >>> 16) + (carry >>> 16)) | 0;
}

/**
 * A standard Gumbel variable from a uniform: −log(−log u). The argmax of logits + Gumbel noise is a draw from their
 * softmax; the noise must be float64 (arXiv:2409.02908: in float32 the temperature is lower than it says).
 */
export function gumbel(u: number): number {
  return -Math.log(-Math.log(u));
}

/**
 * Standard normal variables by position (Box–Muller): positions 2j and 2j + 1 are the cosine and the sine of the same
 * two uniforms.
 *
 *     z_2j = √(−2 ln u_2j) · cos(2π u_2j+1)        z_2j+1 = √(−2 ln u_2j) · sin(2π u_2j+1)
 */
export function normals(uniform: Uniform): (position: number) => number {
  return (position) => {
    const odd = position % 2;
    const radius = Math.sqrt(-2 * Math.log(uniform(position - odd)));
    const angle = 2 * Math.PI * uniform(position - odd + 1);
    return radius * (odd === 1 ? Math.sin(angle) : Math.cos(angle));
  };
}

/** An integer in [0, n) from a uniform. */
export function integerBelow(n: number, u: number): number {
  return Math.floor(u * n); // u ≤ 1 − 2⁻⁵³, and u · n never rounds up to n
}

/** A uniformly random order of 0 … n − 1 (Fisher–Yates; swap i uses the uniform at position i). */
export function permutation(n: number, uniform: Uniform): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = integerBelow(i + 1, uniform(i));
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}

/** A uniformly random subset of k of 0 … n − 1, ascending. */
export function choose(n: number, k: number, uniform: Uniform): Int32Array {
  if (!(Number.isInteger(k) && k >= 0 && k <= n)) {
    throw new InvalidOptionError('k', `must be an integer from 0 to ${n}`, k);
  }
  return permutation(n, uniform).subarray(0, k).sort();
}
