/**
 * What the papers are made of, as functions: noise schedules, the forward process, objectives, remasking strategies, and the
 * reverse process over any mask predictor, to be used, wrapped, or taken as the pattern of another: a strategy goes to `model.sample({ strategy })`, a schedule or an objective to `train(options, { noise, objective })`.
 *
 * @module unmask/diffusion
 */
export { choose, gumbel, integerBelow, type Purpose, type Uniform, uniforms } from '../base/random.ts';
export { type CleanWindow, type CleanWindows, rowsOf, shiftedRight } from '../diffusion/clean-windows.ts';
export {
  forwardProcess,
  lossWeight,
  maskProbability,
  type Noised,
  type Noising,
} from '../diffusion/forward.ts';
export {
  cosineNoise,
  linearNoise,
  logLinear,
  type NoiseSchedule,
  polynomial,
} from '../diffusion/noise-schedule.ts';
export { antithetic, independent, lowDiscrepancy, type TimeSampler } from '../diffusion/times.ts';
export {
  type Certainty,
  type Decode,
  decoder,
  type DecodeOptions,
  type Prediction,
} from '../sampling/decode.ts';
export { type CachedNetwork, type CachePolicy, type CacheState, withCache } from '../sampling/cache.ts';
export { withGuidance } from '../sampling/guidance.ts';
export { capped, remdm, type Remasking, rescaled, type Sigma, unsureFirst } from '../sampling/remdm.ts';
export { renoising, type Renoising } from '../sampling/renoising.ts';
export type { Block, MaskPredictor, StepContext } from '../sampling/predictor.ts';
export { type Frame, sample, type SampleOptions } from '../sampling/sample.ts';
export {
  ancestral,
  entropy,
  entropyBound,
  factor,
  firstHitting,
  hierarchical,
  leftToRight,
  lowConfidence,
  margin,
  random,
  type ReverseStep,
  type Selection,
  type Strategy,
  threshold,
  thresholdOrCount,
  tokenEditing,
  type Transition,
  unmasking,
} from '../sampling/strategies.ts';
export type { Measured, TrainingBatch } from '../training/learner.ts';
export { complementaryDiffusion } from '../training/objectives/complementary-masks.ts';
export {
  autoregressive,
  type BatchPlace,
  blockDiffusion,
  maskedDiffusion,
  noisedBatch,
  type Objective,
  withPrompts,
} from '../training/objectives/objective.ts';
export type { ObjectiveParts } from '../training/own-parts.ts';
