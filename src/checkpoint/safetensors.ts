import type { NdArray } from '../base/array.ts';
import { FileError, show } from '../base/errors.ts';
import type { SafetensorsHeader, TensorEntry } from './header.ts';
import { withFile } from './open-file.ts';
import type { FileIdentity } from './range-reader.ts';
import { floatsAt, rawAt, readHeader, type RowRange } from './tensor-reader.ts';

export type { Dtype } from './dtype.ts';
export type { TensorEntry } from './header.ts';

/** A safetensors file whose header was read and found right. It holds no open file. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /** Of the file that the header was read from; reading from another one is refused. */
  readonly identity: FileIdentity;
}

/**
 * Opens a safetensors file: reads and checks its header, and nothing else.
 *
 * @throws FileError  for a file that isn't there, isn't regular, or breaks any rule of the format
 */
export function openSafetensors(path: string): Promise<SafetensorsFile> {
  return withFile(path, async (file) => ({
    path,
    identity: file.identity,
    ...(await readHeader(file)),
  }));
}

/**
 * The numbers of a tensor, or of some rows of it, as float32: F32, F16 and BF16 exactly, F64 rounded to the nearest.
 *
 * @throws FileError         when the file has no such tensor, was changed or can't be read
 * @throws UnsupportedError  when the tensor isn't of floats or is larger than memory can be
 */
export async function readFloats(file: SafetensorsFile, name: string, range?: RowRange): Promise<NdArray> {
  const entry = entryOf(file, name);
  return withFile(file.path, (reader) => floatsAt(reader, entry, range), file.identity);
}

/** The bytes of a tensor, as they are in the file. @throws FileError, UnsupportedError  as `readFloats`, for any type */
export async function readRaw(file: SafetensorsFile, name: string): Promise<Uint8Array> {
  const entry = entryOf(file, name);
  return withFile(file.path, (reader) => rawAt(reader, entry), file.identity);
}

function entryOf(file: SafetensorsFile, name: string): TensorEntry {
  const entry = file.tensors.get(name);
  if (entry === undefined) {
    throw new FileError(file.path, `a tensor ${show(name)}`, `${file.tensors.size} others`);
  }
  return entry;
}
