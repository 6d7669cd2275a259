import { adapterTargets } from '../model/adapter.ts';

/** What a training run does where neither the person nor the size says otherwise. */
export const defaults = {
  size: 'nano',
  tokenizer: 'bpe',
  field: 'text',
  packing: 'document',
  randomLengthShare: 0.01,
  promptShare: 0,
  maximumBadShare: 0.01,
  learn: 'text',
  objective: 'masked-diffusion',
  complementary: false,
  noise: 'linear',
  eps: 1e-3,
  times: 'bell',
  antithetic: false,
  tied: false,
  init: 'mitchell',
  accumulate: 1,
  schedule: 'wsd',
  decayShare: 0.2,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clip: 1,
  seed: 0,
  validationShare: 0.1,
  validationDraws: 4,
  validationWindows: 128,
  validationEvery: 500,
  sampleEvery: 500,
  checkpointEvery: 250,
  keep: 3,
  device: 'cpu',
  dtype: 'F32',
} as const;

/** Uniform times, where it was not measured that a bell of them teaches more. */
const uniform = { times: 'low-discrepancy' } as const;

/** What is otherwise where answers are learned. Three epochs are LLaDA's, section 2.3. */
export const answerDefaults = {
  ...uniform,
  epochs: 3,
  batch: 16,
  learningRate: 3e-4,
  decayShare: 0.1,
  randomLengthShare: 0,
} as const;

/**
 * What is otherwise where preferences are. A window is a pair, each answer of which is scored on several canvases, so a
 * micro-batch has few of them. At the rate of answers the model would soon be far from its reference.
 */
export const preferenceDefaults = {
  ...answerDefaults,
  epochs: 1,
  batch: 2,
  accumulate: 8,
  learningRate: 2e-5,
  beta: 0.1,
  timesPerAnswer: 8,
} as const;

/** What is otherwise where a model learns to be sure of its own texts. */
export const certaintyDefaults = { certaintyBlock: 16, guard: 1 } as const;

/** The same, whatever is learned beside. */
export const certaintyTimes = uniform;

/** What is otherwise where an adapter is trained. */
export const adapterDefaults = { learningRate: 1e-3, loraTargets: [...adapterTargets] };

/** The rate of an adapter that learns preferences. */
export const adapterPreferenceRate = adapterDefaults.learningRate / 5;
