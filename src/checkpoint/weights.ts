import { type NdArray, sizeOf } from '../base/array.ts';
import { FileError, show } from '../base/errors.ts';
import { itemSizes } from './dtype.ts';
import type { GgufOrigin, GgufSource } from './gguf/file.ts';
import type { TensorEntry } from './header.ts';
import { isObject } from '../base/is-object.ts';
import type { RowRange } from './tensor-reader.ts';

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

/** The file of a model's weights, where they lie in one. */
export const singleName = 'model.safetensors';
/** Where weights lie in several files: which tensor lies in which. */
export const indexName = 'model.safetensors.index.json';
const maxShards = 10_000;

/** A file of tensors whose header was read. */
export interface Shard {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** How the numbers of a tensor in one of the files are had. */
export interface TensorAccess<File extends Shard> {
  floats(file: File, name: string, rows?: RowRange): Promise<NdArray>;
  raw(file: File, name: string): Promise<Uint8Array>;
}

/**
 * The tensors of several files together.
 *
 * @param partsOf  a tensor that has parts is not itself among the entries, but they are. Default: none has
 * @throws FileError  where two files have a tensor of one name
 */
export function weightsOf<File extends Shard>(
  directory: string,
  whole: readonly File[],
  access: TensorAccess<File>,
  partsOf?: PartsOf,
): Weights {
  const shards = partsOf ? whole.map((shard) => ({ ...shard, tensors: takenApart(shard, partsOf) })) : whole;

  const entries = new Map<string, WeightEntry>();
  const files = new Map<string, File>();
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
  const fileOf = (name: string): File => {
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
    read: async (name, rows) => access.floats(fileOf(name), name, rows),
    readRaw: async (name) => access.raw(fileOf(name), name),
  };
}

/**
 * The shard's file name of each tensor, by the index of a model.
 *
 * @throws FileError  for an index that is none
 */
export function shardsIn(
  { weight_map: map }: Readonly<Record<string, unknown>>,
  path: string,
): ReadonlyMap<string, string> {
  if (!isObject(map)) throw new FileError(path, 'an object weight_map', show(map));
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string') throw new FileError(path, `a file name for ${show(name)}`, show(shard));
    shardOf.set(name, shard);
  }
  if (shardOf.size === 0) throw new FileError(path, 'tensors in weight_map', 'none');
  const shards = new Set(shardOf.values()).size;
  if (shards > maxShards) throw new FileError(path, `at most ${maxShards} shards`, `${shards}`);
  return shardOf;
}

/** Index and shard have to name the same tensors. @throws FileError  for one that the index puts elsewhere */
export function checkShard(
  { path, tensors }: Shard,
  name: string,
  shardOf: ReadonlyMap<string, string>,
): void {
  for (const tensor of tensors.keys()) {
    const listed = shardOf.get(tensor);
    if (listed === name) continue;
    const where = listed === undefined ? 'in no shard' : `in ${show(listed)}`;
    throw new FileError(path, `only tensors that the index puts there`, `${show(tensor)}, ${where} by it`);
  }
}

/** @throws FileError  for a tensor that the index has and no shard */
export function checkComplete(
  directory: string,
  shards: readonly Shard[],
  shardOf: ReadonlyMap<string, string>,
): void {
  const present = new Set(shards.flatMap(({ tensors }) => [...tensors.keys()]));
  for (const [name, shardName] of shardOf) {
    if (present.has(name)) continue;
    throw new FileError(
      `${directory}/${shardName}`,
      `tensor ${show(name)}, as the index says`,
      'no such tensor',
    );
  }
}

/** The tensors of a file, and instead of those that have parts these. */
function takenApart({ path, tensors }: Shard, partsOf: PartsOf): ReadonlyMap<string, TensorEntry> {
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
