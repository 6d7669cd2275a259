import type { TrainingRequest } from '../options.ts';

/** A shorter text has few words: so many tokens are enough for it. */
export const shortText = { bytes: 300_000, vocabularySize: 512 };

/** How a masked diffusion model from nothing learns more in little time: experiments/LOG.md. */
export function shortRunOptions(
  { objective = 'masked-diffusion', from, learn = 'text' }: TrainingRequest,
  steps: number,
): Pick<TrainingRequest, 'times' | 'causalWarmup' | 'learningRate'> {
  if (objective !== 'masked-diffusion' || from !== undefined || learn !== 'text') return {};
  return { times: 'bell', causalWarmup: Math.max(1, Math.floor(steps / 4)), learningRate: 2e-3 };
}
