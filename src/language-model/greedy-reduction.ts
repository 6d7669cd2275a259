import {
  concat,
  cast,
  add,
  exp,
  gatherElements,
  mul,
  reduceSum,
  scatterAdd,
  slice,
  sub,
  topK,
} from '../graph/primitives.ts';
import { input, scalar, type Tensor } from '../graph/tensor.ts';
import { expand } from '../graph/primitives.ts';
import { notNumbers } from '../base/errors.ts';
import type { RowReduction } from '../model/network.ts';
import type { Decode, DecodeOptions } from '../sampling/decode.ts';

// At temperature 0 a step needs four numbers of each row and not its V logits, which are 62 MiB for 128 rows of LLaDA. So the
// graph ends in the four, and `decode` reads them. With l₁ ≥ l₂ the largest logits of a row, at v₁ and v₂, they are
//
//     v₁      r = Σ_{v≠v₁} exp(l_v − l₁)      l₂ − l₁      w = Σ_{v≠v₁} exp(l_v − l₁) (l_v − l₁)
//
// from which p(v₁) = 1 / (1 + r), the margin p(v₁) − p(v₂) and the entropy follow without loss near 1.

const numbersPerRow = 4;

/**
 * Ends the network in what `decodeGreedy` reads   [R, V] → [R, 4]
 *
 * @param options  of them what `isGreedy` leaves: what is forbidden, and how many of the V rows mean something
 */
export function greedy(V: number, { forbidden = [], vocabularySize = V }: DecodeOptions): RowReduction {
  const penalty = new Float32Array(V).fill(impossible, Math.min(V, vocabularySize));
  for (const id of forbidden) penalty[id] = impossible;
  return {
    name: 'greedy',
    feeds: { penalty: { shape: [V], data: penalty } },
    apply(logits) {
      const allowed = add(logits, input('penalty', 'float32', [V]));
      const places = topK(allowed, 2);
      const [first, second] = [0, 1].map((k) => slice(gatherElements(allowed, places, -1), -1, k, k + 1));
      const place = slice(places, -1, 0, 1);
      const behind = scatterAdd(sub(allowed, first), place, expand(scalar(impossible), place.shape), -1);
      const weights = exp(behind);
      const sum = (x: Tensor) => reduceSum(x, [-1], { keepDims: true });
      return concat(
        [cast(place, 'float32'), sum(weights), sub(second, first), sum(mul(weights, behind))],
        -1,
      );
    },
  };
}

/** Whether the likeliest tokens are all that is wanted: then `greedy` and `decodeGreedy` do what `decoder` would. */
export const isGreedy = ({
  temperature = 0,
  deferred = [],
  topK = Infinity,
  topP = 1,
  minP = 0,
  typicalP = 1,
}: DecodeOptions): boolean =>
  temperature === 0 &&
  deferred.length === 0 &&
  topK === Infinity &&
  topP === 1 &&
  minP === 0 &&
  typicalP === 1;

/** A logit whose exponential is zero, and whose product with that is too. */
const impossible = -1e30;

/** The likeliest tokens, and how sure they are, of what `greedy` computed. The same as `decoder({ temperature: 0 })`. */
export const decodeGreedy: Decode = ({ logits: { data }, rows }) => {
  const of = <A extends Int32Array | Float64Array>(array: A, value: (k: number) => number): A => {
    for (let r = 0; r < rows.length; r++) array[r] = value(r * numbersPerRow);
    return array;
  };
  const R = rows.length;
  for (let k = 0; k < R * numbersPerRow; k++) if (Number.isNaN(data[k])) throw notNumbers();
  const tokens = of(new Int32Array(R), (k) => data[k]);
  return {
    tokens,
    likeliest: tokens,
    confidence: of(new Float64Array(R), (k) => 1 / (1 + data[k + 1])),
    margin: of(new Float64Array(R), (k) => -Math.expm1(data[k + 2]) / (1 + data[k + 1])),
    entropy: of(new Float64Array(R), (k) => Math.log1p(data[k + 1]) - data[k + 3] / (1 + data[k + 1])),
  };
};
