import { z } from 'zod';
import { fillingSchema } from '../sampling/options.ts';
import { frameMs } from './terminal/live-canvas.ts';
import { modelOptions } from './load-model.ts';

/** The options of every command that writes into a given text. */
export const fillingFlags = {
  inPlace: z.boolean().default(false).describe('writes the text into the file instead of stdout'),
  ...modelOptions,
  ...fillingSchema.shape,
  seed: fillingSchema.shape.seed.describe(
    'same seed, same text [a new one each time, printed with the text]',
  ),
  frameMs,
};
