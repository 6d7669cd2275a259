import type { SamplingRequest } from '../sampling/options.ts';
import type { TrainingOptions } from './options.ts';

const drawn = { temperature: 0.8, topP: 0.95 } as const;

const usual = {
  'masked-diffusion': { temperature: 0.9, confidenceOf: 'likeliest' },
  'block-diffusion': { ...drawn, strategy: 'left-to-right' },
  autoregressive: drawn,
} as const satisfies Record<TrainingOptions['objective'], SamplingRequest>;

/**
 * How a model of texts is sampled that began from nothing: the likeliest text of a small one is a phrase again and again, so tokens
 * are drawn (experiments/LOG.md). Whoever uses it may ask for anything else.
 */
export const freshSampling = ({ objective }: Pick<TrainingOptions, 'objective'>): SamplingRequest =>
  usual[objective];
