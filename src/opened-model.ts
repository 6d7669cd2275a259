import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson } from './checkpoint/directory.ts';
import { FileError } from './errors.ts';
import type { LoadOptions } from './language-model.ts';
import { type OpenedModel as OpenedNetwork, openModel } from './model/open.ts';
import { loadTokenizer, requireMaskId } from './tokenizer/load.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** The directory of the model that ships. */
export const shippedModel: string = fileURLToPath(new URL('../../models/stories', import.meta.url));

/** A model directory with all that writing and scoring need, checked; no weight has been read. */
export interface OpenedModel extends OpenedNetwork {
  readonly directory: string;
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  /** Tokens that end a text: the tokenizer's, and those of generation_config.json. */
  readonly endIds: readonly number[];
}

/**
 * Opens a model directory as Hugging Face lays it out, or the model in a run of `unmask train`.
 *
 * @throws FileError         when something is missing or damaged, or config, tensors and tokenizer disagree
 * @throws UnsupportedError  for another family, or an option of it that isn't supported
 */
export async function openModelWithTokenizer(path: string, options: LoadOptions = {}): Promise<OpenedModel> {
  const directory = modelDirectory(path);
  const opened = await openModel(directory, options);
  const tokenizer = loadTokenizer(directory);
  const maskId = requireMaskId(tokenizer, tokenizer.path);
  const endIds = await endIdsOf(directory, tokenizer);
  const rows = opened.config.transformer.vocabularySize;
  for (const id of [maskId, ...endIds]) {
    if (id >= rows)
      throw new FileError(tokenizer.path, `special tokens below ${rows}, the rows of the embedding`, `${id}`);
  }
  return { ...opened, directory, tokenizer, maskId, endIds };
}

/** A run of `unmask train` keeps its model in a directory of its own. */
function modelDirectory(path: string): string {
  if (existsSync(join(path, 'config.json'))) return path;
  if (existsSync(join(path, 'model', 'config.json'))) return join(path, 'model');
  const found = existsSync(path) ? 'none' : 'nothing there';
  throw new FileError(
    path,
    'a model directory with a config.json',
    found,
    'check the path, or make one with unmask train',
  );
}

async function endIdsOf(directory: string, { endId }: Tokenizer): Promise<number[]> {
  const path = join(directory, 'generation_config.json');
  const json = existsSync(path) ? ((await readJson(path)) as { eos_token_id?: unknown } | null) : undefined;
  const ids = [endId, json?.eos_token_id].flat().filter((id) => Number.isSafeInteger(id)) as number[];
  return [...new Set(ids)];
}
