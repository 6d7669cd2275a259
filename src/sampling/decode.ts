import type { NdArray } from '../array.ts';
import { InvalidOptionError, invariant } from '../errors.ts';
import type { Uniform } from '../random.ts';

/** What is predicted for R positions: one token each, and how sure it is. */
export interface Prediction {
  /** x̂_0   [R] */
  readonly tokens: Int32Array;
  /** p_θ(x̂_0^i | x_t)   [R] */
  readonly confidence: Float64Array;
}

/**
 * From logits to a prediction. Nothing after it sees the vocabulary.
 *
 * @param logits   of x_0, one row a position     [R, V]
 * @param rows     the position of each row       [R]
 * @param uniform  one random number a position
 */
export type Decode = (logits: NdArray, rows: Int32Array, uniform: Uniform) => Prediction;

/** Takes a token from one row of logits, where −∞ is a token that can't be. */
export type Choose = (logits: Float64Array, position: number, row: number) => number;

export interface DecodeOptions {
  /** 0 (the default) takes the likeliest token, and the first of equals. */
  temperature?: number;
  /**
   * Tokens that are never predicted; they count as −∞ in the confidence too. [MASK] belongs here, unless LLaDA's code
   * is to be followed bit by bit, which may predict it. With the end tokens it is LLaDA's `logits_eos_inf`.
   */
  forbidden?: readonly number[];
  /**
   * Tokens that may be predicted but are revealed last: the others' confidence is taken as if these didn't exist, and
   * their own is 0. With the end tokens it is LLaDA's `confidence_eos_eot_inf` as it acts at temperature 0; at other
   * temperatures its code forgets one of the two, and here it doesn't.
   */
  deferred?: readonly number[];
  /** The number of ids that mean something; a network may have more rows than its tokenizer. Default: all. */
  vocabularySize?: number;
}

/**
 * The decoding of a temperature T: argmax if T = 0, else one draw from softmax(logits / T), all in float64.
 * The confidence is softmax(logits), of the same network but without the temperature, at the token that was taken.
 *
 * @throws InvalidOptionError  when the temperature isn't a number from 0
 */
export function decoder({ temperature = 0, ...options }: DecodeOptions): Decode {
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new InvalidOptionError('temperature', 'must be a number, at least 0', temperature);
  }
  return (logits, rows, uniform) => {
    const choose = temperature === 0 ? argmax : drawing(temperature, uniform);
    return decodeRows(logits, rows, choose, options);
  };
}

/** Decodes row by row with any way to take a token. */
export function decodeRows(
  logits: NdArray,
  rows: Int32Array,
  choose: Choose,
  { forbidden = [], deferred = [], vocabularySize = Infinity }: Omit<DecodeOptions, 'temperature'> = {},
): Prediction {
  const [R, V] = logits.shape;
  invariant(
    R === rows.length && logits.data.length === R * V,
    `the mask predictor gave ${logits.data.length} numbers of shape [${logits.shape}] for ${rows.length} rows`,
  );
  const tokens = new Int32Array(R);
  const confidence = new Float64Array(R);
  const row = new Float64Array(Math.min(V, vocabularySize));

  for (let r = 0; r < R; r++) {
    row.set(logits.data.subarray(r * V, r * V + row.length));
    for (const id of forbidden) row[id] = -Infinity;
    const token = choose(row, rows[r], r);
    invariant(row[token] > -Infinity, `all logits at position ${rows[r]} are −∞ or not numbers`);
    for (const id of deferred) row[id] = -Infinity;
    tokens[r] = token;
    confidence[r] = softmaxAt(row, token);
    invariant(confidence[r] >= 0, `some logits at position ${rows[r]} are ∞ or not numbers`);
  }
  return { tokens, confidence };
}

/** The likeliest token; the first of equals. */
export const argmax: Choose = (logits) => {
  let best = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
  return best;
};

/**
 * A draw from softmax(logits / T) by its inverse distribution function: the first token v with
 *
 *     Σ_{v' ≤ v} exp(l_v' / T)  >  u · Σ_{v'} exp(l_v' / T)
 *
 * LLaDA's code takes argmax exp(l) / (−ln u)^T, Gumbel-max, which has the same distribution. This form needs one
 * uniform for a position instead of V, so that a position's draw has one address, and costs no logarithm.
 */
export const drawing =
  (temperature: number, uniform: Uniform): Choose =>
  (logits, position) => {
    const likeliest = argmax(logits, position, 0);
    const weight = (v: number): number => Math.exp((logits[v] - logits[likeliest]) / temperature);
    let total = 0;
    for (let v = 0; v < logits.length; v++) total += weight(v);

    const target = uniform(position) * total;
    let reached = 0;
    for (let v = 0; v < logits.length; v++) {
      reached += weight(v);
      if (reached > target) return v;
    }
    return likeliest; // only if u · total rounded up to total
  };

/** softmax(logits) at one token; 0 if every token is −∞. */
function softmaxAt(logits: Float64Array, token: number): number {
  if (logits[token] === -Infinity) return 0;
  let greatest = -Infinity;
  for (let v = 0; v < logits.length; v++) if (logits[v] > greatest) greatest = logits[v];
  let total = 0;
  for (let v = 0; v < logits.length; v++) total += Math.exp(logits[v] - greatest);
  return Math.exp(logits[token] - greatest) / total;
}
