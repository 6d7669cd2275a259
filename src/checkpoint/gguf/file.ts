import { type NdArray, sizeOf } from '../../base/array.ts';
import { invariant, show, UnsupportedError } from '../../base/errors.ts';
import { type Dtype, requireLittleEndian } from '../dtype.ts';
import { widenBf16, widenF16 } from '../half.ts';
import { allocate, type FileIdentity } from '../range-reader.ts';
import { withFile } from '../open-file.ts';
import { type GgufHeader, type GgufTensor, readGgufHeader } from './header.ts';
import { readableTypes, type GgufTensorType } from './types.ts';

/** A GGUF file whose header was read and found right. It holds no open file. */
export interface GgufFile extends GgufHeader {
  readonly path: string;
  readonly size: number;
  /** Of the file that the header was read from; reading from another one is refused. */
  readonly identity: FileIdentity;
}

/** Where sources are read from. */
export type GgufOrigin = Pick<GgufFile, 'path' | 'identity'>;

/** A tensor as a model has it: one of the file, or one of several that are stacked in it. */
export interface GgufSource {
  /** As the model names it. */
  readonly name: string;
  readonly type: GgufTensorType;
  readonly shape: readonly number[];
  /** Where its data begin, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
  /**
   * The width of a head, where its rows are interleaved: row i of the first half of a head, row i of the second half,
   * and so on. llama.cpp has the queries and keys so where it rotates neighbours; as a model they come one half after
   * the other.
   */
  readonly interleaved?: number;
}

/** Opens a GGUF file: reads and checks its header, and nothing else. @throws FileError, UnsupportedError */
export function openGguf(path: string): Promise<GgufFile> {
  return withFile(path, async (file) => ({
    path,
    size: file.size,
    identity: file.identity,
    ...(await readGgufHeader(file)),
  }));
}

/** A tensor of the file under a model's name. @param index  which one, of those stacked along the first dimension */
export function sourceOf(
  { type, shape, offset, byteLength }: GgufTensor,
  name: string,
  { index, interleaved }: { readonly index?: number; readonly interleaved?: number } = {},
): GgufSource {
  const rows = interleaved === undefined ? {} : { interleaved };
  if (index === undefined) return { name, type, shape, offset, byteLength, ...rows };
  const each = byteLength / shape[0];
  return { name, type, shape: shape.slice(1), offset: offset + index * each, byteLength: each, ...rows };
}

/** The type of a source's numbers as `piecesOf` gives them: the file's own, or F32 where they are quantised. */
export const dtypeOf = ({ type }: GgufSource): Dtype => type.plain ?? 'F32';

/** Whether a source's bytes in the file are what `piecesOf` gives, so that they can be read where they lie. */
export const isStoredRaw = ({ type, interleaved }: GgufSource): boolean =>
  type.plain !== undefined && interleaved === undefined;

/** Numbers converted at a time: a multiple of every block. */
const elementsAtATime = 1 << 20;

/**
 * The bytes of a tensor of type `dtypeOf`, piece by piece: dequantised, and its rows in the model's order.
 * Little more than a piece is in memory.
 *
 * @throws FileError         when the file was changed or can't be read
 * @throws UnsupportedError  for a type that can't be dequantised
 */
export async function* tensorPieces(file: GgufOrigin, source: GgufSource): AsyncGenerator<Uint8Array> {
  const { type, byteLength } = source;
  const { blockElements, blockBytes } = type;
  const unit = source.interleaved === undefined ? blockBytes : headBytesOf(source, source.interleaved);
  const most = unit * Math.max(1, Math.floor(((elementsAtATime / blockElements) * blockBytes) / unit));
  for (let start = 0; start < byteLength; start += most) {
    yield converted(file, source, start, Math.min(most, byteLength - start));
  }
}

/** Some of a source's bytes, whole blocks or, of interleaved rows, whole heads, as `piecesOf` gives them. */
async function converted(
  file: GgufOrigin,
  source: GgufSource,
  start: number,
  length: number,
): Promise<Uint8Array> {
  const { name, type } = source;
  const { blockElements, blockBytes, plain, dequantise } = type;
  if (!plain && !dequantise)
    throw new UnsupportedError(
      `${file.path}: ${show(name)} is stored as ${type.name}; supported are ${readableTypes.join(', ')}`,
    );
  const bytes = await ordered(file, source, start, length);
  if (!dequantise) return bytes;
  const numbers = new Float32Array(allocate(file.path, name, 4 * (length / blockBytes) * blockElements));
  dequantise(bytes, numbers);
  return new Uint8Array(numbers.buffer);
}

/** The same as they are stored, their rows in the model's order. */
async function ordered(
  { path, identity }: GgufOrigin,
  source: GgufSource,
  start: number,
  length: number,
): Promise<Uint8Array> {
  requireLittleEndian();
  const { name, offset, interleaved } = source;
  const bytes = new Uint8Array(allocate(path, name, length));
  await withFile(path, (reader) => reader.readInto(bytes, offset + start), identity);
  return interleaved === undefined
    ? bytes
    : halvesApart(bytes, interleaved, headBytesOf(source, interleaved));
}

/** So many bytes of a tensor are read at a time, about. */
const BYTES_AT_A_TIME = 1 << 24;

/** The bytes of a tensor as they are stored, whole rows of it, in the model's order. @throws FileError  as `tensorPieces` */
export async function* storedRows(file: GgufOrigin, source: GgufSource): AsyncGenerator<Uint8Array> {
  const { shape, byteLength, interleaved = 1 } = source;
  const unit = (byteLength / shape[0]) * interleaved;
  const most = unit * Math.max(1, Math.floor(BYTES_AT_A_TIME / unit));
  for (let start = 0; start < byteLength; start += most)
    yield ordered(file, source, start, Math.min(most, byteLength - start));
}

function headBytesOf({ name, shape, byteLength }: GgufSource, headWidth: number): number {
  const rowBytes = byteLength / shape[0];
  const fits = shape[0] % headWidth === 0 && headWidth % 2 === 0 && Number.isInteger(rowBytes);
  invariant(fits, `${show(name)} with ${shape[0]} rows isn't made of heads of ${headWidth}`);
  return headWidth * rowBytes;
}

/** The rows of whole heads: of each, those of its first half, then those of its second. */
function halvesApart(bytes: Uint8Array, headWidth: number, headBytes: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const rowBytes = headBytes / headWidth;
  const half = headWidth / 2;
  for (let head = 0; head < bytes.length; head += headBytes) {
    for (let row = 0; row < headWidth; row++) {
      const from = head + rowBytes * (row < half ? 2 * row : 2 * (row - half) + 1);
      result.set(bytes.subarray(from, from + rowBytes), head + rowBytes * row);
    }
  }
  return result;
}

/**
 * The numbers of a tensor, or of some of its rows, as float32: dequantised, its rows in the model's order.
 *
 * @throws FileError, UnsupportedError  as `piecesOf`, and for tensors of whole numbers
 */
export async function readGgufRows(
  file: GgufOrigin,
  source: GgufSource,
  { first, count }: { readonly first: number; readonly count: number } = { first: 0, count: source.shape[0] },
): Promise<NdArray> {
  const { name, shape, byteLength, interleaved = 1 } = source;
  const [rows, ...rest] = shape;
  invariant(
    first >= 0 && count >= 0 && first + count <= rows,
    `rows ${first} to ${first + count} of ${show(name)}, which has ${rows}`,
  );
  // a row may come from anywhere in its head
  const start = first - (first % interleaved);
  const end = Math.ceil((first + count) / interleaved) * interleaved;
  const rowBytes = byteLength / rows;
  const bytes = await converted(file, source, start * rowBytes, (end - start) * rowBytes);
  const rowLength = sizeOf(rest);
  const numbers = floatsOf(bytes, dtypeOf(source));
  if (!numbers)
    throw new UnsupportedError(
      `${file.path}: ${show(name)} is stored as ${source.type.name}; supported are ${readableTypes.join(', ')}`,
    );
  const data = numbers.subarray((first - start) * rowLength, (first - start + count) * rowLength);
  return { shape: [count, ...rest], data };
}

function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array, dtype: Dtype): Float32Array | undefined {
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
  if (dtype !== 'F16' && dtype !== 'BF16') return undefined;
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const floats = new Float32Array(halves.length);
  if (dtype === 'F16') widenF16(halves, floats);
  else widenBf16(halves, floats);
  return floats;
}
