import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject, readJsonObject } from './checkpoint/json.ts';
import { FileError, InvalidOptionError, show } from './errors.ts';
import { ggufDirectory } from './gguf.ts';
import { cachedModel } from './hub/cache.ts';
import { parseHubName } from './hub/name.ts';
import { hubSettings } from './hub/settings.ts';
import type { LoadOptions } from './language-model.ts';
import { causal } from './model/attention-pattern.ts';
import { type OpenedModel as OpenedNetwork, openModel } from './model/open.ts';
import { checkOptions } from './options.ts';
import { type SamplingOptions, samplingSchema } from './sampling/options.ts';
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
  /** It was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  /** How it is sampled unless somebody says otherwise: `unmask_sampling` of generation_config.json. */
  readonly defaults: Partial<SamplingOptions>;
}

/**
 * Opens a model directory as Hugging Face lays it out, the model in a run of `unmask train`, a GGUF file, or one that was
 * pulled.
 *
 * @throws FileError         when something is missing or damaged, or config, tensors and tokenizer disagree
 * @throws UnsupportedError  for another family, or an option of it that isn't supported
 */
export async function openModelWithTokenizer(path: string, options: LoadOptions = {}): Promise<OpenedModel> {
  const directory = await modelDirectory(path, options.note);
  const opened = await openModel(directory, options);
  const tokenizer = loadTokenizer(directory);
  const generation = await generationOf(directory);
  const endIds = [...new Set([tokenizer.endId ?? [], generation.endIds].flat())];
  const { vocabularySize: rows, attention } = opened.config.transformer;
  const unwritten = attention === causal ? neverWritten(tokenizer, endIds, rows) : undefined;
  const maskId = tokenizer.maskId ?? unwritten ?? requireMaskId(tokenizer, tokenizer.path);
  for (const id of [maskId, ...endIds]) {
    if (id >= rows)
      throw new FileError(tokenizer.path, `special tokens below ${rows}, the rows of the embedding`, `${id}`);
  }
  const { blockLength } = opened.config;
  return { ...opened, directory, tokenizer, maskId, endIds, blockLength, defaults: generation.defaults };
}

/**
 * What stands in a canvas where a causal model hasn't written yet, which it never reads: a row of the embedding that is no
 * token, or else a special token that ends nothing.
 */
function neverWritten(tokenizer: Tokenizer, endIds: readonly number[], rows: number): number | undefined {
  if (tokenizer.vocabularySize < rows) return tokenizer.vocabularySize;
  return [...tokenizer.specialTokens.values()].find((id) => !endIds.includes(id));
}

/** Whether a path leads to a file, which is then one of llama.cpp, and not to a directory. */
export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

/**
 * The directory of a model: the path itself, `model/` in it for a run of `unmask train`, what a GGUF file becomes, or the
 * snapshot of `org/name` in the hub's cache where no such path exists. Nothing is downloaded: only `unmask pull` does that.
 *
 * @param note  is told what takes long
 * @throws FileError  when there is no model; it says how to get one
 */
export async function modelDirectory(path: string, note?: (text: string) => void): Promise<string> {
  if (isFile(path)) return ggufDirectory(path, note);
  if (existsSync(join(path, 'config.json'))) return path;
  if (existsSync(join(path, 'model', 'config.json'))) return join(path, 'model');
  const name = existsSync(path) ? undefined : parseHubName(path);
  if (name) return cachedModel(name, hubSettings(process.env));
  const found = existsSync(path) ? 'none' : 'nothing there';
  throw new FileError(
    path,
    'a model directory with a config.json, or a GGUF file',
    found,
    'check the path, or make one with unmask train',
  );
}

/** What generation_config.json says, where there is one. */
export async function generationOf(
  directory: string,
): Promise<{ endIds: readonly number[]; defaults: Partial<SamplingOptions> }> {
  const path = join(directory, 'generation_config.json');
  if (!existsSync(path)) return { endIds: [], defaults: {} };
  const { eos_token_id: ends, unmask_sampling: sampling } = await readJsonObject(path);
  const endIds = [ends].flat().filter((id) => Number.isSafeInteger(id)) as number[];
  if (sampling === undefined) return { endIds, defaults: {} };
  if (!isObject(sampling)) throw new FileError(path, 'unmask_sampling to be an object', show(sampling));
  try {
    checkOptions(samplingSchema, sampling);
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError)) throw cause;
    throw new FileError(path, 'options of sampling', cause.message, undefined, { cause });
  }
  return { endIds, defaults: { ...sampling } };
}
