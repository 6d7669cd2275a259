import { z } from 'zod';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { commonFields, diffusionFields, jobOf } from './common-fields.ts';
import type { Job, JobProgress, Result, JobTask, TokenReport } from '../worker/protocol.ts';
import { constraintOf, responseFormatSchema } from './response-format.ts';
import { gapIn } from './sentinels.ts';
import { usageOf } from './usage.ts';

export const completionSchema = z.strictObject({
  ...commonFields,
  ...diffusionFields,
  prompt: z
    .union([z.string(), z.tuple([z.string()])], { error: 'must be one text' })
    .optional()
    .describe('the beginning of the text; the sentinels of a gap in it are read'),
  suffix: z.string().optional().describe('what follows the gap that is written'),
  logprobs: z.literal(0).optional().describe('0: what each token was given when it was written'),
  echo: z.literal(false).optional(),
  response_format: responseFormatSchema.optional(),
});

export type CompletionBody = z.output<typeof completionSchema>;

/** Mercury's /v1/fim/completions: the same without what makes no sense in a gap. */
export const fimSchema = completionSchema.omit({ echo: true, logprobs: true });

/** OpenAI's /v1/completions. */
export function completion(body: CompletionBody, asked: ApiRequest): Answer {
  const { prompt = '', suffix } = body;
  const task = writingTask(typeof prompt === 'string' ? prompt : prompt[0], suffix);
  return answered(body, asked, task);
}

/** Mercury's FIM. */
export function fim(body: z.output<typeof fimSchema>, asked: ApiRequest): Answer {
  const { prompt = '', suffix = '' } = body;
  return answered(body, asked, gapTask(typeof prompt === 'string' ? prompt : prompt[0], suffix));
}

function answered(body: CompletionBody, asked: ApiRequest, task: JobTask): Answer {
  const sampling = constraintOf(body.response_format);
  const job = jobOf(body, task, asked, { logprobs: body.logprobs !== undefined, sampling });
  return completionAnswer(body, asked, job);
}

/** What Continue sends behind a prompt that nothing follows. */
const noSuffix = '<|endoftext|>';

/**
 * A gap where a suffix or sentinels say so, else a continuation. What is around a gap may be longer than the model can see:
 * editors send what they have.
 */
export function writingTask(prompt: string, suffix = ''): JobTask {
  const gap = suffix === '' || suffix === noSuffix ? gapIn(prompt) : { before: prompt, after: suffix };
  return gap ? { kind: 'fill', ...gap } : { kind: 'write', prompt };
}

/** The same where there always is a gap, if only at the end. */
export function gapTask(prompt: string, suffix: string): JobTask {
  const task = writingTask(prompt, suffix);
  return task.kind === 'write' ? { kind: 'fill', before: task.prompt, after: '' } : task;
}

function completionAnswer(body: CompletionBody, { id, nowMs, model }: ApiRequest, job: Job): Answer {
  const common = { id, object: 'text_completion', created: Math.floor(nowMs / 1000), model };
  const hasLogprobs = body.logprobs !== undefined;
  /** Some clients of gaps read `text`, some `delta.content`: they get both. */
  const choice = (index: number, text: string, more: object = {}): object => ({
    index,
    text,
    ...(job.task.kind === 'fill' && { delta: { content: text } }),
    logprobs: null,
    finish_reason: null,
    ...more,
  });
  const chunk = (choices: readonly object[], more: object = {}): object => ({ ...common, choices, ...more });
  const offsets = new Map<number, number>();
  return {
    jobs: choicesOf(job, body.n),
    choices: body.n ?? 1,
    stream: body.stream ? 'events' : undefined,
    terminator: '[DONE]',
    whole: (results) =>
      chunk(
        results.map(({ text, tokens, finish }, index) => ({
          index,
          text,
          logprobs: hasLogprobs ? logprobsOf(tokens, 0) : null,
          finish_reason: finish,
        })),
        { usage: usageOf(results), seed: results[0].seed },
      ),
    progress(index, { text, tokens, snapshot, frame }: JobProgress) {
      const said = snapshot ?? text;
      const reports = hasLogprobs && tokens.length > 0;
      if (said === '' && !reports && !frame) return [];
      const offset = offsets.get(index) ?? 0;
      offsets.set(index, offset + tokens.reduce((length, token) => length + token.text.length, 0));
      const logprobs = reports ? logprobsOf(tokens, offset) : null;
      return [
        chunk([choice(index, said, { logprobs })], frame && { diffusion: { choice: index, ...frame } }),
      ];
    },
    ended: (index, { finish, seed, text }: Result) => [
      // a reader of snapshots replaces what it has by each of them
      chunk([choice(index, body.diffusing ? text : '', { finish_reason: finish })], { seed }),
    ],
    closing: (results) =>
      body.stream_options?.include_usage ? [chunk([], { usage: usageOf(results) })] : [],
  };
}

function logprobsOf(tokens: readonly TokenReport[], offset: number): object {
  let at = offset;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob ?? null),
    top_logprobs: null,
    text_offset: tokens.map(({ text }) => {
      const start = at;
      at += text.length;
      return start;
    }),
  };
}
