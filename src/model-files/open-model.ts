import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, readJsonObject } from '../checkpoint/json.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { FileError, InvalidOptionError, show } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import { ggufDirectory } from './convert-gguf.ts';
import { cachedModel } from '../hub/cache.ts';
import { parseHubName } from '../hub/name.ts';
import { hubSettings } from '../hub/settings.ts';
import type { Device } from '../runtime/device.ts';
import type { WeightFormat } from '../model/weight-format.ts';
import { causal } from '../model/attention-pattern.ts';
import { adapterConfigName } from '../model/adapter-config.ts';
import { baseOf, isAdapter } from '../model/adapter-files.ts';
import type { ModelConfig } from '../model/families/family.ts';
import { samplingIn, type SamplingKeys } from '../model/families/generation-config.ts';
import { type OpenedModel as OpenedNetwork, openModel } from '../model/open.ts';
import { checkOptions } from '../base/options.ts';
import { directoryInFormat } from './quantised-copy.ts';
import { type FlatSamplingOptions, samplingSchema } from '../sampling/options.ts';
import { type ChatTemplate, chatTemplateOf } from '../tokenizer/chat-template.ts';
import { readTokenizerFiles, withTemplateOf } from '../tokenizer/files.ts';
import { requireMaskId, tokenizerOf } from '../tokenizer/load.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** How a model is opened. */
export interface LoadOptions {
  /** Default: 'cpu'. */
  readonly device?: Device;
  /**
   * How the weights are kept in memory. Default: as they are stored, and 16 bits widened to 32. For fewer bits than they
   * are stored in, a copy in that format is made once, beside the model (`unmask quantize`), and used from then on.
   */
  readonly weights?: WeightFormat;
  /** The directory of an adapter (LoRA) that changes the model, or a run of `unmask finetune --lora-rank`. */
  readonly adapter?: string;
  /** Is told how many of the numbers have been read while such a copy is made. */
  readonly onQuantising?: (done: number, total: number) => void;
  /** Ends the making of the copy. */
  readonly signal?: AbortSignal;
  /** Is told what takes long: the weights of a GGUF file being written the first time. */
  readonly note?: (text: string) => void;
}

const shipped = (name: string): string => join(packageRoot(), 'models', name);

/** The directories of the models that ship: one that writes stories, one that answers, one that fills holes in TypeScript. */
export const shippedModels = {
  stories: shipped('stories'),
  talk: shipped('talk'),
  typescript: shipped('typescript'),
} as const;

/** The one of them that is taken where none is named. */
export const shippedModel: string = shippedModels.stories;

/** A causal model of others that ships too, to judge what is written: `models/judge/README.md`. */
export const shippedJudge: string = shipped('judge');

/** A model directory with all that writing and scoring need, checked; no weight has been read. */
export interface ModelWithTokenizer extends OpenedNetwork {
  readonly directory: string;
  readonly tokenizer: Tokenizer;
  /** Of a model that needs no mask token, and has none: the first id beyond its vocabulary. */
  readonly maskId: number;
  /** What its network sees there, where that isn't [MASK]: any token. */
  readonly noise?: 'uniform';
  /** How conversations are written, if the model was made for them. */
  readonly chatTemplate?: ChatTemplate;
  /** Tokens that end a text, see `textEnds`. */
  readonly endIds: readonly number[];
  /** What a causal network reads before every text, if it was trained so. */
  readonly startId?: number;
  /** It was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  /** How it is sampled unless somebody says otherwise, as generation_config.json has it. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** What generation_config.json asks of sampling that can't be done. */
  readonly unsupported: readonly string[];
}

/**
 * Opens a model directory as Hugging Face lays it out, the model in a run of `unmask train`, a GGUF file, or one that was
 * pulled, its weights in the format that is asked for.
 *
 * @throws FileError         when something is missing or damaged, or config, tensors and tokenizer disagree
 * @throws UnsupportedError  for another family, or an option of it that isn't supported
 */
export async function openModelWithTokenizer(
  path: string,
  { adapter, ...options }: LoadOptions = {},
): Promise<ModelWithTokenizer> {
  const itself = adapterIn(path);
  if (itself !== undefined) {
    if (adapter === undefined)
      return openModelWithTokenizer(await baseOf(itself), { ...options, adapter: itself });
    throw new InvalidOptionError('adapter', `must be left out, ${path} being an adapter itself`, adapter);
  }
  const { device, weights, note, onQuantising, signal } = options;
  const stored = await modelDirectory(path, note);
  const directory = await directoryInFormat(stored, weights, { onProgress: onQuantising, signal });
  const changes = adapter === undefined ? undefined : requireAdapter(adapter);
  const opened = await openModel(directory, { device, weights, adapter: changes });
  const files = await readTokenizerFiles(directory);
  const tokenizer = tokenizerOf(files);
  // an adapter that learned to answer knows how conversations are written
  const speaking = changes === undefined ? files : await withTemplateOf(files, changes);
  const chatTemplate = chatTemplateOf(speaking, tokenizer, () => new Date());
  const generation = await generationOf(directory, opened.family.sampling);
  const endIds = textEnds(tokenizer, generation, opened.config);
  const { attention, vocabularySize: rows } = opened.config.transformer;
  for (const id of [tokenizer.maskId ?? [], endIds].flat()) {
    if (id >= rows)
      throw new FileError(tokenizer.path, `special tokens below ${rows}, the rows of the embedding`, `${id}`);
  }
  const { startId, blockLength, noise, sampling } = opened.config;
  const isMaskless = attention === causal || noise === 'uniform';
  const maskId = isMaskless ? (tokenizer.maskId ?? rows) : requireMaskId(tokenizer, tokenizer.path);
  return {
    ...opened,
    directory,
    tokenizer,
    chatTemplate,
    maskId,
    noise,
    endIds,
    startId,
    blockLength,
    defaults: { ...sampling, ...generation.defaults },
    unsupported: generation.unsupported,
  };
}

/** The directory of an adapter that a path leads to: itself, or `model/` in it for a run; none where a model is. */
export function adapterIn(path: string): string | undefined {
  return [path, join(path, 'model')].find(
    (directory) => isAdapter(directory) && !existsSync(join(directory, 'config.json')),
  );
}

/** The directory of an adapter, or of the one in a run. @throws FileError  when there is none */
export function requireAdapter(path: string): string {
  const directory = adapterIn(path);
  if (directory !== undefined) return directory;
  throw new FileError(path, `an adapter, with an ${adapterConfigName}`, 'none', 'check the path');
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
  if (adapterIn(path) !== undefined)
    throw new FileError(path, 'a model directory', 'an adapter', 'name its model, or merge the two first');
  const found = existsSync(path) ? 'none' : 'nothing there';
  throw new FileError(
    path,
    'a model directory with a config.json, or a GGUF file',
    found,
    'check the path, or make one with unmask train',
  );
}

/** Tokens that end a text: the tokenizer's, and those of generation_config.json, or of config.json where that names none. */
export function textEnds(
  tokenizer: Pick<Tokenizer, 'endId'> | undefined,
  generation: Pick<GenerationDefaults, 'endIds'> | undefined,
  config: ModelConfig | undefined,
): readonly number[] {
  const named = generation?.endIds.length ? generation.endIds : (config?.endIds ?? []);
  return [...new Set([tokenizer?.endId ?? [], named].flat())];
}

/** What generation_config.json says. */
export interface GenerationDefaults {
  readonly endIds: readonly number[];
  /** How the model is sampled unless somebody says otherwise. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** What it asks of its family's sampler that ours can't do, each as "key is value". */
  readonly unsupported: readonly string[];
}

/**
 * What generation_config.json says, where there is one: the keys of the family's own sampler, and before them
 * `unmask_sampling`, in which options have our names.
 */
export async function generationOf(directory: string, keys: SamplingKeys = {}): Promise<GenerationDefaults> {
  const path = join(directory, 'generation_config.json');
  if (!existsSync(path)) return { endIds: [], defaults: {}, unsupported: [] };
  const json = await readJsonObject(await resolveInside(directory, 'generation_config.json'));
  const { eos_token_id: ends, unmask_sampling: ours = {} } = json;
  const endIds = [ends].flat().filter((id) => Number.isSafeInteger(id)) as number[];
  if (!isObject(ours)) throw new FileError(path, 'unmask_sampling to be an object', show(ours));
  const { options, unsupported } = samplingIn(keys, json);
  const defaults = { ...options, ...ours };
  try {
    checkOptions(samplingSchema, defaults);
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError)) throw cause;
    throw new FileError(path, 'options of sampling', cause.message, undefined, { cause });
  }
  return { endIds, defaults, unsupported };
}
