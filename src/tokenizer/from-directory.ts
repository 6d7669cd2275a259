import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { readWhole } from '../checkpoint/read-whole.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import {
  chatTemplateName,
  type TokenizerFileName,
  tokenizerFileNames,
  type TokenizerFiles,
} from './files.ts';
import { type LoadedTokenizer, tokenizerOf } from './load.ts';

/** As `tokenizerOf`, from a model directory or a `tokenizer.json` by itself. @throws FileError  as it does */
export async function loadTokenizer(path: string): Promise<LoadedTokenizer> {
  return tokenizerOf(await readTokenizerFiles(path));
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
  for (const name of tokenizerFileNames)
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
  const bytes = await readWhole(path, LARGEST_FILE, 'bytes of text');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'text in UTF-8', 'other bytes', undefined, { cause });
  }
}
