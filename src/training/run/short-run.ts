import type { TrainingRequest } from '../options.ts';

/** A shorter text has few words: so many tokens are enough for it. */
export const shortText = { bytes: 300_000, vocabularySize: 512 };

/** What says how often a run reads its text. */
export interface Reading {
  readonly steps: number;
  /** Of an update. */
  readonly tokens: number;
  /** Of the text. */
  readonly bytes: number;
}

/** A token of a BPE of a thousand or two has about so many bytes. */
const bytesAToken = 3;

/** How often the text is read, about. */
export const timesRead = ({ steps, tokens, bytes }: Reading): number =>
  (steps * tokens * bytesAToken) / bytes;

/** A causal model that reads a text more often than this knows it by heart before the masks begin, and the loss leaps. */
const mostReadings = 3;

/** The updates of the causal warm-up: a quarter of all, but no more than read the text `mostReadings` times. May be none. */
export const warmupUpdates = (reading: Reading): number =>
  Math.floor(reading.steps * Math.min(1 / 4, mostReadings / timesRead(reading)));

/** Learning rates at which little time teaches most. */
const rates = { muon: 6e-3, adamw: 4e-3 } as const;

/** By which steps a model from nothing learns more of a text in little time, whatever its objective: experiments/LOG.md. */
export function shortRunSteps({
  optimizer = 'muon',
  from,
  learn = 'text',
}: TrainingRequest): Pick<TrainingRequest, 'optimizer' | 'learningRate'> {
  return from === undefined && learn === 'text' ? { optimizer, learningRate: rates[optimizer] } : {};
}

/** The updates in which a mask predictor from nothing is a causal model, which predicts each token at the position before it. */
export function shortRunWarmup(
  { objective = 'masked-diffusion', from, learn = 'text', shiftedLogits }: TrainingRequest,
  reading: Reading,
): number | undefined {
  const isMaskPredictor = objective === 'masked-diffusion' && from === undefined && learn === 'text';
  return (isMaskPredictor && shiftedLogits !== false && warmupUpdates(reading)) || undefined;
}
