import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, show } from '../base/errors.ts';
import { dtypeOf, type GgufSource, isStoredRaw, readGgufRows, tensorPieces } from './gguf/file.ts';
import { inPlaceName, openInPlace } from './gguf/in-place.ts';
import { readJsonObject } from './read-json.ts';
import { resolveInside } from './resolve-inside.ts';
import { openSafetensors, readFloats, readRaw, type SafetensorsFile } from './safetensors.ts';
import {
  checkComplete,
  checkShard,
  indexName,
  type PartsOf,
  shardsIn,
  singleName,
  type WeightEntry,
  type Weights,
  weightsOf,
} from './weights.ts';

/**
 * Opens the weights of a model directory: model.safetensors, or else the shards of model.safetensors.index.json.
 *
 * The index and the shards have to name the same tensors in the same places. Its `metadata.total_size` isn't
 * held against them: writers differ in what they count.
 *
 * @param partsOf  a tensor that has parts is not itself among the entries, but they are. Default: none has
 * @throws FileError  when there are no weights, a shard is missing or broken, or index and shards disagree
 */
export async function openWeights(directory: string, partsOf?: PartsOf): Promise<Weights> {
  if (existsSync(join(directory, inPlaceName))) return openGgufWeights(directory);
  return weightsOf(directory, await openFiles(directory), { floats: readFloats, raw: readRaw }, partsOf);
}

/** The weights of a model directory that was made from a GGUF file, in which they stay. */
async function openGgufWeights(directory: string): Promise<Weights> {
  const { sources, ...origin } = await openInPlace(directory);
  const entries = new Map<string, WeightEntry>();
  let totalBytes = 0;
  for (const [name, source] of sources) {
    const { shape, offset, byteLength } = source;
    const entry = { name, dtype: dtypeOf(source), shape, offset, byteLength, file: origin.path };
    entries.set(name, isStoredRaw(source) ? entry : { ...entry, gguf: { origin, source } });
    totalBytes += byteLength;
  }
  const sourceOf = (name: string): GgufSource => {
    const source = sources.get(name);
    if (source) return source;
    throw new FileError(directory, `weights with a tensor ${show(name)}`, `${entries.size} others`);
  };
  return {
    directory,
    entries,
    totalBytes,
    read: async (name, rows) => readGgufRows(origin, sourceOf(name), rows),
    async readRaw(name) {
      const pieces: Uint8Array[] = [];
      for await (const piece of tensorPieces(origin, sourceOf(name))) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

async function openFiles(directory: string): Promise<SafetensorsFile[]> {
  return existsSync(join(directory, singleName))
    ? [await openSafetensors(await resolveInside(directory, singleName))]
    : openShards(directory);
}

async function openShards(directory: string): Promise<SafetensorsFile[]> {
  if (!existsSync(join(directory, indexName))) {
    throw new FileError(
      directory,
      `a model directory with ${singleName} or ${indexName}`,
      existsSync(directory) ? 'neither' : 'nothing there',
      'check the path',
    );
  }
  const shardOf = await readIndex(await resolveInside(directory, indexName));
  const shards: SafetensorsFile[] = [];
  for (const shardName of new Set(shardOf.values())) {
    const shard = await openSafetensors(await resolveInside(directory, shardName));
    checkShard(shard, shardName, shardOf);
    shards.push(shard);
  }
  checkComplete(directory, shards, shardOf);
  return shards;
}

/** The names of the files that the index of a model directory lists, unchecked. @throws FileError  for a broken index */
export async function shardNames(directory: string): Promise<readonly string[]> {
  return [...new Set((await readIndex(await resolveInside(directory, indexName))).values())];
}

const readIndex = async (path: string): Promise<ReadonlyMap<string, string>> =>
  shardsIn(await readJsonObject(path), path);
