import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { limits } from '../http/limits.ts';
import { type Answer, type ApiRequest, choicesOf } from './answer.ts';
import { commonFields, diffusionFields, jobOf } from './common-fields.ts';
import type { Job, JobProgress, Result, TokenReport, WritingTask } from '../worker/protocol.ts';
import { constrained, constraintFields } from './constraint-fields.ts';
import { gapIn } from './sentinels.ts';
import { choicesTold, usageOf } from './usage.ts';

const id = z.int().min(0);

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
      'the prompt comes first; with logprobs each of its tokens as likely as it is behind those before it',
    ),
  ...constraintFields,
});

export type CompletionBody = z.output<typeof completionSchema>;

/** Mercury's /v1/fim/completions: the same without what makes no sense in a gap. */
export const fimSchema = completionSchema.omit({ echo: true }).extend({
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
  const job = { ...jobOf(body, first, asked, more), ...(echo && logprobs !== undefined && { echo }) };
  const jobs = tasks.flatMap((task) => choicesOf({ ...job, task }, n));
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

function completionAnswer(
  body: CompletionBody,
  { id: asked, nowMs, model, facts }: ApiRequest,
  jobs: readonly Job[],
): Answer {
  const common = { id: asked, object: 'text_completion', created: Math.floor(nowMs / 1000), model };
  const hasLogprobs = body.logprobs !== undefined;
  const isGap = jobs[0].task.kind === 'fill';
  /** Some clients of gaps read `text`, some `delta.content`: they get both. */
  const choice = (index: number, text: string, more: object = {}): object => ({
    index,
    text,
    ...(isGap && { delta: { content: text } }),
    logprobs: null,
    finish_reason: null,
    ...more,
  });
  const chunk = (choices: readonly object[], more: object = {}): object => ({ ...common, choices, ...more });
  /** What stands before an answer, where it is to be said again. */
  const echoedBy = (index: number, result?: Result): NonNullable<Result['echoed']> => {
    if (result?.echoed) return result.echoed;
    const { task } = jobs[index];
    const isSaid = body.echo && task.kind === 'write' && typeof task.prompt === 'string';
    return { text: isSaid ? (task.prompt as string) : '', tokens: [] };
  };
  const offsets = new Map<number, number>();
  const isScored = jobs[0].echo === true;
  return {
    jobs,
    choices: jobs.length,
    // what is known of a prompt is known at the end
    stream: body.stream && !isScored ? 'events' : undefined,
    terminator: '[DONE]',
    ...(isScored && { remarks: { likelihood: likelihoodOf(facts.isCausal) } }),
    whole: (results) =>
      chunk(
        results.map((result, index) => {
          const echoed = echoedBy(index, result);
          return {
            index,
            text: echoed.text + result.text,
            logprobs: hasLogprobs ? logprobsOf([...echoed.tokens, ...result.tokens], 0) : null,
            finish_reason: result.finish,
          };
        }),
        { usage: usageOf(results, body.n), seed: results[0].seed, ...choicesTold(results) },
      ),
    opening: (index) => (body.echo ? [chunk([choice(index, echoedBy(index).text)])] : []),
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
      body.stream_options?.include_usage ? [chunk([], { usage: usageOf(results, body.n) })] : [],
  };
}

/** What the logprobs of a prompt are. */
const likelihoodOf = (isCausal: boolean): string =>
  isCausal
    ? 'exact: the chain rule of a causal model'
    : 'exact, of the sampler left-to-right with one token a step';

function logprobsOf(tokens: readonly TokenReport[], offset: number): object {
  let at = offset;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob ?? null),
    top_logprobs: tokens.some(({ top }) => top)
      ? tokens.map(
          ({ top }) =>
            top && Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]).toReversed()),
        )
      : null,
    text_offset: tokens.map(({ text }) => {
      const start = at;
      at += text.length;
      return start;
    }),
  };
}
