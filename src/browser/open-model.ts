import { FileError } from '../base/errors.ts';
import { jsonObjectIn } from '../checkpoint/json.ts';
import type { RangeReader } from '../checkpoint/range-reader.ts';
import { floatsAt, rawAt, readHeader } from '../checkpoint/tensor-reader.ts';
import {
  checkComplete,
  checkShard,
  indexName,
  shardsIn,
  singleName,
  type TensorAccess,
  type Weights,
  weightsOf,
} from '../checkpoint/weights.ts';
import type { TensorEntry } from '../checkpoint/header.ts';
import { createModel } from '../language-model/create-model.ts';
import type { Model } from '../language-model/language-model.ts';
import { type GenerationDefaults, generationIn } from '../model-files/generation-defaults.ts';
import { textParts } from '../model-files/text-parts.ts';
import { checkModel, located } from '../model/checked-model.ts';
import { familyOf } from '../model/families/families.ts';
import type { Family } from '../model/families/family.ts';
import { openNetwork } from '../model/network.ts';
import { keepsStoredTypes } from '../model/weight-format.ts';
import type { Device } from '../runtime/device.ts';
import { tokenizerFileNames, type TokenizerFiles } from '../tokenizer/files.ts';
import { contentOf, noModelIn, type PageModelFiles, openFile } from './model-files.ts';

/** A file of tensors, and what reads it. */
interface OpenedShard {
  readonly path: string;
  readonly name: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly reader: RangeReader;
}

const access: TensorAccess<OpenedShard> = {
  floats: ({ reader, tensors }, name, rows) => floatsAt(reader, tensors.get(name)!, rows),
  raw: ({ reader, tensors }, name) => rawAt(reader, tensors.get(name)!),
};

/**
 * Opens a model directory whose files are not on a disk, on this thread.
 *
 * @throws FileError         when something is missing or damaged, or config, tensors and tokenizer disagree
 * @throws UnsupportedError  for another family, or an option of it that isn't supported
 */
export async function openModelFrom(
  files: PageModelFiles,
  { device }: { device?: Device } = {},
): Promise<Model> {
  const configFile = await files.open('config.json');
  if (!configFile) throw await noModelIn(files);
  const { path } = configFile;
  const json = jsonObjectIn(await contentOf(configFile), path);
  const family = familyOf(json, path);
  const config = family.read(json, path);
  // the texts first: where one is damaged, no weights are downloaded for nothing
  const texts = await textParts(config, {
    files: await tokenizerFilesOf(files),
    generation: await generationOf(files, family),
  });
  const { weights, shards } = await weightsFrom(files, family);
  const checked = checkModel({ path, json, family, config, weights }, undefined);
  const { names, format } = checked;
  const nameOf = new Map(shards.map(({ path: at, name }) => [at, name]));
  const stored = {
    folder: '',
    locate: (name: string) => located(weights, (file) => nameOf.get(file)!, name, format),
    files: { read: (name: string) => contentOf(shards.find((shard) => shard.name === name)!.reader) },
    keepTypes: keepsStoredTypes(format),
  };
  const network = openNetwork(checked.config.transformer, names, stored, { device });
  return createModel({ ...texts, network });
}

/** The weights, of which only the headers are read. */
async function weightsFrom(
  files: PageModelFiles,
  { partsOf }: Family,
): Promise<{ weights: Weights; shards: readonly OpenedShard[] }> {
  const single = await files.open(singleName);
  const shards = single ? [await openShard(single, singleName)] : await openShards(files);
  return { shards, weights: weightsOf(files.place, shards, access, partsOf) };
}

const openShard = async (reader: RangeReader, name: string): Promise<OpenedShard> => ({
  path: reader.path,
  name,
  tensors: (await readHeader(reader)).tensors,
  reader,
});

async function openShards(files: PageModelFiles): Promise<OpenedShard[]> {
  const index = await files.open(indexName);
  if (!index)
    throw new FileError(files.place, `a model directory with ${singleName} or ${indexName}`, 'neither');
  const shardOf = shardsIn(jsonObjectIn(await contentOf(index), index.path), index.path);
  const shards: OpenedShard[] = [];
  for (const name of new Set(shardOf.values())) {
    const shard = await openShard(await openFile(files, name), name);
    checkShard(shard, name, shardOf);
    shards.push(shard);
  }
  checkComplete(files.place, shards, shardOf);
  return shards;
}

async function tokenizerFilesOf(files: PageModelFiles): Promise<TokenizerFiles> {
  const found = await Promise.all(
    tokenizerFileNames.map(async (name) => [name, await textOf(files, name)] as const),
  );
  const texts = new Map(found.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  return { directory: files.place, texts };
}

async function textOf(files: PageModelFiles, name: string): Promise<string | undefined> {
  const file = await files.open(name);
  if (!file) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await contentOf(file));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new FileError(file.path, 'text in UTF-8', 'other bytes', undefined, { cause });
  }
}

async function generationOf(files: PageModelFiles, family: Family): Promise<GenerationDefaults> {
  const file = await files.open('generation_config.json');
  const path = file?.path ?? `${files.place}/generation_config.json`;
  const json = file && jsonObjectIn(await contentOf(file), path);
  return generationIn(json, path, family.sampling);
}
