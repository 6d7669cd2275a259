import { type NdArray, sizeOf } from '../base/array.ts';
import { FileError, invariant, show, UnsupportedError } from '../base/errors.ts';
import { safeSize } from './checked.ts';
import { itemSizes, requireLittleEndian } from './dtype.ts';
import { widenBf16, widenF16 } from './half.ts';
import { maxHeaderBytes, parseHeader, type SafetensorsHeader, type TensorEntry } from './header.ts';
import { allocate, type FileIdentity, type RangeReader, withFile } from './range-reader.ts';

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

/** The header of a safetensors file, from any reader. @throws FileError  as `openSafetensors` */
export async function readHeader(file: RangeReader): Promise<SafetensorsHeader> {
  const { path, size } = file;
  if (size < 8)
    throw new FileError(path, 'a safetensors file', `only ${size} bytes`, 'fetch or copy it again');
  const prefix = new Uint8Array(8);
  await file.readInto(prefix, 0);
  const claimed = new DataView(prefix.buffer).getBigUint64(0, true);
  const length = safeSize(claimed);
  if (length === undefined || length > maxHeaderBytes || length > size - 8) {
    throw new FileError(
      path,
      `a safetensors header of at most ${Math.min(maxHeaderBytes, size - 8)} bytes`,
      `a length of ${claimed}`,
      'it is another kind of file, or cut short',
    );
  }
  const bytes = new Uint8Array(length);
  await file.readInto(bytes, 8);
  return parseHeader(path, bytes, size);
}

/** Some of a tensor along its first axis. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The numbers of a tensor, or of some rows of it, as float32: F32, F16 and BF16 exactly, F64 rounded to the nearest.
 *
 * @throws FileError         when the file has no such tensor, was changed or can't be read
 * @throws UnsupportedError  when the tensor isn't of floats or is larger than memory can be
 */
export async function readFloats(file: SafetensorsFile, name: string, range?: RowRange): Promise<NdArray> {
  requireLittleEndian();
  const entry = range ? rowsOf(entryOf(file, name), range) : entryOf(file, name);
  const { dtype, shape, path } = { ...entry, path: file.path };
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F64') {
    throw new UnsupportedError(
      `${path}: tensor ${show(name)} is ${dtype}, and only F64, F32, F16 and BF16 are floats`,
    );
  }
  const data = new Float32Array(allocate(path, name, sizeOf(shape) * 4));
  await withFile(path, (reader) => fill(data, reader, entry, dtype), file.identity);
  return { shape, data };
}

function rowsOf(entry: TensorEntry, { first, count }: RowRange): TensorEntry {
  const [rows, ...rest] = entry.shape;
  invariant(
    first >= 0 && count >= 0 && first + count <= rows,
    `rows ${first} to ${first + count} of ${show(entry.name)}, which has ${rows}`,
  );
  const rowBytes = sizeOf(rest) * itemSizes[entry.dtype];
  return {
    ...entry,
    shape: [count, ...rest],
    offset: entry.offset + first * rowBytes,
    byteLength: count * rowBytes,
  };
}

/** The bytes of a tensor, as they are in the file. @throws FileError, UnsupportedError  as `readFloats`, for any type */
export async function readRaw(file: SafetensorsFile, name: string): Promise<Uint8Array> {
  const { offset, byteLength } = entryOf(file, name);
  const bytes = new Uint8Array(allocate(file.path, name, byteLength));
  await withFile(file.path, (reader) => reader.readInto(bytes, offset), file.identity);
  return bytes;
}

async function fill(
  to: Float32Array,
  reader: RangeReader,
  { name, offset }: TensorEntry,
  dtype: 'F32' | 'F16' | 'BF16' | 'F64',
): Promise<void> {
  if (dtype === 'F32') {
    await reader.readInto(new Uint8Array(to.buffer), offset);
  } else if (dtype === 'F64') {
    const doubles = new Float64Array(allocate(reader.path, name, to.length * 8));
    await reader.readInto(new Uint8Array(doubles.buffer), offset);
    to.set(doubles);
  } else {
    // the halves lie in the upper half of the result: widened from the front, none is overwritten before it is read
    const halves = new Uint16Array(to.buffer, to.length * 2, to.length);
    await reader.readInto(new Uint8Array(to.buffer, to.length * 2), offset);
    if (dtype === 'BF16') widenBf16(halves, to);
    else widenF16(halves, to);
  }
}

function entryOf(file: SafetensorsFile, name: string): TensorEntry {
  const entry = file.tensors.get(name);
  if (entry === undefined) {
    throw new FileError(file.path, `a tensor ${show(name)}`, `${file.tensors.size} others`);
  }
  return entry;
}
