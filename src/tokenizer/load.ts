import { FileError, InvalidOptionError } from '../base/errors.ts';
import { tokenizerConfigOf, tokenNamesIn, withConfiguredTokens } from './configured-tokens.ts';
import { objectIn, type TokenizerFiles } from './files.ts';
import { type JsonTokenizer, tokenizerFromJson, type TokenizerRoles } from './from-json.ts';
import { nameIn } from './token-name.ts';
import type { Tokenizer } from './tokenizer.ts';
import { checkTokenizerJson, withIdsInOrder, type TokenizerJson } from './tokenizer-json.ts';
import { tokenizerJsonOf } from './vocab-and-merges.ts';

/** A tokenizer with the file that it came from. */
export interface LoadedTokenizer extends JsonTokenizer {
  readonly path: string;
  readonly json: TokenizerJson;
  /** All the text that decides ids: two tokenizers of the same text give the same. */
  readonly source: string;
}

/** What published models call their mask, where no file says so. */
const MASK_NAMES = ['<|mask|>', '[MASK]', '<|mdm_mask|>', '<mask>', '<|MASK|>'];
const END_NAMES = ['<|endoftext|>', '</s>', '<|end_of_text|>', '[SEP]'];

/** A text of all kinds of characters: a tokenizer that cannot encode it is damaged. */
const PROBE = " The quick (brown) fox's 123,456 é\u0301 \n\t 語 \u{1f600}";

/**
 * The tokenizer of a model directory's files.
 *
 * A directory has a `tokenizer.json`, or `vocab.json` and `merges.txt`. The mask and the end of a text are, in this order:
 * `mask_token_id` and `eos_token_id` of `config.json`, `mask_token` and `eos_token` of `tokenizer_config.json` or
 * `special_tokens_map.json`, a special token of a usual name.
 *
 * @throws FileError  where a file is missing or damaged
 */
export function tokenizerOf(files: TokenizerFiles): LoadedTokenizer {
  const [text, name] = sourceOf(files);
  const path = `${files.directory}/${name}`;
  try {
    const found =
      name === 'tokenizer.json'
        ? withIdsInOrder(checked(objectIn(files, name)))
        : checked(tokenizerJsonOf(files));
    if (objectIn(files, 'tokenizer_config.json').split_special_tokens === true)
      throw new Error('split_special_tokens of tokenizer_config.json is true, which is not supported');
    const json =
      name === 'tokenizer.json'
        ? withConfiguredTokens(found, tokenizerConfigOf(files), objectIn(files, 'added_tokens.json'))
        : found;
    const tokenizer = tokenizerFromJson(json, rolesOf(json, files));
    probe(tokenizer);
    const source =
      json === found
        ? text
        : `${text}
${JSON.stringify(json.added_tokens)}`;
    return { ...tokenizer, path, json, source };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof FileError) throw error;
    const expected =
      name === 'tokenizer.json' ? 'a tokenizer.json of Hugging Face' : 'a vocabulary and its merges';
    throw new FileError(path, expected, error.message, 'download or make it again', { cause: error });
  }
}

function checked(json: unknown): TokenizerJson {
  checkTokenizerJson(json as TokenizerJson);
  return json as TokenizerJson;
}

/** The file that the vocabulary is in, and all the text that decides ids. */
function sourceOf({
  directory,
  texts,
}: TokenizerFiles): [text: string, name: 'tokenizer.json' | 'vocab.json'] {
  const whole = texts.get('tokenizer.json');
  if (whole !== undefined) return [whole, 'tokenizer.json'];
  const names = ['vocab.json', 'merges.txt'] as const;
  const missing = names.find((name) => !texts.has(name));
  if (missing === undefined)
    return [
      ([...names, 'added_tokens.json', 'tokenizer_config.json'] as const)
        .map((name) => texts.get(name))
        .join('\n'),
      'vocab.json',
    ];
  const found = missing === 'vocab.json' ? 'neither' : 'vocab.json alone';
  throw new FileError(
    directory,
    'a tokenizer.json, or vocab.json and merges.txt',
    found,
    'download it again',
  );
}

/** Works it once. A tokenizer of single characters rightly refuses those that it lacks. */
function probe(tokenizer: Tokenizer): void {
  try {
    tokenizer.decode(tokenizer.encode(PROBE));
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
  }
}

/**
 * The id of the mask of a tokenizer that a diffusion model needs.
 *
 * @throws FileError  for a tokenizer without one
 */
export function requireMaskId(tokenizer: Tokenizer, path: string): number {
  if (tokenizer.maskId !== undefined) return tokenizer.maskId;
  throw new FileError(
    path,
    'a tokenizer with a mask token',
    tokenizer.specialTokens.size === 0
      ? 'no special tokens'
      : `only ${[...tokenizer.specialTokens.keys()].slice(0, 5).join(' ')}`,
    'set mask_token_id in config.json or mask_token in tokenizer_config.json',
  );
}

/**
 * The id of the end of a text, with which windows are padded and texts end.
 *
 * @throws FileError  for a tokenizer without one
 */
export function requireEndId({ endId }: Tokenizer, path: string): number {
  if (endId !== undefined) return endId;
  const remedy = 'set eos_token in tokenizer_config.json';
  throw new FileError(path, 'a tokenizer with a token for the end of a text', 'none', remedy);
}

function rolesOf(json: TokenizerJson, files: TokenizerFiles): TokenizerRoles {
  const config = objectIn(files, 'config.json');
  const names = tokenNamesIn(files);
  const added = new Map((json.added_tokens ?? []).map(({ content, id }) => [content, id]));
  const idOf = (name: string | undefined) =>
    name === undefined ? undefined : (added.get(name) ?? tokenId(json, name));
  const role = (idKey: string, nameKey: string, usual: readonly string[]) =>
    idIn(config[idKey]) ?? idOf(nameIn(names[nameKey])) ?? idOf(usual.find((name) => added.has(name)));
  const maskId = role('mask_token_id', 'mask_token', MASK_NAMES);
  const endId = role('eos_token_id', 'eos_token', END_NAMES);
  return { ...(maskId !== undefined && { maskId }), ...(endId !== undefined && { endId }) };
}

function tokenId({ model }: TokenizerJson, name: string): number | undefined {
  const vocab = model?.vocab;
  if (typeof vocab !== 'object' || vocab === null || !Object.hasOwn(vocab, name)) return undefined;
  const id: unknown = (vocab as Readonly<Record<string, unknown>>)[name];
  return typeof id === 'number' ? id : undefined;
}

/** `eos_token_id` may be a list: the first is the one that pads. */
function idIn(value: unknown): number | undefined {
  const id: unknown = Array.isArray(value) ? value[0] : value;
  return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : undefined;
}
