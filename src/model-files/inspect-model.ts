import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf } from '../base/array.ts';
import { readModelConfig } from '../checkpoint/directory.ts';
import { isObject } from '../base/is-object.ts';
import { readJsonObject } from '../checkpoint/read-json.ts';
import { openGguf } from '../checkpoint/gguf/file.ts';
import { inPlaceDirectory } from '../checkpoint/gguf/in-place.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { openWeights } from '../checkpoint/open-weights.ts';
import { FileError, InvalidOptionError, show, UnsupportedError } from '../base/errors.ts';
import { aboutOf } from './about.ts';
import { licenceOf } from './licence.ts';
import { adapterFacts, type AdapterFacts, baseOf } from '../model/adapter-files.ts';
import { causal } from '../model/attention-pattern.ts';
import { parameterTotal, type TransformerConfig } from '../model/config.ts';
import { ggufModel } from '../model/gguf/model.ts';
import { familyOf } from '../model/families/families.ts';
import { samplingMemory, type SamplingMemory } from '../model/sampling-memory.ts';
import {
  chooseWeights,
  weightedGguf,
  type WeightedModel,
  weightedModel,
  type WeightsChoice,
  type WeightsMemory,
  weightsMemory,
} from './weights-choice.ts';
import { freeMemory } from '../base/free-memory.ts';
import { openModelWithTokenizer } from './open-model.ts';
import { textEnds } from './generation-defaults.ts';
import type { MeasuredPreset } from './presets.ts';
import { generationOf } from './read-generation.ts';
import { adapterIn, modelDirectory, modelFile } from './locate.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import { chatTemplateName } from '../tokenizer/files.ts';
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';

/** How a model was trained, as its training.json says. */
export interface TrainingFacts {
  readonly objective?: string;
  readonly learn?: string;
  readonly step: number;
  readonly tokens: number;
  /** Whether its run was done with it. */
  readonly final: boolean;
  /** What held-out text costs it: a bound in nats a token, with its standard error and in bits a byte. */
  readonly validation?: {
    readonly natsPerToken: number;
    readonly standardError?: number;
    readonly bitsPerByte?: number;
  };
}

/** What a model says of itself; what can't be known of it is absent. */
export interface Inspection {
  readonly path: string;
  /** Of a GGUF file. */
  readonly gguf?: {
    readonly version: number;
    readonly architecture?: string;
    readonly name?: string;
    /** The model directory beside it that it becomes when it's first run; weights stay in the file. */
    readonly directory: string;
  };
  /** As config.json's `architectures` names it. */
  readonly family?: string;
  readonly attention?: 'causal' | 'bidirectional' | 'block-causal';
  /** Positions of a block, where attention is block-causal. */
  readonly blockLength?: number;
  readonly parameters?: number;
  /** Those that one token goes through, of a mixture of experts. */
  readonly activeParameters?: number;
  /** Bytes of weights by the type that they are stored in. */
  readonly dtypes?: Readonly<Record<string, number>>;
  readonly weightBytes?: number;
  /** Bytes that the weights take while the model runs, for each value that `weights` of `load` may have. */
  readonly memoryBytes?: WeightsMemory;
  /** Those that `weights: 'auto'` takes with the memory that is free now. */
  readonly chosenWeights?: WeightsChoice;
  /** What a text takes beside them, about. */
  readonly samplingMemory?: SamplingMemory;
  /** What is laid over it, where the path is an adapter's. */
  readonly adapter?: AdapterFacts;
  /** What a run of `unmask train` wrote down of it. */
  readonly training?: TrainingFacts;
  /** What it is, in the first sentences of its card. */
  readonly about?: string;
  /** As its files name it. */
  readonly licence?: string;
  readonly maskId?: number;
  readonly maskToken?: string;
  readonly endIds: readonly number[];
  readonly endTokens: readonly (string | undefined)[];
  /** The file that the chat template is in. */
  readonly chatTemplate?: string;
  /** Longest sequence, in tokens. */
  readonly maxLength?: number;
  readonly config?: Omit<TransformerConfig, 'attention'>;
  /** How it's sampled unless somebody says otherwise. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** Ways to write that were measured. */
  readonly presets?: readonly MeasuredPreset[];
  /** What generation_config.json asks of sampling that can't be done. */
  readonly unsupportedSampling: readonly string[];
  readonly tensors?: readonly { name: string; dtype: string; shape: readonly number[] }[];
  /** Why it can't be run here, a sentence each; none when it can. */
  readonly problems: readonly string[];
}

/**
 * Looks at a model, also at one that can't be run here. No weight is read and nothing is written.
 *
 * @param path     as `load` takes it
 * @param tensors  whether they are to be listed
 * @throws FileError  when there is no config.json or GGUF header that can be read; everything else is in `problems`
 */
export async function inspectModel(path: string, { tensors = false } = {}): Promise<Inspection> {
  const file = await modelFile(path);
  if (file !== undefined) return inspectGguf(file, tensors);
  const adapter = adapterIn(path);
  if (adapter !== undefined) return inspectAdapter(adapter, tensors);
  const directory = await modelDirectory(path);
  const { path: configPath, config: json } = await readModelConfig(directory);

  const { attempt, problems } = attempts();
  const opened = await attempt(() => openModelWithTokenizer(directory, { memoryBytes: Infinity }));
  const family = opened?.family ?? (await attempt(() => familyOf(json, configPath)));
  const config = opened?.config ?? (family && (await attempt(() => family.read(json, configPath))));
  const weights = opened?.weights ?? (await attempt(() => openWeights(directory)));
  const tokenizer = opened?.tokenizer ?? (await attempt(() => loadTokenizer(directory)));
  const generation = opened ?? (await attempt(() => generationOf(directory, family?.sampling)));
  await opened?.network.close();

  const { attention, ...numbers }: Partial<TransformerConfig> = config?.transformer ?? {};
  const blockLength = config?.blockLength;
  const isBlockCausal = blockLength !== undefined && !config?.readsWhole;
  const parameters = opened
    ? parameterTotal(opened.config.transformer, opened.names)
    : weights && parametersIn(weights.entries);
  const maskId = tokenizer?.maskId ?? config?.maskId;
  const endIds = opened?.endIds ?? textEnds(tokenizer, generation, config);
  const tokenOf = new Map(Array.from(tokenizer?.specialTokens ?? [], ([token, id]) => [id, token]));
  return {
    path: directory,
    family: [json.architectures].flat().find((name) => typeof name === 'string'),
    attention:
      attention && (attention === causal ? 'causal' : isBlockCausal ? 'block-causal' : 'bidirectional'),
    blockLength,
    parameters,
    activeParameters: parameters === undefined ? undefined : activeOf(parameters, numbers),
    dtypes: weights && bytesByType(weights.entries),
    weightBytes: weights?.totalBytes,
    ...(opened && (await attempt(() => runsAs(weightedModel(opened))))),
    samplingMemory: config && samplingMemory(config.transformer),
    training: await trainingIn(directory),
    about: await aboutOf(directory),
    licence: await licenceOf(directory),
    maskId,
    maskToken: maskId === undefined ? undefined : tokenOf.get(maskId),
    endIds,
    endTokens: endIds.map((id) => tokenOf.get(id)),
    chatTemplate: await attempt(() => chatTemplateIn(directory)),
    maxLength: numbers.maxLength ?? lengthIn(json),
    config: config && (numbers as Omit<TransformerConfig, 'attention'>),
    defaults: generation?.defaults ?? {},
    ...(generation?.presets.length && { presets: generation.presets }),
    unsupportedSampling: generation?.unsupported ?? [],
    tensors: tensors && weights ? tensorsIn(weights.entries) : undefined,
    problems: [...problems],
  };
}

/** The record that a run of training left beside a model; nothing where it can't be read. */
async function trainingIn(directory: string): Promise<TrainingFacts | undefined> {
  const path = await resolveInside(directory, 'training.json').catch(() => undefined);
  const record = path === undefined ? undefined : await readJsonObject(path).catch(() => undefined);
  const { step, tokens, final, validation, options } = record ?? {};
  if (typeof step !== 'number' || typeof tokens !== 'number') return undefined;
  const { objective, learn } = isObject(options) ? options : {};
  const cost = isObject(validation) && typeof validation.natsPerToken === 'number' ? validation : undefined;
  return {
    ...(typeof objective === 'string' && { objective }),
    ...(typeof learn === 'string' && { learn }),
    step,
    tokens,
    final: final === true,
    ...(cost && {
      validation: {
        natsPerToken: Number(cost.natsPerToken),
        ...(typeof cost.standardError === 'number' && { standardError: cost.standardError }),
        ...(typeof cost.bitsPerByte === 'number' && { bitsPerByte: cost.bitsPerByte }),
      },
    }),
  };
}

/** The model that an adapter is of, with it. */
async function inspectAdapter(directory: string, tensors: boolean): Promise<Inspection> {
  const named = await baseOf(directory);
  // perhaps of itself
  if (adapterIn(named) !== undefined)
    throw new FileError(directory, 'an adapter of a model', `one of the adapter ${show(named)}`);
  const base = await inspectModel(named, { tensors });
  const { attempt, problems } = attempts();
  const adapter = await attempt(() => adapterFacts(directory));
  if (base.problems.length === 0)
    await (
      await attempt(() => openModelWithTokenizer(directory, { memoryBytes: Infinity }))
    )?.network.close();
  return {
    ...base,
    adapter,
    chatTemplate: (await attempt(() => chatTemplateIn(directory))) ?? base.chatTemplate,
    problems: [...base.problems, ...problems],
  };
}

async function inspectGguf(path: string, tensors: boolean): Promise<Inspection> {
  const file = await openGguf(path);
  const { attempt, problems } = attempts();
  const model = await attempt(() => ggufModel(file));
  const tokenizer = await attempt(() => tokenizerFromGguf(file.metadata, path));

  const { attention, ...numbers }: Partial<TransformerConfig> = model?.config.transformer ?? {};
  const stored: Stored = new Map(
    Array.from(file.tensors, ([name, tensor]) => [name, { ...tensor, dtype: tensor.type.name }]),
  );
  const parameters = parametersIn(stored);
  const maskId = model?.config.maskId;
  const endIds = tokenizer?.endIds ?? [];
  const tokenOf = new Map(tokenizer?.json.added_tokens.map(({ content, id }) => [id, content]));
  const text = (key: string): string | undefined => {
    const value = file.metadata.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    path,
    gguf: {
      version: file.version,
      architecture: text('general.architecture'),
      name: text('general.name'),
      directory: inPlaceDirectory(path),
    },
    family: model?.family.architecture,
    attention: attention && (attention === causal ? 'causal' : 'bidirectional'),
    parameters,
    activeParameters: activeOf(parameters, numbers),
    dtypes: bytesByType(stored),
    weightBytes: Array.from(stored.values(), ({ byteLength }) => byteLength).reduce((a, b) => a + b, 0),
    ...(model && (await attempt(() => runsAs(weightedGguf(model))))),
    samplingMemory: model && samplingMemory(model.config.transformer),
    licence: text('general.license'),
    maskId,
    maskToken: maskId === undefined ? undefined : tokenOf.get(maskId),
    endIds,
    endTokens: endIds.map((id) => tokenOf.get(id)),
    chatTemplate: text('tokenizer.chat_template') === undefined ? undefined : 'the file',
    maxLength: numbers.maxLength,
    config: model && (numbers as Omit<TransformerConfig, 'attention'>),
    defaults: {},
    unsupportedSampling: [],
    tensors: tensors ? tensorsIn(stored) : undefined,
    problems: [...problems],
  };
}

/** Tries each part by itself, so that one that is missing or unsupported doesn't hide the others. */
function attempts() {
  const problems = new Set<string>();
  const attempt = async <T>(part: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await part();
    } catch (error) {
      problems.add(mistake(error));
      return undefined;
    }
  };
  return { attempt, problems };
}

/** Tensors by name. */
type Stored = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly dtype: string; readonly byteLength: number }
>;

/** What a person can do something about. @throws the error, when it's a bug */
function mistake(error: unknown): string {
  const isMistake = [FileError, UnsupportedError, InvalidOptionError].some((kind) => error instanceof kind);
  if (!isMistake) throw error;
  return (error as Error).message;
}

const parametersIn = (entries: Stored): number =>
  Array.from(entries.values(), ({ shape }) => sizeOf(shape)).reduce((sum, size) => sum + size, 0);

/** The parameters less those of the experts that a token doesn't go to. */
function activeOf(
  parameters: number,
  { width = 0, mixture }: Partial<TransformerConfig>,
): number | undefined {
  if (!mixture) return undefined;
  const { layers, experts, chosen, hidden } = mixture;
  // an expert is a SwiGLU of three matrices
  return parameters - layers.filter(Boolean).length * (experts - chosen) * 3 * hidden * width;
}

/** What weights take, and which are chosen; why none are is a problem. */
function runsAs(model: WeightedModel): Pick<Inspection, 'memoryBytes' | 'chosenWeights'> {
  return { memoryBytes: weightsMemory(model), chosenWeights: chooseWeights(model, 'auto', freeMemory()) };
}

function bytesByType(entries: Stored): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const { dtype, byteLength } of entries.values()) bytes[dtype] = (bytes[dtype] ?? 0) + byteLength;
  return bytes;
}

const tensorsIn = (entries: Stored): Inspection['tensors'] =>
  Array.from(entries, ([name, { dtype, shape }]) => ({ name, dtype, shape }));

/** The longest sequence by the usual keys, of a config.json that is of no family that we have. */
const lengthIn = (json: Readonly<Record<string, unknown>>): number | undefined =>
  [json.max_position_embeddings, json.max_sequence_length].find((length) => typeof length === 'number');

async function chatTemplateIn(directory: string): Promise<string | undefined> {
  const files = [chatTemplateName, 'chat_template.json'];
  const own = files.find((name) => existsSync(join(directory, name)));
  const path = join(directory, 'tokenizer_config.json');
  if (own !== undefined || !existsSync(path)) return own;
  const { chat_template: template } = await readJsonObject(
    await resolveInside(directory, 'tokenizer_config.json'),
  );
  const isThere = typeof template === 'string' || (Array.isArray(template) && template.some(isObject));
  return isThere ? 'tokenizer_config.json' : undefined;
}
