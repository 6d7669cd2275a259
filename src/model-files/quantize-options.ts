import { z } from 'zod';
import { copyFormats } from '../base/copy-name.ts';

/** What a person may ask of a copy of a model in fewer bits. */
export const quantizeSchema = z.strictObject({
  weights: z.enum(copyFormats).describe('how the weights are to be stored'),
  out: z
    .string()
    .min(1)
    .optional()
    .meta({ placeholder: 'directory' })
    .describe('where the new model goes [where --weights of other commands looks for it]'),
  compare: z
    .boolean()
    .default(true)
    .describe(
      'runs both models on a text, for a quarter of the whole time at most, and prints how their predictions differ',
    ),
  text: z.string().min(1).optional().describe('the text for it [stories that ship]'),
});
