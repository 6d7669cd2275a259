import { z } from 'zod';
import { editingSchema } from '../../language-model/edit-options.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { fillingSchema } from '../../sampling/options.ts';
import type { TextSpan } from '../../base/text-edits.ts';
import { limits } from '../http/limits.ts';
import type { FillingTask, Result } from '../worker/protocol.ts';
import { rounded } from '../worker/frame-stream.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { commonFields, diffusionFields, mayBeAbsent, viewOf } from './common-fields.ts';
import { usageOf } from './usage.ts';

const givenText = z.string().max(limits.textCharacters, {
  error: `must have at most ${limits.textCharacters} characters`,
});

const shownFields = {
  model: commonFields.model,
  stream: z.boolean().optional().describe('sends the answer as an event'),
  diffusion: diffusionFields.diffusion,
  candidates: diffusionFields.candidates,
};

const count = z.int().min(1);
const part = z.union(
  [
    z.string(),
    z.strictObject({ length: z.union([count, z.literal('any')]) }),
    z.strictObject({ minimum: count, maximum: count }),
  ],
  { error: 'must be texts, and holes as {"length": 8}, {"length": "any"} or {"minimum": 2, "maximum": 8}' },
);

/** `unmask infill` over HTTP. */
export const infillingSchema = z.strictObject({
  ...shownFields,
  ...mayBeAbsent(fillingSchema.shape),
  parts: z
    .array(part)
    .max(2 * limits.holes + 1)
    .describe('the text and its holes, which have so many tokens, the likeliest number in a range, or any'),
});

/** `unmask edit` over HTTP. */
export const editingBodySchema = z.strictObject({
  ...shownFields,
  ...mayBeAbsent(editingSchema.shape),
  passes: count.max(limits.passes).optional().describe(editingSchema.shape.passes.description!),
  text: givenText.describe('what is edited'),
  spans: z
    .array(z.tuple([z.int().min(0), z.int().min(0)], { error: 'must be pairs of numbers: from, and to' }))
    .max(limits.holes)
    .optional()
    .describe('what is rewritten, as [from, to) in UTF-16 code units [what the model doubts]'),
});

/** What `unmask edit --dry-run` reads. */
export const doubtsSchema = z.strictObject({
  model: commonFields.model,
  text: givenText.describe('what is read'),
});

type InfillingBody = z.output<typeof infillingSchema>;
type EditingBody = z.output<typeof editingBodySchema>;

/** A text with its holes filled. */
export function infillRoute(body: InfillingBody, asked: ApiRequest): Answer {
  const { parts, ...rest } = body;
  const characters = parts.reduce((sum, one) => sum + (typeof one === 'string' ? one.length : 0), 0);
  if (characters > limits.textCharacters) {
    const problem = `must have at most ${limits.textCharacters} characters of text`;
    throw new InvalidOptionError('parts', problem, `${characters} characters`);
  }
  const { shown, seed, options } = apart(rest);
  const task = { kind: 'infill', parts, options } as const;
  return answered('unmask.infill', task, { shown, seed }, asked, (result) => ({ holes: result.holes }));
}

/** A text as a model finds it better. */
export function editRoute(body: EditingBody, asked: ApiRequest): Answer {
  const { text, spans, ...rest } = body;
  const { shown, seed, options } = apart(rest);
  const stretches = spans?.map(([start, end]): TextSpan => ({ start, end }));
  const task = { kind: 'edit', text, spans: stretches, options } as const;
  return answered('unmask.edit', task, { shown, seed }, asked, ({ edited }) => ({
    changes: edited!.changes.map(({ start, end, before, after, probability }) => ({
      from: start,
      to: end,
      old: before,
      new: after,
      probability: { old: rounded(probability.before), new: rounded(probability.after) },
    })),
    doubts: edited!.doubts.map(({ start, end }) => ({ from: start, to: end })),
  }));
}

/** How likely a text is, token by token. */
export function doubtsRoute({ text }: z.output<typeof doubtsSchema>, asked: ApiRequest): Answer {
  const task = { kind: 'doubts', text } as const;
  return answered('unmask.doubts', task, { shown: {}, seed: 0 }, asked, ({ edited }) => ({
    tokens: edited!.tokens.map(({ start, end, probability }) => ({
      from: start,
      to: end,
      text: text.slice(start, end),
      probability: rounded(probability),
    })),
  }));
}

/** A body as what is to be shown and what is asked of the model. */
function apart<Body extends Partial<Pick<InfillingBody, keyof typeof shownFields | 'seed'>>>(body: Body) {
  const { model: _, stream, diffusion, candidates, seed, ...options } = body;
  return { shown: { stream, diffusion, candidates }, seed, options };
}

function answered(
  object: string,
  task: FillingTask,
  { shown, seed }: { shown: Pick<InfillingBody, 'stream' | 'diffusion' | 'candidates'>; seed?: number },
  { id, nowMs, model, newSeed }: ApiRequest,
  more: (result: Result) => object,
): Answer {
  const common = { id, created: Math.floor(nowMs / 1000), model };
  const whole = (results: readonly Result[]): object => {
    const [result] = results;
    return {
      ...common,
      object,
      text: result.text,
      ...more(result),
      seed: result.seed,
      usage: { ...usageOf(results), scored: result.scored },
    };
  };
  return {
    jobs: [
      {
        model,
        task,
        sampling: { seed: seed ?? newSeed() },
        stop: [],
        logprobs: false,
        view: viewOf(shown),
        candidates: shown.candidates ?? 0,
      },
    ],
    choices: 1,
    stream: shown.stream ? 'events' : undefined,
    terminator: '[DONE]',
    whole,
    progress: (choice, { frame }) =>
      frame ? [{ ...common, object: `${object}.chunk`, diffusion: { choice, ...frame } }] : [],
    closing: (results) => [whole(results)],
  };
}
