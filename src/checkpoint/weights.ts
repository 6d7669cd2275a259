import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type NdArray, sizeOf } from '../base/array.ts';
import { FileError, show } from '../base/errors.ts';
import { itemSizes } from './dtype.ts';
import {
  dtypeOf,
  type GgufOrigin,
  type GgufSource,
  isStoredRaw,
  readGgufRows,
  tensorPieces,
} from './gguf/file.ts';
import { inPlaceName, openInPlace } from './gguf/in-place.ts';
import type { TensorEntry } from './header.ts';
import { isObject, readJsonObject } from './json.ts';
import { resolveInside } from './resolve-inside.ts';
import { openSafetensors, readFloats, readRaw, type RowRange, type SafetensorsFile } from './safetensors.ts';

/** A tensor of a model, and the path of the file it's in. */
export interface WeightEntry extends TensorEntry {
  readonly file: string;
  /**
   * Where its numbers don't lie in the file as `dtype` says, but in blocks of a GGUF file or in another order of rows: how
   * they are had. `byteLength` is then that of what is stored.
   */
  readonly gguf?: { readonly origin: GgufOrigin; readonly source: GgufSource };
}

/** All tensors of a model directory, in one file or many, or in the GGUF file it was made from. It holds no open file. */
export interface Weights {
  readonly directory: string;
  readonly entries: ReadonlyMap<string, WeightEntry>;
  /** Bytes of all tensors, as they are stored. */
  readonly totalBytes: number;
  /** The numbers of a tensor, or of some of its rows, as float32. @throws FileError, UnsupportedError  as `readFloats` */
  read(name: string, rows?: RowRange): Promise<NdArray>;
  /** The bytes of a tensor, in its `dtype`. @throws FileError, UnsupportedError  as `readRaw` */
  readRaw(name: string): Promise<Uint8Array>;
}

/** The paths of the files that weights are in. */
export const weightFilesOf = ({ entries }: Weights): string[] => [
  ...new Set(Array.from(entries.values(), ({ file }) => file)),
];

/** The tensors that lie one after another in a tensor of some name and shape; undefined where it is one. */
export type PartsOf = (
  name: string,
  shape: readonly number[],
) => readonly { readonly name: string; readonly shape: readonly number[] }[] | undefined;

const singleName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';
const maxShards = 10_000;

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
  const whole = await openFiles(directory);
  const shards = partsOf ? whole.map((shard) => ({ ...shard, tensors: takenApart(shard, partsOf) })) : whole;

  const entries = new Map<string, WeightEntry>();
  const files = new Map<string, SafetensorsFile>();
  let totalBytes = 0;
  for (const shard of shards) {
    for (const [name, entry] of shard.tensors) {
      const other = files.get(name)?.path;
      if (other !== undefined) {
        throw new FileError(
          shard.path,
          `no tensor that is in another shard`,
          `${show(name)}, also in ${other}`,
        );
      }
      entries.set(name, { ...entry, file: shard.path });
      files.set(name, shard);
      totalBytes += entry.byteLength;
    }
  }
  const fileOf = (name: string): SafetensorsFile => {
    const file = files.get(name);
    if (file === undefined) {
      throw new FileError(directory, `weights with a tensor ${show(name)}`, `${entries.size} others`);
    }
    return file;
  };
  return {
    directory,
    entries,
    totalBytes,
    read: async (name, rows) => readFloats(fileOf(name), name, rows),
    readRaw: async (name) => readRaw(fileOf(name), name),
  };
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

/** The tensors of a file, and instead of those that have parts these. */
function takenApart({ path, tensors }: SafetensorsFile, partsOf: PartsOf): ReadonlyMap<string, TensorEntry> {
  const all = Array.from(tensors.values()).flatMap((entry): TensorEntry[] => {
    const parts = partsOf(entry.name, entry.shape);
    if (!parts) return [entry];
    const byteLengths = parts.map(({ shape }) => sizeOf(shape) * itemSizes[entry.dtype]);
    if (!byteLengths.every(Number.isSafeInteger) || sum(byteLengths) !== entry.byteLength)
      throw new FileError(
        path,
        `${show(entry.name)} to be a stack of ${parts.length} matrices`,
        showShape(entry.shape),
      );
    let { offset } = entry;
    return parts.map((part, i) => {
      offset += byteLengths[i];
      return { ...part, dtype: entry.dtype, offset: offset - byteLengths[i], byteLength: byteLengths[i] };
    });
  });
  return new Map(all.map((entry) => [entry.name, entry]));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

async function openShards(directory: string): Promise<SafetensorsFile[]> {
  if (!existsSync(join(directory, indexName))) {
    throw new FileError(
      directory,
      `a model directory with ${singleName} or ${indexName}`,
      existsSync(directory) ? 'neither' : 'nothing there',
      'check the path',
    );
  }
  const indexPath = await resolveInside(directory, indexName);
  const shardOf = await readIndex(indexPath);
  const shardNames = new Set(shardOf.values());
  if (shardNames.size > maxShards) {
    throw new FileError(indexPath, `at most ${maxShards} shards`, `${shardNames.size}`);
  }

  const shards: SafetensorsFile[] = [];
  for (const shardName of shardNames) {
    const shard = await openSafetensors(await resolveInside(directory, shardName));
    for (const name of shard.tensors.keys()) {
      const listed = shardOf.get(name);
      if (listed !== shardName) {
        const where = listed === undefined ? 'in no shard' : `in ${show(listed)}`;
        throw new FileError(
          shard.path,
          `only tensors that the index puts there`,
          `${show(name)}, ${where} by it`,
        );
      }
    }
    shards.push(shard);
  }
  const present = new Set(shards.flatMap((shard) => [...shard.tensors.keys()]));
  for (const [name, shardName] of shardOf) {
    if (!present.has(name)) {
      throw new FileError(
        join(directory, shardName),
        `tensor ${show(name)}, as the index says`,
        'no such tensor',
      );
    }
  }
  return shards;
}

/** The names of the files that the index of a model directory lists, unchecked. @throws FileError  for a broken index */
export async function shardNames(directory: string): Promise<readonly string[]> {
  return [...new Set((await readIndex(await resolveInside(directory, indexName))).values())];
}

/** The shard's file name of each tensor. */
async function readIndex(path: string): Promise<ReadonlyMap<string, string>> {
  const { weight_map: map } = await readJsonObject(path);
  if (!isObject(map)) throw new FileError(path, 'an object weight_map', show(map));
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') throw new FileError(path, `a file name for ${show(name)}`, show(shard));
    shardOf.set(name, shard);
  }
  if (shardOf.size === 0) throw new FileError(path, 'tensors in weight_map', 'none');
  return shardOf;
}
