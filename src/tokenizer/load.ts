import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileError } from '../errors.ts';
import { tokenizerFromJson, type TokenizerRoles } from './from-json.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer with the file that it came from. */
export interface LoadedTokenizer extends Tokenizer {
  readonly path: string;
  readonly json: TokenizerJson;
  /** SHA-256 of the file: two tokenizers of one fingerprint give the same ids. */
  readonly fingerprint: string;
}

/** Real ones are up to 35 MB. */
const LARGEST_FILE = 2 ** 28;

/** What published models call their mask, where no file says so. */
const MASK_NAMES = ['<|mask|>', '[MASK]', '<|mdm_mask|>', '<mask>', '<|MASK|>'];
const END_NAMES = ['<|endoftext|>', '</s>', '<|end_of_text|>', '[SEP]'];

/**
 * The tokenizer of a model directory, or of a `tokenizer.json` by itself.
 *
 * The mask and the end of a text are, in this order: `mask_token_id` and `eos_token_id` of `config.json`,
 * `mask_token` and `eos_token` of `tokenizer_config.json` or `special_tokens_map.json`, a special token of a usual name.
 *
 * @throws FileError  where a file is missing or damaged
 */
export function loadTokenizer(path: string): LoadedTokenizer {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'tokenizer.json') : path;
  const text = readText(file);
  const json = parse(file, text) as unknown as TokenizerJson;
  const directory = dirname(file);
  try {
    const roles = rolesOf(json, directory);
    const tokenizer = tokenizerFromJson(json, roles);
    return { ...tokenizer, path: file, json, fingerprint: createHash('sha256').update(text).digest('hex') };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof FileError) throw error;
    throw new FileError(
      file,
      'a tokenizer.json of Hugging Face',
      error.message,
      'download or make it again',
      { cause: error },
    );
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

function rolesOf(json: TokenizerJson, directory: string): TokenizerRoles {
  const config = readOptional(join(directory, 'config.json'));
  const names = {
    ...readOptional(join(directory, 'special_tokens_map.json')),
    ...readOptional(join(directory, 'tokenizer_config.json')),
  };
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

/** A token is named by a string or by an object that describes it. */
function nameIn(value: unknown): string | undefined {
  const name =
    typeof value === 'object' && value !== null && 'content' in value ? (value.content as unknown) : value;
  return typeof name === 'string' ? name : undefined;
}

function readOptional(file: string): Readonly<Record<string, unknown>> {
  return existsSync(file) ? parse(file, readText(file)) : {};
}

function readText(file: string): string {
  let size: number;
  try {
    size = statSync(file).size;
  } catch (error) {
    throw new FileError(file, 'a tokenizer', 'no such file', 'name a model directory or a tokenizer.json', {
      cause: error,
    });
  }
  if (size > LARGEST_FILE)
    throw new FileError(file, `at most ${LARGEST_FILE} bytes of JSON`, `${size} bytes`);
  return readFileSync(file, 'utf8');
}

function parse(file: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FileError(
      file,
      'JSON',
      error instanceof Error ? error.message : String(error),
      'the file is damaged: download or make it again',
      { cause: error },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError(file, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
  return value as Readonly<Record<string, unknown>>;
}
