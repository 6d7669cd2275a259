import { type NdArray, sizeOf } from '../base/array.ts';
import { weightFilesOf } from '../checkpoint/weights.ts';
import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { causal } from '../model/attention-pattern.ts';
import { parameterShapes, type TransformerConfig } from '../model/config.ts';
import { llada } from '../model/families/llada.ts';
import { openModel } from '../model/open.ts';
import { isBlockFormat } from '../model/weight-format.ts';
import { generationOf } from '../model-files/read-generation.ts';
import { modelDirectory } from '../model-files/locate.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import type { TrainingOptions } from './options.ts';

/** The model that a run begins with. */
export interface Start {
  readonly isCausal: boolean;
  /** Whether it predicts a token at the position before it. */
  readonly predictsNext: boolean;
  /** Of a model that writes in blocks. */
  readonly blockLength?: number;
  /** See `ModelConfig`. */
  readonly readsWhole?: boolean;
  /** Its network, with a row for every token of the run. */
  readonly transformer: TransformerConfig;
  /** Those of its weights. */
  readonly files: readonly string[];
  /** By LLaDA's names. Tokens that the model didn't have begin as the mean of those that it had. */
  readonly parameters: ReadonlyMap<string, NdArray>;
  /** How it is sampled unless somebody says otherwise. */
  readonly sampling: Partial<FlatSamplingOptions>;
}

/**
 * The model that `from` names.
 *
 * @param vocabularySize  tokens of the run, those of the model first
 * @throws InvalidOptionError  when the run asks for other sizes
 * @throws UnsupportedError    for a network that LLaDA's config.json has no keys for
 */
export async function startFrom(
  options: TrainingOptions,
  vocabularySize: number,
): Promise<Start | undefined> {
  const { from } = options;
  if (from === undefined) return undefined;
  const directory = await modelDirectory(from);
  const { family, config, weights, names, network, format } = await openModel(directory);
  await network.close();
  if (isBlockFormat(format))
    throw new InvalidOptionError('from', `must be a model in floats; this one is stored as ${format}`, from);
  const { transformer } = config;
  requireSizes(options, transformer, from);
  llada.write(config);
  if (names.layer(0).queryKeyValue !== undefined)
    throw new UnsupportedError(
      `${from}: a model with its three projections in one tensor can't be trained on`,
    );

  const known = Math.min((await loadTokenizer(directory)).vocabularySize, transformer.vocabularySize);
  const grown = { ...transformer, vocabularySize: Math.max(transformer.vocabularySize, vocabularySize) };
  // the same tensors in the same order, whatever their names
  const theirs = [...parameterShapes(transformer, names).keys()];
  const parameters = new Map<string, NdArray>();
  for (const [i, [name, shape]] of [...parameterShapes(grown, llada.names)].entries()) {
    const tensor = await weights.read(theirs[i]);
    const hasRowPerToken = name === llada.names.embedding || name === llada.names.head;
    parameters.set(name, hasRowPerToken ? withNewRows(tensor, shape, known, vocabularySize) : tensor);
  }
  return {
    isCausal: transformer.attention === causal,
    blockLength: config.blockLength,
    readsWhole: config.readsWhole,
    predictsNext: transformer.shiftedLogits || transformer.attention === causal,
    transformer: grown,
    files: weightFilesOf(weights),
    parameters,
    sampling: (await generationOf(directory, family.sampling)).defaults,
  };
}

const sizeKeys = ['layers', 'width', 'heads', 'kvHeads', 'hidden'] as const;

/** @throws InvalidOptionError  when the run asks for other sizes than the model has */
export function requireSizes(options: TrainingOptions, transformer: TransformerConfig, from: string): void {
  const require = (key: string, asked: unknown, has: unknown) => {
    if (asked === undefined || asked === has) return;
    const problem = `must be a model with ${key} ${String(asked)}, as the run's options say; it has ${String(has)}`;
    throw new InvalidOptionError('from', problem, from);
  };
  for (const key of sizeKeys) require(key, options[key], transformer[key]);
  require('tied', options.tied, transformer.tiedHead);
}

/**
 * Preferences are compared with those of the model that the run begins with, so its likelihood must be had as it was
 * trained.
 *
 * @throws InvalidOptionError  for another objective or other blocks
 */
export function requireSameLikelihood(
  { objective, block, from }: TrainingOptions,
  { isCausal, blockLength, readsWhole }: Pick<Start, 'isCausal' | 'blockLength' | 'readsWhole'>,
): void {
  if (readsWhole && objective === 'masked-diffusion') return;
  const diffusion = blockLength === undefined ? 'masked-diffusion' : 'block-diffusion';
  const trained = isCausal ? 'autoregressive' : diffusion;
  if (objective !== trained)
    throw new InvalidOptionError(
      'objective',
      `must be ${trained}, as ${from} was trained: it is what preferences are compared with`,
      objective,
    );
  if (!isCausal && block !== blockLength)
    throw new InvalidOptionError('block', `must be ${blockLength}, as ${from} was trained`, block);
}

/** A longer context than this is asked for by name. */
const longestUsual = 1024;

/** The most tokens of a conversation that a model learns to answer, where nobody says how many. */
export async function usualAnswerLength(from: string): Promise<number> {
  const { config, network } = await openModel(await modelDirectory(from));
  await network.close();
  return Math.min(longestUsual, config.transformer.maxLength);
}

/** Rows from `known` to `count` are the mean of those before. */
function withNewRows({ data }: NdArray, shape: readonly number[], known: number, count: number): NdArray {
  const width = shape[1];
  const grown = new Float32Array(sizeOf(shape));
  grown.set(data);
  const mean = new Float64Array(width);
  for (let i = 0; i < known * width; i++) mean[i % width] += data[i] / known;
  for (let row = known; row < count; row++) grown.set(mean, row * width);
  return { shape, data: grown };
}
