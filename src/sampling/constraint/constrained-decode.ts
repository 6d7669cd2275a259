import type { NdArray } from '../../base/array.ts';
import { invariant } from '../../base/errors.ts';
import type { Pieces } from '../../base/pieces.ts';
import type { Uniform } from '../../base/random.ts';
import type { Prediction, Seen } from '../decode.ts';
import { certaintyOfClasses, type ClassSums, classSums } from './class-sums.ts';
import { possibleStates, type StateSpan } from './possible-states.ts';
import type { TokenAutomaton } from './token-automaton.ts';

/** The automaton that a span of the canvas is held to, and how tokens are drawn within it. */
export interface ConstrainedDecodeOptions {
  readonly automaton: TokenAutomaton;
  readonly span: StateSpan;
  readonly maskId: number;
  /** 0 (the default) takes the likeliest text. */
  readonly temperature?: number;
  /** Tokens that are revealed last, as in `DecodeOptions`. */
  readonly deferred?: readonly number[];
}

/**
 * Decoding inside a language, in pieces: a large automaton over a long text takes as long as some networks.
 *
 * The tokens that it predicts are valid together: the canvas with all of them written in can be completed to a text of the
 * language, in exactly the tokens that remain. So can it with some of them masked again, whichever a strategy keeps; by
 * induction over the steps the last canvas is a text of the language, and neither the loop nor a strategy knows of it. It
 * holds for strategies that mask written tokens again, too. One that puts a prediction in the place of a written token
 * would need a prediction for all that it may change at once: such rows are a bug of ours.
 *
 * With p^i = softmax(logits^i / T), the given tokens as evidence, and L the texts that can still be completed:
 *
 *     T = 0:   argmax_{x ∈ L} Π_i p^i(x^i)                  Suresh et al. 2025, DINGO (arXiv:2505.23061)
 *     T > 0:   a draw from Π_i p^i(x^i) 1[x ∈ L] / Z        exact: backward filtering, forward drawing
 *
 * Both are one recursion from the right over (position, state), ⊕ being the maximum or the logarithm of the sum:
 *
 *     β_i(q) = ⊕_c  w_i(c) + β_{i+1}(c(q)),      w_i(c) = ⊕_{v ∈ c} logits^i_v / T        (T = 1 for the maximum)
 *
 * over the classes c of tokens. Behind the last position asked for, β is 0 where the canvas can be completed and −∞ where
 * not. A walk from the left then takes an edge and a token at each position, drawn with the position's one uniform.
 *
 * How sure a prediction is, is softmax(logits) over the tokens that can stand at its position: what the language forces is
 * certain.
 */
export function constrainedDecoder(
  options: ConstrainedDecodeOptions,
): (seen: Seen, uniform: Uniform) => Pieces<Prediction> {
  const { automaton, span, maskId, deferred = [] } = options;
  // logits / T stay finite, and keep their differences
  const temperature = options.temperature ? Math.max(options.temperature, 1e-9) : 0;
  const late = new Set(deferred.map((id) => automaton.classOf[id])); // end tokens have a class of their own

  return function* ({ logits, rows, xt }, uniform) {
    const possible = yield* possibleStates(automaton, xt, span, maskId);
    invariant(possible[0] === 1, 'a canvas under a constraint cannot be completed');
    invariant(
      rows.every((position) => xt[position] === maskId),
      'a constraint decides about masks only',
    );
    const V = logits.shape[1];
    const rowAt = new Map(Array.from(rows, (position, r) => [position - span.start, r]));
    const spanned: SpanPrediction = {
      length: Math.max(...rowAt.keys()) + 1,
      possible,
      tokenAt: (i) => (xt[span.start + i] === maskId ? undefined : xt[span.start + i]),
      rowAt: (i) => rowAt.get(i),
      logitsOf: (r) => logits.data.subarray(r * V, (r + 1) * V),
    };
    const filtered = yield* filterBackward(automaton, spanned, temperature);
    const walk = walkForward(automaton, filtered, spanned.rowAt, temperature, (i) => uniform(span.start + i));
    const prediction = emptyPrediction(rows.length);
    for (const [i, { token, c }] of walk.entries()) {
      const r = rowAt.get(i);
      if (r === undefined) continue;
      const { sums, live, row } = filtered.seen[r];
      prediction.tokens[r] = token!;
      prediction.likeliest[r] =
        temperature === 0 ? token! : likeliestOf(automaton, largestOf(live, sums), row, sums);
      const counted = live.filter((k) => !late.has(k));
      const certainty = certaintyOfClasses(sums, counted, { logit: row[token!], c });
      [prediction.confidence[r], prediction.margin[r], prediction.entropy[r]] = certainty;
      invariant(certainty[0] >= 0, `some logits at position ${rows[r]} are ∞ or not numbers`);
    }
    return prediction;
  };
}

const emptyPrediction = (R: number) => ({
  tokens: new Int32Array(R),
  likeliest: new Int32Array(R),
  confidence: new Float64Array(R),
  margin: new Float64Array(R),
  entropy: new Float64Array(R),
});

/** What is known of the positions of a span, from its first up to the last that is asked for. */
interface SpanPrediction {
  readonly length: number;
  /** See `possibleStates`   [≥ length + 1, Q] */
  readonly possible: Uint8Array;
  /** A given token; undefined at a mask. */
  readonly tokenAt: (i: number) => number | undefined;
  /** The row of the prediction; undefined where none was asked for. */
  readonly rowAt: (i: number) => number | undefined;
  /** [V] */
  readonly logitsOf: (r: number) => NdArray['data'];
}

/** The logits of a row, and what they are by class. */
interface SeenRow {
  readonly row: NdArray['data'];
  readonly sums: ClassSums;
  /** Classes that can stand at its position. */
  readonly live: Int32Array;
}

interface Filtered {
  /** β   [length + 1, Q] */
  readonly beta: Float64Array;
  /** w, by position   [C] */
  readonly weights: readonly Float64Array[];
  /** By row. */
  readonly seen: readonly SeenRow[];
}

/** From the right: what it is worth to be in each state. */
function* filterBackward(
  automaton: TokenAutomaton,
  { length, possible, tokenAt, rowAt, logitsOf }: SpanPrediction,
  temperature: number,
): Pieces<Filtered> {
  const { states: Q, classOf, tokenStarts } = automaton;
  const join = temperature === 0 ? largest : logarithmOfSum;
  const beta = new Float64Array((length + 1) * Q).fill(-Infinity);
  for (let q = 0; q < Q; q++) if (possible[length * Q + q]) beta[length * Q + q] = 0;
  const weights: Float64Array[] = [];
  const seen: SeenRow[] = [];
  for (let i = length - 1; i >= 0; i--) {
    const [r, token] = [rowAt(i), tokenAt(i)];
    if (r !== undefined) {
      const live = liveClasses(automaton, possible.subarray(i * Q, (i + 2) * Q));
      const row = logitsOf(r);
      seen[r] = { row, live, sums: classSums(automaton, live, row, temperature) };
      weights[i] = seen[r].sums.weight;
    } else {
      weights[i] = new Float64Array(tokenStarts.length - 1).fill(token === undefined ? 0 : -Infinity);
      if (token !== undefined) weights[i][classOf[token]] = 0;
    }
    const after = beta.subarray((i + 1) * Q, (i + 2) * Q);
    for (let q = 0; q < Q; q++)
      if (possible[i * Q + q]) beta[i * Q + q] = join(automaton, q, weights[i], after);
    yield 2 * automaton.edgeClass.length + classOf.length;
  }
  invariant(beta[0] > -Infinity, 'the mask predictor gives no text of the constraint a probability');
  return { beta, weights, seen };
}

/**
 * From the left: one text, an edge at each position.
 *
 * @returns  the class that was taken, and its token where one was asked for
 */
function walkForward(
  automaton: TokenAutomaton,
  { beta, weights, seen }: Filtered,
  rowAt: SpanPrediction['rowAt'],
  temperature: number,
  uniform: (i: number) => number,
): { readonly c: number; readonly token?: number }[] {
  const { states: Q, edgeStarts, edgeClass, edgeTarget } = automaton;
  let q = 0;
  return weights.map((weight, i) => {
    const after = beta.subarray((i + 1) * Q, (i + 2) * Q);
    const worth = (e: number): number => weight[edgeClass[e]] + after[edgeTarget[e]] - beta[i * Q + q];
    const [start, end] = [edgeStarts[q], edgeStarts[q + 1]];
    const [e, u] =
      temperature === 0
        ? [firstWhere(start, end, (edge) => worth(edge) === 0), 0]
        : draw(start, end, worth, uniform(i));
    q = edgeTarget[e];
    const c = edgeClass[e];
    const r = rowAt(i);
    if (r === undefined) return { c };
    const { row, sums } = seen[r];
    const token =
      temperature === 0
        ? likeliestOf(automaton, c, row, sums)
        : drawnFrom(automaton, c, row, sums, temperature, u);
    return { c, token };
  });
}

/** The classes with a token that can stand at a position. @param possible  there and behind it   [2, Q] */
function liveClasses(
  { states: Q, tokenStarts, edgeStarts, edgeClass, edgeTarget }: TokenAutomaton,
  possible: Uint8Array,
): Int32Array {
  const isLive = new Uint8Array(tokenStarts.length - 1);
  for (let q = 0; q < Q; q++) {
    if (!possible[q]) continue;
    for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++)
      if (possible[Q + edgeTarget[e]]) isLive[edgeClass[e]] = 1;
  }
  return Int32Array.from(isLive.keys()).filter((c) => isLive[c] === 1);
}

/** ⊕ over the edges of a state. */
type Join = (automaton: TokenAutomaton, q: number, weight: Float64Array, after: Float64Array) => number;

const largest: Join = ({ edgeStarts, edgeClass, edgeTarget }, q, weight, after) => {
  let best = -Infinity;
  for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++) {
    const worth = weight[edgeClass[e]] + after[edgeTarget[e]];
    if (worth > best) best = worth;
  }
  return best;
};

const logarithmOfSum: Join = (automaton, q, weight, after) => {
  const { edgeStarts, edgeClass, edgeTarget } = automaton;
  const best = largest(automaton, q, weight, after);
  if (best === -Infinity) return best;
  let sum = 0;
  for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++) {
    const below = weight[edgeClass[e]] + after[edgeTarget[e]] - best;
    if (below > NEGLIGIBLE) sum += Math.exp(below);
  }
  return best + Math.log(sum);
};

/** e^−60 of a sum is far below its rounding. */
const NEGLIGIBLE = -60;

/** The class of the likeliest token, the first of equals. */
function largestOf(classes: Int32Array, { first }: ClassSums): number {
  return classes.reduce((best, c) => (first[c] > first[best] ? c : best));
}

/** The likeliest token of a class, the first of equals. */
function likeliestOf(
  { tokenStarts, tokens }: TokenAutomaton,
  c: number,
  row: NdArray['data'],
  { first }: ClassSums,
): number {
  return tokens[firstWhere(tokenStarts[c], tokenStarts[c + 1], (k) => row[tokens[k]] === first[c])];
}

/** A token of a class, from its softmax at a temperature. */
function drawnFrom(
  { tokenStarts, tokens }: TokenAutomaton,
  c: number,
  row: NdArray['data'],
  { weight }: ClassSums,
  temperature: number,
  u: number,
): number {
  return tokens[
    draw(tokenStarts[c], tokenStarts[c + 1], (k) => row[tokens[k]] / temperature - weight[c], u)[0]
  ];
}

function firstWhere(first: number, end: number, holds: (k: number) => boolean): number {
  for (let k = first; k < end; k++) if (holds(k)) return k;
  return invariant(false, 'what was the largest is not there') as never;
}

/**
 * A draw from probabilities that are given by their logarithms, by the inverse distribution function; and where within
 * its interval the uniform lies, which is uniform again.
 */
function draw(
  first: number,
  end: number,
  logarithm: (k: number) => number,
  u: number,
): [drawn: number, rest: number] {
  let reached = 0;
  let last = -1;
  for (let k = first; k < end; k++) {
    const p = Math.exp(logarithm(k));
    if (p === 0) continue;
    if (reached + p > u) return [k, (u - reached) / p];
    reached += p;
    last = k;
  }
  invariant(last >= 0, 'nothing has a probability');
  return [last, 1]; // only if the sum was rounded below u
}
