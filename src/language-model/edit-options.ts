import * as z from 'zod';
import { fillingSchema } from '../sampling/options.ts';

/** The share of a text that may change where nobody marks what is to be rewritten. */
export const usualChange = 0.2;

/** What a person may ask of an edit, beside how its holes are filled. */
export const editSchema = z.strictObject({
  threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.0003)
    .describe('rewrite the words in which a token has less than this probability, given the text around it'),
  maxChange: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(
      `the most that may change, as a share of the tokens [${usualChange}, or one word; of what is marked all]`,
    ),
  passes: z
    .int()
    .min(1)
    .default(1)
    .describe('times that the text is read and rewritten, all within the most that may change'),
  stretch: z
    .int()
    .min(0)
    .optional()
    .describe(
      'tokens by which a span may become longer or shorter; the likeliest length is taken [a span of at most 8 may have fewer]',
    ),
  dryRun: z.boolean().default(false).describe('finds what would be rewritten, and changes nothing'),
});

/** What is asked of an edit beside how its holes are filled, checked. */
export type EditOptions = z.output<typeof editSchema>;

/** All that a person may ask of an edit. */
export const editingSchema = z.strictObject({ ...editSchema.shape, ...fillingSchema.shape });

/** A person's wishes for an edit, checked. */
export type EditingOptions = z.output<typeof editingSchema>;
