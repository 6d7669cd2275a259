import { z } from 'zod';
import { trainingSchema } from './options.ts';

const count = z.number().int().min(1);
const {
  out,
  resume,
  seed,
  batch,
  steps,
  learningRate,
  validationEvery,
  threads,
  device,
  dtype,
  ema,
  checkpointEvery,
} = trainingSchema.shape;

/** What a distillation does where nobody says otherwise. */
export const distillDefaults = {
  texts: 1000,
  temperature: 0.7,
  block: 16,
  certainty: 1,
  guard: 1,
  steps: 500,
  batch: 8,
  learningRate: 5e-4,
  seed: 0,
} as const;

const or = (key: keyof typeof distillDefaults, text: string) => `${text} [${distillDefaults[key]}]`;

/** What a person may ask of `unmask distill`. */
export const distillSchema = z.strictObject({
  from: z
    .string()
    .min(1)
    .optional()
    .describe('masked diffusion model that learns to write several tokens a forward'),
  data: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('real text: the beginnings of what it writes, and what it is not to unlearn'),
  out: out.describe('directory of the texts and the run; continues what is there [runs/distill-SEED]'),
  resume: resume.describe('directory to go on with'),
  texts: count.optional().describe(or('texts', 'texts that it writes carefully, one token a step')),
  length: count.optional().describe("tokens of such a text [as many as the model's context]"),
  block: count.optional().describe(or('block', 'tokens of a block of it')),
  temperature: z.number().min(0).optional().describe(or('temperature', 'of these texts')),
  certainty: z
    .number()
    .gt(0)
    .optional()
    .describe(or('certainty', 'how much certainty counts beside the cross-entropy')),
  guard: z
    .number()
    .min(0)
    .optional()
    .describe(or('guard', 'how much it counts that real text stays as likely; 0: not at all')),
  steps: steps.describe(or('steps', 'updates')),
  batch: batch.describe(or('batch', 'texts of an update, and as many windows of real text')),
  learningRate: learningRate.describe(or('learningRate', 'highest learning rate')),
  seed: seed.describe(or('seed', 'same seed, same texts and run')),
  ema,
  validationEvery,
  checkpointEvery,
  device,
  threads,
  dtype,
});

/** The options of a distillation, checked. */
export type DistillRequest = z.output<typeof distillSchema>;
