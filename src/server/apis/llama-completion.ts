import { z } from 'zod';
import type { JobTask } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { choicesOf } from './answer.ts';
import { commonFields, jobOf } from './common-fields.ts';
import { constrained, constraintFields } from './constraint-fields.ts';
import { writingTask } from './completions.ts';
import { llamaAnswer, llamaFields, mostOf, textsOf } from './llama-cpp.ts';
import { noEffects } from './tolerance.ts';

const id = z.int().min(0);

/** llama.cpp's /completion. */
export const llamaCompletionSchema = z.strictObject({
  ...commonFields,
  ...llamaFields,
  ...constraintFields,
  ...noEffects('image_data multimodal_data'),
  prompt: z
    .union([z.string(), z.array(id), z.array(z.union([z.string(), id])).length(1)], {
      error: 'must be a text, or ids of tokens',
    })
    .default('')
    .describe('the beginning of the text, or its ids'),
  n_probs: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('tells so many of the likeliest tokens of each that is written'),
});

/** The continuation of a text, or what is in its gap. */
export function llamaCompletion(body: z.output<typeof llamaCompletionSchema>, asked: ApiRequest): Answer {
  const { prompt, n_probs } = body;
  const single = Array.isArray(prompt) && typeof prompt[0] === 'string' ? prompt[0] : prompt;
  const task: JobTask =
    typeof single === 'string' ? writingTask(single) : { kind: 'write', prompt: single as number[] };
  const job = {
    ...jobOf(body, task, asked, {
      ...constrained(body),
      logprobs: n_probs !== undefined && n_probs > 0,
      top: n_probs,
    }),
    ...mostOf(body),
  };
  return llamaAnswer(body, asked, choicesOf(job, textsOf(body)));
}
