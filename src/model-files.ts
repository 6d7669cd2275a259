import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson, readModelConfig } from './checkpoint/directory.ts';
import { openWeights, type Weights } from './checkpoint/weights.ts';
import { FileError, show, UnsupportedError } from './errors.ts';
import { parameterShapes } from './model/config.ts';
import type { Family, ModelConfig } from './model/families/family.ts';
import { llada } from './model/families/llada.ts';
import type { StoredWeights } from './model/network.ts';
import { tokenizerFromJson } from './tokenizer/from-json.ts';
import type { TokenizerJson } from './tokenizer/tokenizer-json.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** The directory of the model that ships. */
export const shippedModel: string = fileURLToPath(new URL('../../models/stories', import.meta.url));

/** The families that can be loaded, as config.json's `architectures` names them. */
const families: readonly Family[] = [llada];

/** A model directory that was found right: config and tensors agree. No tensor has been read. */
export interface ModelFiles {
  readonly directory: string;
  readonly family: Family;
  readonly config: ModelConfig;
  readonly weights: Weights;
  /** Tokens that end a text, by config.json and generation_config.json. */
  readonly endIds: readonly number[];
}

/**
 * Opens a model directory, or the model in a run of `unmask train`.
 *
 * @throws FileError         when something is missing or damaged, or config and tensors disagree
 * @throws UnsupportedError  for a family that isn't known
 */
export async function openModelFiles(path: string): Promise<ModelFiles> {
  const directory = modelDirectory(path);
  const { path: configPath, config: json } = await readModelConfig(directory);
  const family = familyOf(json, configPath);
  const config = family.read(json, configPath);
  const weights = await openWeights(directory);
  checkShapes(parameterShapes(config.transformer, family.names), weights, configPath);
  return { directory, family, config, weights, endIds: await endIdsOf(directory, config) };
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

function familyOf(json: Readonly<Record<string, unknown>>, path: string): Family {
  const names = Array.isArray(json.architectures) ? json.architectures : [];
  const family = families.find(({ architecture }) => names.includes(architecture));
  if (family) return family;
  const known = families.map(({ architecture }) => architecture).join(', ');
  throw new UnsupportedError(
    `${path}: architectures is ${show(json.architectures)}; what can be loaded is ${known}`,
  );
}

function checkShapes(
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: Weights,
  configPath: string,
): void {
  for (const [name, shape] of shapes) {
    const entry = weights.entries.get(name);
    if (!entry) {
      throw new FileError(
        weights.directory,
        `a tensor ${name} ${show(shape)}, as ${configPath} says`,
        'no such tensor',
      );
    }
    if (show(entry.shape) !== show(shape)) {
      throw new FileError(
        entry.file,
        `${name} to be ${show(shape)}, as ${configPath} says`,
        show(entry.shape),
      );
    }
  }
}

async function endIdsOf(directory: string, { endId }: ModelConfig): Promise<number[]> {
  const path = join(directory, 'generation_config.json');
  const json = existsSync(path) ? ((await readJson(path)) as { eos_token_id?: unknown } | null) : undefined;
  const ids = [endId, json?.eos_token_id].flat().filter((id) => Number.isInteger(id)) as number[];
  return [...new Set(ids)];
}

/** Where the network finds its tensors: in the files themselves, at the bytes where they are. */
export function storedWeights({ directory, weights }: ModelFiles): StoredWeights {
  const dtypes = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', F64: 'float64' } as const;
  return {
    folder: directory,
    locate(name) {
      const { file, offset, byteLength, dtype } = weights.entries.get(name)!;
      if (!(dtype in dtypes))
        throw new UnsupportedError(`${file}: ${name} is ${dtype}, and a network needs floats`);
      return {
        location: basename(file),
        offset,
        length: byteLength,
        dtype: dtypes[dtype as keyof typeof dtypes],
      };
    },
  };
}

/**
 * The tokenizer of a model directory.
 *
 * @throws FileError  when there is none, it's damaged, or it has no mask token where the config needs one
 */
export async function openTokenizer({
  directory,
  config,
  endIds,
}: ModelFiles): Promise<Tokenizer & { maskId: number }> {
  const path = join(directory, 'tokenizer.json');
  if (!existsSync(path))
    throw new FileError(path, 'a tokenizer', 'no such file', 'copy it from where the model is from');
  const json = (await readJson(path)) as TokenizerJson;
  let tokenizer: Tokenizer;
  try {
    tokenizer = tokenizerFromJson(json, { maskId: config.maskId, endId: endIds[0] });
  } catch (cause) {
    throw new FileError(
      path,
      'a tokenizer',
      cause instanceof Error ? cause.message : String(cause),
      undefined,
      { cause },
    );
  }
  const { maskId } = tokenizer;
  if (maskId === undefined) {
    throw new FileError(
      path,
      'a model with a mask token',
      'no mask_token_id in config.json',
      'it writes by unmasking',
    );
  }
  if (maskId >= config.transformer.vocabularySize) {
    const rows = config.transformer.vocabularySize;
    throw new FileError(
      path,
      `a mask token below ${rows}, the rows of the embedding`,
      `mask_token_id ${maskId}`,
    );
  }
  return { ...tokenizer, maskId };
}
