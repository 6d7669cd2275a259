import { InvalidOptionError } from '../base/errors.ts';

/** What a `tokenizer.json` of Hugging Face holds, as far as we write it or look into it. */
export interface TokenizerJson {
  readonly version: string;
  readonly truncation: unknown;
  readonly padding: unknown;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly post_processor: unknown;
  readonly decoder: unknown;
  readonly model: TokenizerModel;
}

/** A token that is found in a text before the text is cut, as `tokenizer.json` lists it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** The part of `tokenizer.json` that turns pieces into ids. */
export interface TokenizerModel {
  readonly type?: string;
  /**
   * Token to id. Without a prototype where we make it: `constructor` and `__proto__` are tokens like others.
   * A Unigram model has a list instead, of tokens with their scores.
   */
  readonly vocab: Readonly<Record<string, number>> | readonly (readonly [token: string, score: number])[];
  /** Pairs, best first; older files write a pair as one string with a space. */
  readonly merges: readonly (readonly [left: string, right: string] | string)[];
  readonly [option: string]: unknown;
}

/** The mask, then the end of a text, which also pads. */
export const DEFAULT_SPECIAL_TOKENS: readonly string[] = ['<|mask|>', '<|endoftext|>'];

/** @throws InvalidOptionError  for special tokens that repeat or are empty */
export function checkSpecialTokens(specialTokens: readonly string[]): void {
  if (specialTokens.includes('') || new Set(specialTokens).size < specialTokens.length)
    throw new InvalidOptionError('specialTokens', 'must be different and not empty', specialTokens);
}

/** The entry of a special token that is matched as it is spelled, and nothing around it. */
export function specialToken(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** A canvas's masks that stand for two tokens are predicted to be this: DreamOn, arXiv:2602.01326. */
export const expandToken = '<|expand|>';

/** The same tokenizer with special tokens behind all that it has; those that it has already stay. */
export function withSpecialTokens(json: TokenizerJson, names: readonly string[]): TokenizerJson {
  const ids = [
    ...vocabularyEntries(json.model).map(([, id]) => id),
    ...json.added_tokens.map(({ id }) => id),
  ];
  const next = ids.reduce((most, id) => Math.max(most, id + 1), 0);
  const lacking = names.filter((name) => !json.added_tokens.some(({ content }) => content === name));
  return {
    ...json,
    added_tokens: [...json.added_tokens, ...lacking.map((name, i) => specialToken(name, next + i))],
  };
}

/**
 * The same tokenizer with the ids that Hugging Face's tokenizers give added tokens which the vocabulary lacks: one after the
 * other, whatever the file calls them, but for one that is taken.
 */
export function withIdsInOrder(json: TokenizerJson): TokenizerJson {
  const entries = vocabularyEntries(json.model);
  const ids = new Map(entries);
  const taken = new Set(ids.values());
  let next = entries.length;
  const added = json.added_tokens.map((token) => {
    const known = ids.get(token.content);
    const id = known ?? (taken.has(next) ? token.id : next);
    ids.set(token.content, id);
    next = Math.max(next, id + 1);
    return id === token.id ? token : { ...token, id };
  });
  return added.every((token, i) => token === json.added_tokens[i]) ? json : { ...json, added_tokens: added };
}

/** A vocabulary in which any string can be a key. */
export function vocabularyOf(tokens: Iterable<readonly [token: string, id: number]>): Record<string, number> {
  const vocab: Record<string, number> = Object.create(null);
  for (const [token, id] of tokens) vocab[token] = id;
  return vocab;
}

/** Each token of a model and its id. */
export function vocabularyEntries({ vocab }: TokenizerModel): [token: string, id: number][] {
  return isList(vocab) ? vocab.map(([token], id) => [token, id]) : Object.entries(vocab);
}

const isList = (vocab: TokenizerModel['vocab']): vocab is readonly (readonly [string, number])[] =>
  Array.isArray(vocab);

/** Ids beyond this are a mistake: a table of that many embeddings has no use. */
const LARGEST_ID = 2 ** 24;

/**
 * Checks what an index into a table of embeddings will be made from.
 *
 * @throws Error  a sentence on what is wrong
 */
export function checkTokenizerJson(json: TokenizerJson): void {
  const { model, added_tokens: added } = json;
  if (typeof model !== 'object' || model === null) throw new Error('it has no model');
  if (!Array.isArray(added)) throw new Error('added_tokens is not a list');
  const used = new Map<number, string>();
  const use = (token: string, id: unknown) => {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) > LARGEST_ID)
      throw new Error(`the id of ${JSON.stringify(token)} is ${JSON.stringify(id)}`);
    const other = used.get(id as number);
    if (other !== undefined && other !== token)
      throw new Error(`${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id ${String(id)}`);
    used.set(id as number, token);
  };
  if (typeof model.vocab !== 'object' || model.vocab === null) throw new Error('its model has no vocab');
  for (const [token, id] of vocabularyEntries(model)) use(token, id);
  for (const token of added) {
    if (typeof token?.content !== 'string' || token.content === '')
      throw new Error('an added token is empty');
    use(token.content, token.id);
  }
  if (model.type === 'BPE' && !Array.isArray(model.merges))
    throw new Error('its model has no list of merges');
}
