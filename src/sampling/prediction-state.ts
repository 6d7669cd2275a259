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
  confidence: Float64Array.from(sources, (i) => confidence[i]), // [−1] is undefined, which becomes NaN
  margin: Float64Array.from(sources, (i) => margin[i]),
  entropy: Float64Array.from(sources, (i) => entropy[i]),
  likeliest: Int32Array.from(sources, (i) => likeliest[i] ?? -1),
});
