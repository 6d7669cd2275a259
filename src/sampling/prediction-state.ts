import type { Certainty, Prediction } from './decode.ts';
import type { ReverseStep } from './strategies.ts';

/** What is known of each position since it was predicted last   [L] */
export type PredictionState = Certainty & Pick<ReverseStep, 'likeliest'>;

/** The state of a canvas before the first forward: no position has been predicted. */
export const nothingPredicted = (xt: Int32Array): PredictionState => ({
  confidence: new Float64Array(xt.length).fill(NaN),
  margin: new Float64Array(xt.length).fill(NaN),
  entropy: new Float64Array(xt.length).fill(NaN),
  likeliest: xt.slice(),
});

/**
 * The same after a prediction. Its confidence is an array of its own: each frame has one, and keeps it.
 *
 * @param asked  the positions of the prediction's rows
 */
export function withPrediction(
  latest: PredictionState,
  asked: readonly number[],
  prediction: Prediction | undefined,
): PredictionState {
  const confidence = latest.confidence.slice();
  if (!prediction) return { ...latest, confidence };
  const { margin, entropy, likeliest } = latest;
  for (const [r, i] of asked.entries()) {
    likeliest[i] = prediction.likeliest[r];
    confidence[i] = prediction.confidence[r];
    margin[i] = prediction.margin[r];
    entropy[i] = prediction.entropy[r];
  }
  return { confidence, margin, entropy, likeliest };
}

/**
 * The same where positions have moved; of a new mask nothing is known.
 *
 * @param sources  where each position was, or −1
 */
export const moved = (
  { confidence, margin, entropy, likeliest }: PredictionState,
  sources: readonly number[],
): PredictionState => ({
  confidence: movedArray(confidence, sources, NaN),
  margin: movedArray(margin, sources, NaN),
  entropy: movedArray(entropy, sources, NaN),
  likeliest: movedArray(likeliest, sources, -1),
});

/** Each number at its new place, `absent` where none was before; `from` of a typed array takes thirty times as long. */
export function movedArray<Numbers extends Int32Array | Float64Array>(
  numbers: Numbers,
  sources: readonly number[],
  absent: number,
): Numbers {
  const there = new (numbers.constructor as new (length: number) => Numbers)(sources.length);
  for (let i = 0; i < there.length; i++) there[i] = sources[i] < 0 ? absent : numbers[sources[i]];
  return there;
}
