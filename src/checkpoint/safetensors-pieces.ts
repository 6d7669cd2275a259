import { sizeOf } from '../base/array.ts';
import { invariant, show } from '../base/errors.ts';
import { utf8 } from '../base/utf8.ts';
import { type Dtype, itemSizes, requireLittleEndian } from './dtype.ts';
import { narrowBf16, narrowF16 } from './half.ts';
import { maxHeaderBytes } from './header.ts';

/** One tensor to write. */
export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers, or a maker of them piece by piece for a tensor that is larger than memory likes; it has a `dtype`. */
  readonly data: Numbers | (() => AsyncIterable<Numbers>);
  /**
   * The type in the file. Default: the type of `data`. A Float32Array can also be written as F16 or BF16, rounded to the
   * nearest, ties to even. A Uint8Array can be written as anything: it holds the bytes as they shall be in the file.
   */
  readonly dtype?: Dtype;
}

/** The numbers of a tensor in row-major order, or its bytes as they are to be stored. */
export type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Data begin here at a multiple: enough for every element type and for one line of a cache. */
const alignment = 64;
/** Elements narrowed at a time, so that twice the memory is never needed. */
const elementsAtATime = 1 << 20;

/**
 * The content of a safetensors file piece by piece, for whoever writes it elsewhere.
 * Data aren't copied where they are written as they are: they mustn't change until the writing is done.
 *
 * @throws InvariantError  when names repeat, or a shape and its data disagree; before the first piece
 */
export async function* safetensorsPieces(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  requireLittleEndian();
  const list = Array.from(tensors, typed);
  for (const tensor of list) checkTensor(tensor);
  if (!isAligned(list)) list.sort((a, b) => itemSizes[b.dtype] - itemSizes[a.dtype]);
  yield headerBytes(list, metadata);
  for (const tensor of list) yield* bytesInFile(tensor);
}

/** The bytes of one tensor as they are in a file, piece by piece. */
export async function* bytesInFile(tensor: TensorToWrite): AsyncGenerator<Uint8Array> {
  const { data, ...others } = typed(tensor);
  if (typeof data === 'function') yield* encodePieces(others, data);
  else yield* encode(data, others.dtype);
}

/** Bytes that a tensor takes in a file. */
export const sizeInFile = (tensor: TensorToWrite): number => byteLengthOf(typed(tensor));

const byteLengthOf = ({ shape, dtype }: Pick<TypedTensor, 'shape' | 'dtype'>): number =>
  sizeOf(shape) * itemSizes[dtype];

/** Whether each tensor begins at a multiple of its element's size if they lie in this order. */
function isAligned(tensors: readonly TypedTensor[]): boolean {
  let begin = 0;
  return tensors.every((tensor) => {
    const aligned = begin % itemSizes[tensor.dtype] === 0;
    begin += byteLengthOf(tensor);
    return aligned;
  });
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
    const end = begin + byteLengthOf({ shape, dtype });
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const texts = [...names, ...Object.entries(metadata).flat()];
  invariant(
    !texts.some((text) => /\p{Surrogate}/u.test(text)),
    'names and metadata have to be whole Unicode',
  );
  const text = utf8(`{${members.join(',')}}`);
  const length = Math.ceil((8 + text.length) / alignment) * alignment;
  invariant(length - 8 <= maxHeaderBytes, `a header of ${length - 8} bytes is more than the format allows`);
  const header = new Uint8Array(length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length - 8), true);
  header.set(text, 8);
  return header;
}

type TypedTensor = Required<TensorToWrite>;

function typed({ name, shape, data, dtype }: TensorToWrite): TypedTensor {
  if (dtype !== undefined) return { name, shape, data, dtype };
  invariant(typeof data !== 'function', `tensor ${show(name)} is made piece by piece and has no dtype`);
  return { name, shape, data, dtype: dtypeOf(data) };
}

function dtypeOf(data: Numbers): Dtype {
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
  if (typeof data === 'function') return;
  const length = data instanceof Uint8Array ? size * itemSizes[dtype] : size;
  invariant(
    data.length === length,
    `tensor ${show(name)} of shape ${show(shape)} has ${data.length} elements, not ${length}`,
  );
  checkWritable(name, data, dtype);
}

function checkWritable(name: string, data: Numbers, dtype: Dtype): void {
  const narrowed = data instanceof Float32Array && (dtype === 'F16' || dtype === 'BF16');
  invariant(
    data instanceof Uint8Array || narrowed || dtype === dtypeOf(data),
    `tensor ${show(name)} can't be written as ${dtype}`,
  );
}

async function* encodePieces(
  tensor: Omit<TypedTensor, 'data'>,
  pieces: () => AsyncIterable<Numbers>,
): AsyncGenerator<Uint8Array> {
  const { name, dtype } = tensor;
  const length = byteLengthOf(tensor);
  let written = 0;
  for await (const piece of pieces()) {
    checkWritable(name, piece, dtype);
    for (const bytes of encode(piece, dtype)) {
      written += bytes.length;
      yield bytes;
    }
  }
  invariant(written === length, `tensor ${show(name)} was made of ${written} bytes, not ${length}`);
}

/** The bytes of a tensor in the file, piece by piece. */
function* encode(data: Numbers, dtype: Dtype): Generator<Uint8Array> {
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
