import { z } from 'zod';
import { fillingSchema } from '../sampling/options.ts';

/** What a person may ask of an edit, beside how its holes are filled. */
export const editSchema = z.strictObject({
  threshold: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'rewrite the words in which a token has less than this probability, given the text around it [0.001]',
    ),
  maxChange: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('the most that may change, as a share of the tokens [0.2; of what is marked all]'),
  passes: z
    .int()
    .min(1)
    .optional()
    .describe('times that the text is read and rewritten, all within the most that may change [1]'),
  stretch: z
    .int()
    .min(0)
    .default(0)
    .describe('tokens by which a span may become longer or shorter; the likeliest length is taken'),
  dryRun: z.boolean().default(false).describe('finds what would be rewritten, and changes nothing'),
});

/** All that a person may ask of an edit. */
export const editingSchema = z.strictObject({ ...editSchema.shape, ...fillingSchema.shape });

/** A person's wishes for an edit, checked. */
export type EditingOptions = z.output<typeof editingSchema>;
