import { endianness } from 'node:os';
import { type NdArray, sizeOf } from '../array.ts';
import { FileError, invariant, show, UnsupportedError } from '../errors.ts';
import { safeSize } from './checked.ts';
import { type Dtype, itemSizes } from './dtype.ts';
import { type DurableFs, nodeFs, replaceFile } from './durable-fs.ts';
import { fileProblem } from './file-problem.ts';
import { narrowBf16, narrowF16, widenBf16, widenF16 } from './half.ts';
import { parseHeader, type SafetensorsHeader, type TensorEntry } from './header.ts';
import { allocate, type FileIdentity, type RangeReader, withFile } from './range-reader.ts';

export type { Dtype } from './dtype.ts';
export type { TensorEntry } from './header.ts';

/** A safetensors file whose header was read and found right. It holds no open file. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /** Of the file that the header was read from; reading from another one is refused. */
  readonly identity: FileIdentity;
}

/** One tensor to write. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
  /**
   * The type in the file. Default: the type of `data`. A Float32Array can also be written as F16 or BF16, rounded to the
   * nearest, ties to even. A Uint8Array can be written as anything: it holds the bytes as they shall be in the file.
   */
  readonly dtype?: Dtype;
}

const mostHeaderBytes = 100_000_000;
/** Data begin here at a multiple: enough for every element type and for one line of a cache. */
const alignment = 64;
/** Elements converted at a time: the scratch memory stays in the cache. */
const elementsAtATime = 1 << 18;

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
  if (length === undefined || length > mostHeaderBytes || length > size - 8) {
    throw new FileError(
      path,
      `a safetensors header of at most ${Math.min(mostHeaderBytes, size - 8)} bytes`,
      `a length of ${claimed}`,
      'it is another kind of file, or cut short',
    );
  }
  const bytes = new Uint8Array(length);
  await file.readInto(bytes, 8);
  return parseHeader(path, bytes, size);
}

/**
 * The numbers of a tensor as float32: F32, F16 and BF16 exactly, F64 rounded to the nearest.
 *
 * @throws FileError         when the file has no such tensor, was changed or can't be read
 * @throws UnsupportedError  when the tensor isn't of floats or is larger than memory can be
 */
export async function readFloats(file: SafetensorsFile, name: string): Promise<NdArray> {
  requireLittleEndian();
  const entry = entryOf(file, name);
  const { dtype, shape, path } = { ...entry, path: file.path };
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'F64') {
    throw new UnsupportedError(
      `${path}: tensor ${show(name)} is ${dtype}, and only F64, F32, F16 and BF16 are floats`,
    );
  }
  const data = new Float32Array(allocate(path, name, sizeOf(shape) * 4));
  await withFile(
    path,
    (reader) =>
      dtype === 'F32'
        ? reader.readInto(new Uint8Array(data.buffer), entry.offset)
        : readConverted(reader, entry.offset, data, dtype),
    file.identity,
  );
  return { shape, data };
}

/** The bytes of a tensor, as they are in the file. @throws FileError, UnsupportedError  as `readFloats`, for any type */
export async function readRaw(file: SafetensorsFile, name: string): Promise<Uint8Array> {
  const { offset, byteLength } = entryOf(file, name);
  const bytes = new Uint8Array(allocate(file.path, name, byteLength));
  await withFile(file.path, (reader) => reader.readInto(bytes, offset), file.identity);
  return bytes;
}

/**
 * Writes a safetensors file whole or not at all: after an error the old file, if any, stands as it was.
 *
 * Larger elements come first, so that every tensor is aligned to its element; otherwise the order is the given one.
 *
 * @param metadata  keys and values of `__metadata__`; `{ format: 'pt' }` is what other loaders look for
 * @throws FileError       when the disk refuses: full, read-only, no such directory
 * @throws InvariantError  when names repeat, or a shape and its data disagree
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
  { fs = nodeFs }: { fs?: DurableFs } = {},
): Promise<void> {
  const pieces = safetensorsPieces(tensors, metadata);
  try {
    await replaceFile(fs, path, pieces);
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be written');
  }
}

/**
 * The content of a safetensors file, for whoever writes it elsewhere. The result can be called any number of times.
 * Data aren't copied where they are written as they are: they mustn't change until the writing is done.
 *
 * @throws InvariantError  as `writeSafetensors`, at once
 */
export function safetensorsPieces(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): () => Iterable<Uint8Array> {
  requireLittleEndian();
  const list = Array.from(tensors, typed);
  for (const tensor of list) checkTensor(tensor);
  list.sort((a, b) => itemSizes[b.dtype] - itemSizes[a.dtype]);

  const header = headerBytes(list, metadata);
  return function* () {
    yield header;
    for (const { data, dtype } of list) yield* encode(data, dtype);
  };
}

function headerBytes(
  tensors: readonly TypedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // by hand, as an object would put names like "7" before all others and lose "__proto__"
  const members: string[] = [];
  if (Object.keys(metadata).length > 0) members.push(`"__metadata__":${JSON.stringify(metadata)}`);
  const names = new Set<string>();
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    invariant(!names.has(name) && name !== '__metadata__', `two tensors can't be named ${show(name)}`);
    names.add(name);
    const end = begin + sizeOf(shape) * itemSizes[dtype];
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const text = Buffer.from(`{${members.join(',')}}`);
  const length = Math.ceil((8 + text.length) / alignment) * alignment;
  invariant(length - 8 <= mostHeaderBytes, `a header of ${length - 8} bytes is more than the format allows`);
  const header = Buffer.alloc(length, ' ');
  header.writeBigUInt64LE(BigInt(length - 8), 0);
  text.copy(header, 8);
  return header;
}

type TypedTensor = Required<TensorToWrite>;

function typed({ name, shape, data, dtype = dtypeOf(data) }: TensorToWrite): TypedTensor {
  return { name, shape, data, dtype };
}

function dtypeOf(data: TensorToWrite['data']): Dtype {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof BigInt64Array) return 'I64';
  return 'U8';
}

function checkTensor({ name, shape, data, dtype }: TypedTensor): void {
  const size = sizeOf(shape);
  const whole = shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
  invariant(whole, `tensor ${show(name)} has the shape ${show(shape)}`);
  const length = data instanceof Uint8Array ? size * itemSizes[dtype] : size;
  invariant(
    data.length === length,
    `tensor ${show(name)} of shape ${show(shape)} has ${data.length} elements, not ${length}`,
  );
  const narrowed = data instanceof Float32Array && (dtype === 'F16' || dtype === 'BF16');
  invariant(
    data instanceof Uint8Array || narrowed || dtype === dtypeOf(data),
    `tensor ${show(name)} can't be written as ${dtype}`,
  );
}

/** The bytes of a tensor in the file, piece by piece. */
function* encode(data: TensorToWrite['data'], dtype: Dtype): Generator<Uint8Array> {
  if (!(data instanceof Float32Array) || dtype === 'F32') {
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  const narrow = dtype === 'F16' ? narrowF16 : narrowBf16;
  for (let start = 0; start < data.length; start += elementsAtATime) {
    const part = data.subarray(start, start + elementsAtATime);
    const narrowed = new Uint16Array(part.length);
    narrow(part, narrowed);
    yield new Uint8Array(narrowed.buffer);
  }
}

/** Fills `to` with a tensor of another type, a part at a time, so that twice the memory is never needed. */
async function readConverted(
  reader: RangeReader,
  offset: number,
  to: Float32Array,
  dtype: 'F16' | 'BF16' | 'F64',
): Promise<void> {
  const itemSize = itemSizes[dtype];
  const scratch = new ArrayBuffer(Math.min(elementsAtATime, to.length) * itemSize);
  for (let done = 0; done < to.length; done += elementsAtATime) {
    const count = Math.min(elementsAtATime, to.length - done);
    await reader.readInto(new Uint8Array(scratch, 0, count * itemSize), offset + done * itemSize);
    if (dtype === 'F64') to.set(new Float64Array(scratch, 0, count), done);
    else if (dtype === 'BF16') widenBf16(new Uint16Array(scratch, 0, count), to, done);
    else widenF16(new Uint16Array(scratch, 0, count), to, done);
  }
}

function entryOf(file: SafetensorsFile, name: string): TensorEntry {
  const entry = file.tensors.get(name);
  if (entry === undefined) {
    throw new FileError(file.path, `a tensor ${show(name)}`, `${file.tensors.size} others`);
  }
  return entry;
}

/** @throws UnsupportedError  on a machine whose numbers in memory aren't in the order that they have in the file */
function requireLittleEndian(): void {
  if (endianness() !== 'LE') throw new UnsupportedError('safetensors need a little-endian machine');
}
