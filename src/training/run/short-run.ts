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

/** How a masked diffusion model from nothing learns more in little time: experiments/LOG.md. */
export function shortRunOptions(
  { objective = 'masked-diffusion', from, learn = 'text', shiftedLogits }: TrainingRequest,
  reading: Reading,
): Pick<TrainingRequest, 'causalWarmup' | 'learningRate'> {
  if (objective !== 'masked-diffusion' || from !== undefined || learn !== 'text') return {};
  // a causal model predicts each token at the position before it
  const causalWarmup = shiftedLogits === false ? 0 : warmupUpdates(reading);
  return { ...(causalWarmup > 0 && { causalWarmup }), learningRate: 2e-3 };
}
