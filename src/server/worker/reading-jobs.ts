import { InvalidOptionError } from '../../base/errors.ts';
import type { Model } from '../../language-model/language-model.ts';
import { conversation } from './conversation.ts';
import type { Result, TokensTask } from './protocol.ts';

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

/** @throws InvalidOptionError  for ids that a tokenizer doesn't have */
export function checkIds(ids: readonly number[], size: number, option: string): void {
  const beyond = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < size));
  if (beyond !== undefined)
    throw new InvalidOptionError(option, `must be ids of the tokenizer, which has ${size}`, beyond);
}
