import type { NdArray } from '../base/array.ts';
import { InvalidOptionError, invariant, notNumbers } from '../base/errors.ts';
import type { Uniform } from '../base/random.ts';

/**
 * How sure the mask predictor is, in the three ways that strategies ask for, with p = p_θ(x_0^i | x_t) over the
 * vocabulary. They come from one pass over a row, so none of them is an option.
 */
export interface Certainty {
  /** p of the predicted token, or of the likeliest one (`confidenceOf`). */
  readonly confidence: Float64Array;
  /** p₁ − p₂, how far the likeliest token is ahead of the next. */
  readonly margin: Float64Array;
  /** H = −Σ_v p_v ln p_v, in nats: the smaller, the surer. */
  readonly entropy: Float64Array;
}

/** What is predicted for R positions: one token each, and how sure it is   [R]. */
export interface Prediction extends Certainty {
  /** x̂_0   [R] */
  readonly tokens: Int32Array;
  /** The tokens of highest probability: x̂_0 too, where none is drawn   [R] */
  readonly likeliest: Int32Array;
  /** Where they are asked for (`withCandidates`). */
  readonly candidates?: Candidates;
}

/** The k likeliest tokens of each position that was predicted. */
export interface Candidates {
  /** Ascending                                                                     [R] */
  readonly positions: Int32Array;
  /** The likeliest first                                                           [R, k] */
  readonly tokens: Int32Array;
  /** Their probabilities, of the same network as the confidence, nothing cut away  [R, k] */
  readonly probabilities: Float64Array;
}

/** What a mask predictor said. */
export interface Seen {
  /** Of x_0, one row a position     [R, V] */
  readonly logits: NdArray;
  /** The position of each row       [R] */
  readonly rows: Int32Array;
  /** The canvas that it saw         [L] */
  readonly xt: Int32Array;
  readonly t: number;
  /** Masks that were inserted into the canvas so far. Default: 0. */
  readonly inserted?: number;
}

/**
 * From logits to a prediction. Nothing after it sees the vocabulary.
 *
 * @param uniform  one random number a position
 */
export type Decode = (seen: Seen, uniform: Uniform) => Prediction;

/** One that may take long, and lets others have their turn meanwhile. */
export type LongDecode = (seen: Seen, uniform: Uniform) => Prediction | Promise<Prediction>;

/** A decoding by which some tokens can't be predicted at some positions; they count as −∞ in the confidence too. */
export const withoutTokens =
  <Result extends ReturnType<LongDecode>>(
    decode: (seen: Seen, uniform: Uniform) => Result,
    forbidden: (seen: Seen, position: number) => readonly number[],
  ): ((seen: Seen, uniform: Uniform) => Result) =>
  (seen, uniform) => {
    const { shape, data } = seen.logits;
    const cells = Array.from(seen.rows, (i, r) => forbidden(seen, i).map((id) => r * shape[1] + id)).flat();
    if (cells.length === 0) return decode(seen, uniform);
    const narrowed = data.slice();
    for (const cell of cells) narrowed[cell] = -Infinity;
    return decode({ ...seen, logits: { shape, data: narrowed } }, uniform);
  };

/** Takes a token from one row of logits, where −∞ is a token that can't be. */
export type Choose = (logits: Float64Array, position: number, row: number) => number;

/** How tokens are taken from logits. */
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
   * their own is 0, their margin 0 and their entropy ∞. With the end tokens it is LLaDA's `confidence_eos_eot_inf` as it acts at temperature 0; at other
   * temperatures its code forgets one of the two, and here it doesn't.
   */
  deferred?: readonly number[];
  /** Only the k likeliest tokens may be predicted, and what is as likely as the last of them. Default: all. */
  topK?: number;
  /**
   * Only the nucleus may be predicted: the likeliest tokens whose likelier ones add up to at most this, in
   * softmax(logits / T); the first always. What is cut counts as −∞ in the confidence too, as in Dream's code.
   * Default: 1, all.
   */
  topP?: number;
  /** Of what `topK` and `topP` leave only tokens that are at least so likely, as a share of the likeliest. Default: 0, all. */
  minP?: number;
  /**
   * Of what the others leave only the tokens with |−ln p_v − H| smallest that make up this probability, in
   * softmax(logits / T). Locally typical sampling (arXiv:2202.00666). Default: 1, all.
   */
  typicalP?: number;
  /**
   * Whose probability the confidence is: the token's that was taken, as in LLaDA's code, or the likeliest one's. With the
   * latter no draw has a part in which positions a strategy chooses by it, so that a text's −log p is exact. Default: drawn.
   */
  confidenceOf?: 'drawn' | 'likeliest';
  /** The number of ids that mean something; a network may have more rows than its tokenizer. Default: all. */
  vocabularySize?: number;
}

/**
 * The decoding of a temperature T: argmax if T = 0, else one draw from softmax(logits / T), all in float64.
 * The confidence is softmax(logits), of the same network but without the temperature, at the token that was taken or the
 * likeliest one (`confidenceOf`).
 *
 * @throws InvalidOptionError  when the temperature isn't a number from 0, or topK or topP leave nothing
 */
export function decoder(options: DecodeOptions): Decode {
  const { temperature = 0, topK = Infinity, topP = 1, minP = 0, typicalP = 1 } = options;
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new InvalidOptionError('temperature', 'must be a number, at least 0', temperature);
  }
  if (!(topK >= 1)) throw new InvalidOptionError('topK', 'must be a number of tokens, at least 1', topK);
  for (const [option, share] of Object.entries({ topP, typicalP }))
    if (!(share > 0 && share <= 1)) throw new InvalidOptionError(option, 'must be in (0, 1]', share);
  if (!(minP >= 0 && minP <= 1)) throw new InvalidOptionError('minP', 'must be from 0 to 1', minP);
  return ({ logits, rows }, uniform) => {
    const choose = temperature === 0 ? argmax : drawing(temperature, uniform);
    return decodeRows(logits, rows, choose, options);
  };
}

/** Decodes row by row with any way to take a token; of the temperature it uses only what `topP` asks for. */
export function decodeRows(
  logits: NdArray,
  rows: Int32Array,
  choose: Choose,
  options: DecodeOptions = {},
): Prediction {
  const { forbidden = [], deferred = [], vocabularySize = Infinity, confidenceOf = 'drawn' } = options;
  const [R, V] = logits.shape;
  invariant(
    R === rows.length && logits.data.length === R * V,
    `the mask predictor gave ${logits.data.length} numbers of shape [${logits.shape}] for ${rows.length} rows`,
  );
  const [tokens, likeliest] = [new Int32Array(R), new Int32Array(R)];
  const confidence = new Float64Array(R);
  const margin = new Float64Array(R);
  const entropy = new Float64Array(R);
  const row = new Float64Array(Math.min(V, vocabularySize));

  for (let r = 0; r < R; r++) {
    row.set(logits.data.subarray(r * V, r * V + row.length));
    for (const id of forbidden) row[id] = -Infinity;
    narrow(row, options);
    const token = choose(row, rows[r], r);
    if (row.includes(NaN)) throw notNumbers();
    invariant(row[token] > -Infinity, `all logits at position ${rows[r]} are −∞ or not numbers`);
    tokens[r] = token;
    likeliest[r] = choose === argmax ? token : argmax(row, rows[r], r);
    for (const id of deferred) row[id] = -Infinity;
    const known = confidenceOf === 'likeliest' ? likeliest[r] : token;
    [confidence[r], margin[r], entropy[r]] = certaintyOf(row, known);
    invariant(confidence[r] >= 0, `some logits at position ${rows[r]} are ∞ or not numbers`);
  }
  return { tokens, likeliest, confidence, margin, entropy };
}

/** Makes −∞ of the logits that `topK`, `topP`, `minP` and `typicalP` cut away. */
function narrow(row: Float64Array, options: DecodeOptions): void {
  const { topK = Infinity, topP = 1, minP = 0, typicalP = 1, temperature = 0 } = options;
  if (topK >= row.length && topP === 1 && minP === 0 && typicalP === 1) return;
  const highest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weight = (logit: number): number => Math.exp((logit - highest) / (temperature || 1));
  const keepFrom = (least: number): void => {
    for (let v = 0; v < row.length; v++) if (row[v] < least) row[v] = -Infinity;
  };
  if (topK < row.length || topP < 1) {
    const descending = row.toSorted().toReversed();
    const mass = topP * descending.reduce((sum, logit) => sum + weight(logit), 0);
    let kept = 1;
    for (let sum = weight(descending[0]); kept < Math.min(topK, row.length) && sum <= mass; kept++) {
      sum += weight(descending[kept]);
    }
    keepFrom(descending[kept - 1]);
  }
  if (minP > 0) for (let v = 0; v < row.length; v++) if (weight(row[v]) < minP) row[v] = -Infinity;
  if (typicalP < 1) keepTypical(row, weight, typicalP);
}

/** Leaves the tokens whose surprise is nearest to the entropy, up to a probability; the first always. */
function keepTypical(row: Float64Array, weight: (logit: number) => number, typicalP: number): void {
  const possible = [...row.keys()].filter((v) => row[v] > -Infinity);
  const total = possible.reduce((sum, v) => sum + weight(row[v]), 0);
  const surprise = new Map(possible.map((v) => [v, -Math.log(weight(row[v]) / total)]));
  const nats = (v: number): number => surprise.get(v)!;
  const entropy = possible.reduce((sum, v) => {
    const p = weight(row[v]) / total;
    return p > 0 ? sum + p * nats(v) : sum;
  }, 0);
  const nearest = possible.sort((a, b) => Math.abs(nats(a) - entropy) - Math.abs(nats(b) - entropy));
  let mass = 0;
  for (const v of nearest) {
    if (mass >= typicalP) row[v] = -Infinity;
    mass += weight(row[v]) / total;
  }
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
export const drawing = (temperature: number, uniform: Uniform): Choose => {
  let reached = new Float64Array(0); // the sum up to each token
  return (logits, position) => {
    const V = logits.length;
    if (reached.length !== V) reached = new Float64Array(V);
    const likeliest = argmax(logits, position, 0);
    const highest = logits[likeliest];
    let total = 0;
    for (let v = 0; v < V; v++) reached[v] = total += Math.exp((logits[v] - highest) / temperature);

    const target = uniform(position) * total;
    for (let v = 0; v < V; v++) if (reached[v] > target) return v;
    return likeliest; // only if u · total rounded up to total
  };
};

/** softmax(logits) at one token, its two likeliest tokens' difference, and its entropy. Nothing sure of a token of −∞. */
function certaintyOf(
  logits: Float64Array,
  token: number,
): [confidence: number, margin: number, entropy: number] {
  if (logits[token] === -Infinity) return [0, 0, Infinity];
  let first = -Infinity;
  let second = -Infinity;
  for (let v = 0; v < logits.length; v++) {
    if (logits[v] > first) [first, second] = [logits[v], first];
    else if (logits[v] > second) second = logits[v];
  }
  // with Z = Σ exp(l_v − l₁):  H = ln Z − Σ_v exp(l_v − l₁) (l_v − l₁) / Z
  let total = 0;
  let weighted = 0;
  for (let v = 0; v < logits.length; v++) {
    const weight = Math.exp(logits[v] - first);
    total += weight;
    if (weight !== 0) weighted += weight * (logits[v] - first);
  }
  return [
    Math.exp(logits[token] - first) / total,
    (1 - Math.exp(second - first)) / total,
    Math.log(total) - weighted / total,
  ];
}
