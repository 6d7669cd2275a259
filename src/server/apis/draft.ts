import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { editingSchema, editSchema } from '../../language-model/edit-options.ts';
import { limits } from '../http/limits.ts';
import type { Job, WritingTask } from '../worker/protocol.ts';
import type { ApiRequest } from './answer.ts';
import { mayBeAbsent } from './common-fields.ts';

const draftText = z.string().min(1).max(limits.textCharacters);
const { threshold, maxChange, passes, stretch } = mayBeAbsent(editSchema.shape);

/** An answer that is there already, of which what the model doubts is masked and written again. */
export const draftField = z
  .union([draftText, z.strictObject({ text: draftText, threshold, maxChange, passes, stretch })], {
    error: 'must be a text, or {text, threshold, maxChange, passes, stretch}',
  })
  .optional()
  .describe(
    'an answer to refine: what the model doubts in it is masked and written again; with threshold, maxChange, passes and stretch as /unmask/edit has them',
  );

/** What a body with a draft can't have beside it, by the names of a job and of a body. */
const senseless = { language: 'grammar', answers: 'choices', echo: 'echo', top: 'logprobs' } as const;

/**
 * The job of an answer, or of refining a draft of one.
 *
 * @throws InvalidOptionError  for what has no meaning for a text that is there
 */
export function drafted(
  job: Job,
  {
    draft,
    n = 1,
    logprobs,
  }: {
    readonly draft?: z.output<typeof draftField>;
    readonly n?: number;
    readonly logprobs?: unknown;
  },
  ignore: ApiRequest['ignore'],
): Job {
  if (draft === undefined) return job;
  const refuse = (option: string, value: unknown): never => {
    throw new InvalidOptionError(option, 'has no meaning for a draft, which is rewritten in places', value);
  };
  if (job.task.kind !== 'write' && job.task.kind !== 'chat') refuse('suffix', 'a gap');
  if (n > 1) refuse('n', n);
  if (logprobs !== undefined && logprobs !== false) refuse('logprobs', logprobs);
  for (const [key, option] of Object.entries(senseless))
    if (job[key as keyof Job] !== undefined) refuse(option, job[key as keyof Job]);
  const { seed, ...sampling } = job.sampling;
  for (const [option, value] of Object.entries(sampling))
    if (!(option in editingSchema.shape)) refuse(option, value);
  // a text that is there has its length and its end
  if (job.most !== undefined) ignore('max_tokens');
  if (job.stop.length > 0) ignore('stop');
  const { tokensPerStep } = job;
  const { text, ...asked } = typeof draft === 'string' ? { text: draft } : draft;
  const behind = job.task as Extract<WritingTask, { kind: 'write' | 'chat' }>;
  return {
    ...job,
    task: {
      kind: 'edit',
      text,
      behind,
      options: { ...sampling, ...(tokensPerStep && { tokensPerStep }), ...asked },
    },
    sampling: { seed },
    stop: [],
  };
}
