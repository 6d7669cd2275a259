import { InvalidOptionError } from '../base/errors.ts';
import { freeMemory } from '../base/free-memory.ts';
import { baseOf } from '../model/adapter-files.ts';
import { type OpenedModel as OpenedNetwork, openModel } from '../model/open.ts';
import type { WeightFormat } from '../model/weight-format.ts';
import type { Device } from '../runtime/device.ts';
import { readTokenizerFiles, withTemplateOf } from '../tokenizer/from-directory.ts';
import { adapterIn, modelDirectory, requireAdapter } from './locate.ts';
import { directoryInFormat } from './quantised-copy.ts';
import { generationOf } from './read-generation.ts';
import { type TextParts, textParts } from './text-parts.ts';
import { chooseWeights, weightedModel } from './weights-choice.ts';

/** How a model is opened. */
export interface LoadOptions {
  /** Default: 'cpu'. */
  readonly device?: Device;
  /**
   * How the weights are kept in memory. Default 'auto': as they are stored, 16 bits widened to 32, or where that doesn't fit into
   * memory, in the largest format that does. For fewer bits than they are stored in, a copy in that format is made once, beside
   * the model (`unmask quantize`), and used from then on.
   */
  readonly weights?: WeightFormat | 'auto';
  /** Bytes of memory that weights and a text may take on the CPU. Default: what is free. */
  readonly memoryBytes?: number;
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
export interface ModelWithTokenizer extends OpenedNetwork, TextParts {
  readonly directory: string;
}

/**
 * Opens a model directory as Hugging Face lays it out, the model in a run of `unmask train`, a GGUF file, or one that was
 * pulled, its weights in the format that is asked for.
 *
 * @throws InvalidOptionError  where its weights don't fit into memory
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
  const {
    device = 'cpu',
    weights = 'auto',
    memoryBytes = freeMemory(),
    note,
    onQuantising,
    signal,
  } = options;
  const stored = await modelDirectory(path, note);
  const changes = adapter === undefined ? undefined : requireAdapter(adapter);
  const published = await openModel(stored, { device, adapter: changes });
  const free = device === 'cpu' ? memoryBytes : Infinity; // that of a GPU is its own
  const { format, reason } = chooseWeights(weightedModel(published), weights, free);
  if (reason !== undefined) note?.(reason);
  // what it can't be kept as is said where it's opened
  const asked =
    weights !== 'auto' ? weights : format === published.format ? undefined : (format as WeightFormat);
  const directory = await directoryInFormat(stored, asked, { onProgress: onQuantising, signal });
  const opened =
    asked === undefined
      ? published
      : await openModel(directory, { device, weights: asked, adapter: changes });
  const files = await readTokenizerFiles(directory);
  // an adapter that learned to answer knows how conversations are written
  const speaking = changes === undefined ? files : await withTemplateOf(files, changes);
  const generation = await generationOf(directory, opened.family.sampling);
  return { ...opened, directory, ...(await textParts(opened.config, { files, speaking, generation })) };
}
