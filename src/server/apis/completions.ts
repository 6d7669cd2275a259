import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { limits } from '../http/limits.ts';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { completionAnswer } from './completion-answer.ts';
import { commonFields, diffusionFields, jobOf } from './common-fields.ts';
import type { WritingTask } from '../worker/protocol.ts';
import { constrained, constraintFields } from './constraint-fields.ts';
import { draftField, drafted } from './draft.ts';
import { gapIn } from './sentinels.ts';

const id = z.int().min(0);

/** The body of /v1/completions. */
export const completionSchema = z.strictObject({
  ...commonFields,
  ...diffusionFields,
  prompt: z
    .union(
      [
        z.string(),
        z.array(z.string()).max(limits.prompts),
        z.array(id),
        z.array(z.array(id)).max(limits.prompts),
      ],
      { error: `must be a text, ids of tokens, or a list of at most ${limits.prompts} of either` },
    )
    .optional()
    .describe('the beginning of the text, or of several; the sentinels of a gap in it are read'),
  suffix: z.string().optional().describe('what follows the gap that is written'),
  logprobs: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('what each token was given when it was written, and so many of the likeliest'),
  echo: z
    .boolean()
    .optional()
    .describe(
      'the prompt comes first; with logprobs also the log-probability of each of its tokens given those before it',
    ),
  draft: draftField,
  ...constraintFields,
});

/** The body of a completion, checked. */
export type CompletionBody = z.output<typeof completionSchema>;

/** Mercury's /v1/fim/completions: the same without what makes no sense in a gap. */
export const fimSchema = completionSchema.omit({ echo: true, draft: true }).extend({
  prompt: z.string({ error: 'must be one text' }).optional().describe('what stands before the gap'),
});

/** OpenAI's /v1/completions. */
export function completion(body: CompletionBody, asked: ApiRequest): Answer {
  const { prompt = '', suffix, echo = false } = body;
  const prompts = promptsIn(prompt);
  if (suffix && (prompts.length !== 1 || typeof prompts[0] !== 'string'))
    throw new InvalidOptionError('suffix', 'needs one text as its prompt', suffix);
  const tasks = prompts.map((one): WritingTask =>
    typeof one === 'string' && !echo ? writingTask(one, suffix) : { kind: 'write', prompt: one },
  );
  if (tasks.length * (body.n ?? 1) > limits.prompts)
    throw new InvalidOptionError('n', `must give at most ${limits.prompts} texts with the prompts`, body.n);
  if (echo && suffix) throw new InvalidOptionError('echo', 'needs a prompt with nothing behind it', echo);
  return answered(body, asked, tasks);
}

/** The prompts of a request, each a text or ids. */
function promptsIn(prompt: NonNullable<CompletionBody['prompt']>): (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  if (prompt.length === 0) return [''];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
}

/** Mercury's FIM. */
export function fim(body: z.output<typeof fimSchema>, asked: ApiRequest): Answer {
  const { prompt = '', suffix = '' } = body;
  return answered(body, asked, [gapTask(prompt, suffix)]);
}

function answered(body: CompletionBody, asked: ApiRequest, tasks: readonly WritingTask[]): Answer {
  const { logprobs, echo = false, n = 1 } = body;
  const more = {
    logprobs: logprobs !== undefined,
    top: logprobs,
    ...constrained(body),
  };
  // a seed that is drawn is drawn once
  const [first] = tasks;
  const whole = { ...jobOf(body, first, asked, more), ...(echo && logprobs !== undefined && { echo }) };
  if (body.draft !== undefined && tasks.length > 1)
    throw new InvalidOptionError('draft', 'needs one prompt', `${tasks.length} prompts`);
  const jobs = tasks.flatMap((task) => choicesOf(drafted({ ...whole, task }, body, asked.ignore), n));
  return completionAnswer(body, asked, jobs);
}

/** What Continue sends behind a prompt that nothing follows. */
const noSuffix = '<|endoftext|>';

/**
 * A gap where a suffix or sentinels say so, else a continuation. What is around a gap may be longer than the model can see:
 * editors send what they have.
 */
export function writingTask(prompt: string, suffix = ''): WritingTask {
  const gap = suffix === '' || suffix === noSuffix ? gapIn(prompt) : { before: prompt, after: suffix };
  return gap ? { kind: 'fill', ...gap } : { kind: 'write', prompt };
}

/** The same where there always is a gap, if only at the end. */
export function gapTask(prompt: string, suffix: string): WritingTask {
  const task = writingTask(prompt, suffix);
  return task.kind === 'fill' ? task : { kind: 'fill', before: prompt, after: '' };
}
