import { checkIds } from '../../base/check-ids.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { nextTurn } from '../../base/next-turn.ts';
import type { Model } from '../../language-model/language-model.ts';
import { conversation } from './conversation.ts';
import type { JobContext } from './job-context.ts';
import { isLong } from './long-texts.ts';
import type { EmbedTask, JobTask, Result, TokensTask } from './protocol.ts';

/** What a result has of an answer where none was written. */
export const nothingWritten = {
  text: '',
  tokens: [],
  finish: 'stop',
  promptTokens: 0,
  completionTokens: 0,
  seed: 0,
  steps: 0,
  forwards: 0,
  ms: 0,
  firstTokenMs: 0,
} as const satisfies Result;

/** What reading takes of a model. */
export type TokenReader = Pick<Model, 'tokenizer' | 'chatTemplate'>;

/**
 * The ids of a text or of a conversation, or the text of ids.
 *
 * @throws InvalidOptionError  for ids that the tokenizer doesn't have
 */
export function readTokens(model: TokenReader, task: TokensTask): Result {
  const { text, ids } = readIn(model, task);
  const pieces = ids.map((id) => model.tokenizer.decode([id]));
  return { ...nothingWritten, promptTokens: ids.length, read: { text, ids, pieces } };
}

/** How many tokens a text or conversation has, and no more of it. */
export const countTokens = (model: TokenReader, task: TokensTask): Result => ({
  ...nothingWritten,
  promptTokens: readIn(model, task).ids.length,
});

function readIn(
  { tokenizer, chatTemplate }: TokenReader,
  { text = '', turns, tools, ids }: TokensTask,
): { text: string; ids: readonly number[] } {
  if (ids) {
    checkIds(ids, tokenizer.vocabularySize, 'tokens');
    return { text: tokenizer.decode(ids), ids };
  }
  if (turns && chatTemplate) return chatTemplate.encode(turns, tools && { tools });
  const given = turns ? conversation(turns) : text;
  return { text: given, ids: tokenizer.encode(given) };
}

/**
 * The tokens of a prompt, each as likely as it is behind those before it.
 *
 * @throws InvalidOptionError  for a prompt that isn't one
 */
export async function echoOf(
  { tokenizer, tokenLogprobs }: Model,
  task: JobTask,
  top: number,
  signal: AbortSignal,
): Promise<Required<Pick<Result, 'promptTokens' | 'echoed'>>> {
  if (task.kind !== 'write')
    throw new InvalidOptionError('echo', 'needs a prompt with nothing behind it', true);
  const { prompt } = task;
  const isText = typeof prompt === 'string';
  const before = isText ? (tokenizer.prefixIds ?? []) : [];
  const ids = [...before, ...(isText ? tokenizer.encode(prompt) : prompt)];
  const told = await tokenLogprobs({ tokens: ids, top, signal });
  const tokens = ids.map((id, i) => ({
    text: tokenizer.decode([id]),
    ...(Number.isNaN(told.logprobs[i]) ? {} : { logprob: Math.max(-9999, told.logprobs[i]) }),
    ...(top > 0 && {
      top: told.top[i].map(({ token, logprob }) => ({
        text: tokenizer.decode([token]),
        logprob: Math.max(-9999, logprob),
      })),
    }),
  }));
  const echoed = { text: isText ? prompt : tokenizer.decode(ids), tokens: tokens.slice(before.length) };
  return { promptTokens: ids.length, echoed };
}

/** Embeds one text after another; the event loop gets its turn between them. */
export async function embedAll(
  model: Model,
  { inputs, dimensions }: EmbedTask,
  { signal, readLong }: Pick<JobContext, 'signal' | 'readLong'>,
): Promise<Result> {
  const start = performance.now();
  const embeddings: Float32Array[] = [];
  let promptTokens = 0;
  for (const input of inputs) {
    const long = { kind: 'tokens', text: typeof input === 'string' ? input : '' } as const;
    const text = readLong && isLong(long) ? (await readLong(long, false)).read!.ids : input;
    const { vector, tokens } = await model.embed({ text, dimensions, signal });
    embeddings.push(vector);
    promptTokens += tokens;
    await nextTurn();
  }
  return {
    ...nothingWritten,
    promptTokens,
    forwards: embeddings.length,
    ms: performance.now() - start,
    embeddings,
  };
}

/**
 * The likeliest of some answers.
 *
 * @throws InvalidOptionError  for a gap, and ids: answers go on from a text
 */
export async function chosenOf(
  model: Model,
  task: JobTask,
  answers: readonly string[],
  signal: AbortSignal,
): Promise<Result> {
  const start = performance.now();
  const isChat = task.kind === 'chat';
  if (!isChat && !(task.kind === 'write' && typeof task.prompt === 'string'))
    throw new InvalidOptionError('choices', 'needs a text or messages that the answer goes on from', answers);
  const isAsked = isChat && model.chatTemplate !== undefined;
  const prompt = isChat ? conversation(task.turns) : (task.prompt as string);
  const given = isAsked ? { messages: task.turns } : { prompt };
  const promptTokens = isAsked
    ? model.chatTemplate.encode(task.turns).ids.length
    : model.tokenizer.encode(prompt).length;
  const scored = await model.choose({ ...given, answers, signal });
  const best = scored.reduce((a, b) => (b.logprob > a.logprob ? b : a));
  const ms = performance.now() - start;
  const { text, tokens: completionTokens } = best;
  const forwards = answers.length;
  return { ...nothingWritten, text, promptTokens, completionTokens, forwards, ms, answers: scored };
}
