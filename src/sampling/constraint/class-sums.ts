import type { NdArray } from '../../base/array.ts';
import type { TokenAutomaton } from './token-automaton.ts';

/**
 * What a decoding needs of the logits at one position, by class of tokens, so that each logit is looked at once for its
 * class and never again for an edge. Of the tokens v of a class, with l₁ the largest of their logits:
 */
export interface ClassSums {
  /** l₁, and the next   [C] */
  readonly first: Float64Array;
  readonly second: Float64Array;
  /** Σ_v exp(l_v − l₁)   [C] */
  readonly total: Float64Array;
  /** Σ_v exp(l_v − l₁) (l_v − l₁)   [C] */
  readonly weighted: Float64Array;
  /** log Σ_v exp(l_v / T); l₁ for T = 0; −∞ for classes that can't stand there   [C] */
  readonly weight: Float64Array;
}

/** @param live  the classes that can stand at the position; of the others all sums are empty */
export function classSums(
  { tokenStarts, tokens }: TokenAutomaton,
  live: Int32Array,
  row: NdArray['data'],
  temperature: number,
): ClassSums {
  const C = tokenStarts.length - 1;
  const [first, second, weight] = [1, 2, 3].map(() => new Float64Array(C).fill(-Infinity));
  const [total, weighted] = [new Float64Array(C), new Float64Array(C)];
  const tempered = (start: number, end: number, best: number): number => {
    let sum = 0;
    for (let k = start; k < end; k++) sum += Math.exp((row[tokens[k]] - best) / temperature);
    return sum;
  };
  for (const c of live) {
    const [start, end] = [tokenStarts[c], tokenStarts[c + 1]];
    let best = -Infinity;
    let next = -Infinity;
    for (let k = start; k < end; k++) {
      const logit = row[tokens[k]];
      if (logit > best) {
        next = best;
        best = logit;
      } else if (logit > next) next = logit;
    }
    first[c] = best;
    second[c] = next;
    if (best === -Infinity) continue;
    let sum = 0;
    let product = 0;
    for (let k = start; k < end; k++) {
      const below = row[tokens[k]] - best;
      const p = Math.exp(below);
      sum += p;
      if (p !== 0) product += p * below;
    }
    total[c] = sum;
    weighted[c] = product;
    if (temperature !== 0)
      weight[c] = best / temperature + Math.log(temperature === 1 ? sum : tempered(start, end, best));
    else weight[c] = best;
  }
  return { first, second, total, weighted, weight };
}

/**
 * softmax over the tokens of some classes: of one token of them, how far the likeliest is ahead of the next, and the
 * entropy. A token of none of them is sure of nothing.
 *
 *     with Z = Σ exp(l_v − l₁):  H = ln Z − Σ_v exp(l_v − l₁) (l_v − l₁) / Z
 */
export function certaintyOfClasses(
  sums: ClassSums,
  classes: Int32Array,
  { logit, c }: { readonly logit: number; readonly c: number },
): [confidence: number, margin: number, entropy: number] {
  if (!classes.includes(c)) return [0, 0, Infinity];
  let [first, second] = [-Infinity, -Infinity];
  for (const k of classes) {
    if (sums.first[k] > first) {
      second = Math.max(first, sums.second[k]);
      first = sums.first[k];
    } else second = Math.max(second, sums.first[k]);
  }
  let [total, weighted] = [0, 0];
  for (const k of classes) {
    const below = sums.first[k] - first;
    const p = Math.exp(below);
    if (p === 0) continue;
    total += p * sums.total[k];
    weighted += p * (sums.weighted[k] + below * sums.total[k]);
  }
  return [
    Math.exp(logit - first) / total,
    (1 - Math.exp(second - first)) / total,
    Math.log(total) - weighted / total,
  ];
}
