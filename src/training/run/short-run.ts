import { keysOf } from '../../base/options.ts';
import type { TrainingRequest } from '../options.ts';
import { objectivesUsing } from './resolve-options.ts';

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

/**
 * The updates of the causal warm-up: so large a share of all, but no more than read the text so many times, as a causal model then
 * knows it by heart before the masks begin, and the loss leaps. Blocks of a few tokens are near to a causal model, and bear more.
 */
const warmups = {
  'masked-diffusion': { share: 1 / 4, readings: 3 },
  'block-diffusion': { share: 1 / 2, readings: 4 },
} as const;

/** May be none. */
export function warmupUpdates(objective: keyof typeof warmups, reading: Reading): number {
  const { share, readings } = warmups[objective];
  return Math.floor(reading.steps * Math.min(share, readings / timesRead(reading)));
}

/** An update in blocks reads noisy text and clean text side by side: it takes so much of the time of one of whole windows. */
const blockUpdate = 5 / 3;

/**
 * How many updates fit into the time of so many of masked diffusion, or of a causal model.
 *
 * @param request  its causal warm-up, if any, and in which share of the others whole windows are learned
 */
export function updatesIn(
  updates: number,
  {
    objective,
    causalWarmup = 0,
    wholeShare = 0,
  }: Pick<TrainingRequest, 'objective' | 'causalWarmup' | 'wholeShare'>,
): number {
  if (objective !== 'block-diffusion') return updates;
  const first = Math.min(causalWarmup, updates);
  return Math.floor(first + (updates - first) / (wholeShare + (1 - wholeShare) * blockUpdate));
}

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

/**
 * What a model from nothing learns in little time: to write in blocks of a few tokens, which soon reads well, and to see whole texts,
 * so that it can fill holes, edit and revise.
 */
export function shortRunObjective(
  request: TrainingRequest,
): Pick<TrainingRequest, 'objective' | 'block' | 'wholeShare'> {
  const { objective, from, learn = 'text', shiftedLogits } = request;
  const isOpen = objective === undefined && from === undefined && learn === 'text' && shiftedLogits !== false;
  // an option of other objectives alone says what is learned
  const asksOther = keysOf(objectivesUsing).some(
    (key) => request[key] && !objectivesUsing[key].some((one) => one === 'block-diffusion'),
  );
  if (!isOpen || asksOther) return {};
  return { objective: 'block-diffusion', block: 4, wholeShare: 0.4 };
}

/** The updates in which a mask predictor from nothing is a causal model, which predicts each token at the position before it. */
export function shortRunWarmup(
  { objective = 'masked-diffusion', from, learn = 'text', shiftedLogits }: TrainingRequest,
  reading: Reading,
): number | undefined {
  if (objective === 'autoregressive' || from !== undefined || learn !== 'text') return undefined;
  return (shiftedLogits !== false && warmupUpdates(objective, reading)) || undefined;
}
