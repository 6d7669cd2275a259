import type { NdArray } from '../../base/array.ts';
import { invariant } from '../../base/errors.ts';
import type { Decode } from '../decode.ts';
import { certaintyOfClasses, type ClassSums, classSums } from './class-sums.ts';
import { possibleStates, type StateSpan } from './possible-states.ts';
import type { TokenAutomaton } from './token-automaton.ts';

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
 * Decoding inside a language. The tokens that it predicts are valid together: the canvas with all of them written in can
 * be completed to a text of the language, in exactly the tokens that remain. So can it with some of them masked again,
 * whichever a strategy keeps; by induction over the steps the last canvas is a text of the language, and neither the loop
 * nor a strategy knows of it. It holds for strategies that mask written tokens again, too. One that puts a prediction in
 * the place of a written token would need a prediction for all that it may change at once: such rows are a bug of ours.
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
export function constrainedDecoder(options: ConstrainedDecodeOptions): Decode {
  const { automaton, span, maskId, deferred = [] } = options;
  // logits / T stay finite, and keep their differences
  const temperature = options.temperature ? Math.max(options.temperature, 1e-9) : 0;
  const { states: Q, classOf, edgeStarts, edgeClass, edgeTarget } = automaton;
  const C = automaton.tokenStarts.length - 1;
  const join = temperature === 0 ? largest : logarithmOfSum;
  const late = new Set(deferred.map((id) => classOf[id])); // end tokens have a class of their own

  return ({ logits, rows, xt }, uniform) => {
    const possible = possibleStates(automaton, xt, span, maskId);
    invariant(possible[0] === 1, 'a canvas under a constraint cannot be completed');
    invariant(
      rows.every((position) => xt[position] === maskId),
      'a constraint decides about masks only',
    );
    const V = logits.shape[1];
    const rowAt = new Map(Array.from(rows, (position, r) => [position - span.start, r]));
    const n = Math.max(...rowAt.keys()) + 1;

    // from the right: what it is worth to be in a state
    const beta = new Float64Array((n + 1) * Q).fill(-Infinity);
    for (let q = 0; q < Q; q++) if (possible[n * Q + q]) beta[n * Q + q] = 0;
    const weights: Float64Array[] = [];
    const seen: { live: Int32Array; sums: ClassSums }[] = [];
    for (let i = n - 1; i >= 0; i--) {
      const r = rowAt.get(i);
      const token = xt[span.start + i];
      if (r !== undefined) {
        const live = liveClasses(automaton, possible.subarray(i * Q, (i + 2) * Q));
        seen[r] = {
          live,
          sums: classSums(automaton, live, logits.data.subarray(r * V, (r + 1) * V), temperature),
        };
        weights[i] = seen[r].sums.weight;
      } else {
        weights[i] = new Float64Array(C).fill(token === maskId ? 0 : -Infinity);
        if (token !== maskId) weights[i][classOf[token]] = 0;
      }
      const after = beta.subarray((i + 1) * Q, (i + 2) * Q);
      for (let q = 0; q < Q; q++)
        if (possible[i * Q + q]) beta[i * Q + q] = join(automaton, q, weights[i], after);
    }
    invariant(beta[0] > -Infinity, 'the mask predictor gives no text of the constraint a probability');

    // from the left: one text
    const [tokens, likeliest] = [new Int32Array(rows.length), new Int32Array(rows.length)];
    const confidence = new Float64Array(rows.length);
    const margin = new Float64Array(rows.length);
    const entropy = new Float64Array(rows.length);
    for (let i = 0, q = 0; i < n; i++) {
      const after = beta.subarray((i + 1) * Q, (i + 2) * Q);
      const worth = (e: number): number => weights[i][edgeClass[e]] + after[edgeTarget[e]] - beta[i * Q + q];
      const [e, u] =
        temperature === 0
          ? [firstWhere(edgeStarts[q], edgeStarts[q + 1], (edge) => worth(edge) === 0), 0]
          : draw(edgeStarts[q], edgeStarts[q + 1], worth, uniform(span.start + i));
      const r = rowAt.get(i);
      if (r !== undefined) {
        const row = logits.data.subarray(r * V, (r + 1) * V);
        const { live, sums } = seen[r];
        const c = edgeClass[e];
        tokens[r] =
          temperature === 0
            ? likeliestOf(automaton, c, row, sums)
            : drawnFrom(automaton, c, row, sums, temperature, u);
        likeliest[r] =
          temperature === 0 ? tokens[r] : likeliestOf(automaton, largestOf(live, sums), row, sums);
        const counted = live.filter((k) => !late.has(k));
        [confidence[r], margin[r], entropy[r]] = certaintyOfClasses(sums, counted, {
          logit: row[tokens[r]],
          c,
        });
        invariant(confidence[r] >= 0, `some logits at position ${rows[r]} are ∞ or not numbers`);
      }
      q = edgeTarget[e];
    }
    return { tokens, likeliest, confidence, margin, entropy };
  };
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
