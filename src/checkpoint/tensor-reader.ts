import { type NdArray, sizeOf } from '../base/array.ts';
import { FileError, invariant, show, UnsupportedError } from '../base/errors.ts';
import { safeSize } from './checked.ts';
import { itemSizes, requireLittleEndian } from './dtype.ts';
import { widenBf16, widenF16 } from './half.ts';
import { maxHeaderBytes, parseHeader, type SafetensorsHeader, type TensorEntry } from './header.ts';
import { allocate, type RangeReader } from './range-reader.ts';

/**
 * The header of a safetensors file, from any reader.
 *
 * @param isWhole  whether its tensors have to be there, all of them. Default: true
 * @throws FileError  as `openSafetensors`
 */
export async function readHeader(file: RangeReader, isWhole = true): Promise<SafetensorsHeader> {
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
  return parseHeader(path, bytes, isWhole ? size : undefined);
}

/** Some of a tensor along its first axis. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** The numbers of a tensor, or of some rows of it, from any reader. @throws FileError, UnsupportedError  as `readFloats` */
export async function floatsAt(reader: RangeReader, whole: TensorEntry, range?: RowRange): Promise<NdArray> {
  requireLittleEndian();
  const entry = range ? rowsOf(whole, range) : whole;
  const { name, dtype, shape } = entry;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F64') {
    throw new UnsupportedError(
      `${reader.path}: tensor ${show(name)} is ${dtype}, and only F64, F32, F16 and BF16 are floats`,
    );
  }
  const data = new Float32Array(allocate(reader.path, name, sizeOf(shape) * 4));
  await fill(data, reader, entry, dtype);
  return { shape, data };
}

/** The bytes of a tensor, as they are in the file. */
export async function rawAt(
  reader: RangeReader,
  { name, offset, byteLength }: TensorEntry,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(allocate(reader.path, name, byteLength));
  await reader.readInto(bytes, offset);
  return bytes;
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
