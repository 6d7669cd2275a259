import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { FileError } from '../base/errors.ts';

export const chatTemplateName = 'chat_template.jinja';

/** All that a model directory may say of its tokenizer and its chat template. Nothing else is ever opened. */
const FILES = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  chatTemplateName,
  'chat_template.json',
  'config.json',
] as const;

export type TokenizerFileName = (typeof FILES)[number];

/** The files of a tokenizer that are there, as text. */
export interface TokenizerFiles {
  readonly directory: string;
  readonly texts: ReadonlyMap<TokenizerFileName, string>;
}

/** Real ones are up to 35 MB. */
const LARGEST_FILE = 2 ** 28;

/**
 * Reads the files of a model directory's tokenizer, or those that lie beside a `tokenizer.json`.
 *
 * @throws FileError  where nothing is there, or a file is a link out of the directory, or too large, or not UTF-8
 */
export async function readTokenizerFiles(path: string): Promise<TokenizerFiles> {
  if (!existsSync(path))
    throw new FileError(path, 'a tokenizer', 'no such file', 'name a model directory or a tokenizer.json');
  const isDirectory = statSync(path).isDirectory();
  const directory = isDirectory ? path : dirname(path);
  const texts = new Map<TokenizerFileName, string>();
  if (!isDirectory)
    texts.set('tokenizer.json', await readText(await resolveInside(directory, basename(path))));
  for (const name of FILES)
    if (!texts.has(name) && existsSync(join(directory, name)))
      texts.set(name, await readText(await resolveInside(directory, name)));
  return { directory, texts };
}

/** Of files and of a directory what says how conversations are written: the directory's own template where it has one. */
export async function withTemplateOf(files: TokenizerFiles, directory: string): Promise<TokenizerFiles> {
  if (!existsSync(join(directory, chatTemplateName))) return files;
  const template = await readText(await resolveInside(directory, chatTemplateName));
  return { directory, texts: new Map([...files.texts, [chatTemplateName, template]]) };
}

async function readText(path: string): Promise<string> {
  const { size } = statSync(path);
  if (size > LARGEST_FILE)
    throw new FileError(path, `at most ${LARGEST_FILE} bytes of text`, `${size} bytes`);
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'text in UTF-8', 'other bytes', undefined, { cause });
  }
}

/** The object in one of the files, without a prototype; empty where the file is absent. */
export function objectIn(
  { directory, texts }: TokenizerFiles,
  name: TokenizerFileName,
): Readonly<Record<string, unknown>> {
  const text = texts.get(name);
  const empty = Object.create(null) as Readonly<Record<string, unknown>>;
  if (text === undefined) return empty;
  const path = join(directory, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, 'JSON', why, 'the file is damaged: download or make it again', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FileError(path, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
  return Object.assign(empty, value);
}
