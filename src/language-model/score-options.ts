import * as z from 'zod';
import { fillingSchema, samplingSchema } from '../sampling/options.ts';

/** The sampler under which a text is scored, as a person asks for it: what of sampling has a part in how likely a text is. */
export const scoredSamplerSchema = fillingSchema
  .pick({
    strategy: true,
    tau: true,
    tauLow: true,
    factor: true,
    entropyBound: true,
    blockLength: true,
    tokensPerStep: true,
    schedule: true,
    counts: true,
    guidance: true,
    cache: true,
    cacheRefresh: true,
    banned: true,
    endless: true,
    endLast: true,
  })
  .extend({
    blockCausal: samplingSchema.shape.blockCausal,
    temperature: z
      .number()
      .gt(0)
      .default(1)
      .describe('1 scores what the model says; other temperatures score what a sampler makes of it'),
  });

/** A person's sampler, checked. */
export type ScoredSampler = z.output<typeof scoredSamplerSchema>;
