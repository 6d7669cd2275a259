import { FileError, InvalidOptionError } from '../base/errors.ts';
import { causal } from '../model/attention-pattern.ts';
import { baseOf } from '../model/adapter-files.ts';
import { type OpenedModel as OpenedNetwork, openModel } from '../model/open.ts';
import type { WeightFormat } from '../model/weight-format.ts';
import type { Device } from '../runtime/device.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import { type ChatTemplate, chatTemplateOf } from '../tokenizer/chat-template.ts';
import { readTokenizerFiles, withTemplateOf } from '../tokenizer/files.ts';
import { requireMaskId, tokenizerOf } from '../tokenizer/load.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { generationOf, textEnds } from './generation-defaults.ts';
import { adapterIn, modelDirectory, requireAdapter } from './locate.ts';
import { directoryInFormat } from './quantised-copy.ts';

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
