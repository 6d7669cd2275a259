import { FileError, show, UnsupportedError } from '../../base/errors.ts';
import { byteLengthOf, checkedProduct, checkedSum } from '../checked.ts';
import type { RangeReader } from '../range-reader.ts';
import { GgufCursor, MoreWanted } from './cursor.ts';
import { type GgufTensorType, tensorTypes } from './types.ts';

/** A value of the metadata; lists of numbers and booleans are typed arrays. */
export type GgufValue = number | bigint | boolean | string | GgufList;
/** The elements of a list among the keys. */
export type GgufList =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array
  | readonly GgufValue[];

/** Where and what a tensor is. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgufTensorType;
  /** Rows first, as everywhere here; a file has it the other way round. */
  readonly shape: readonly number[];
  /** Where its data begin, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** What a GGUF file says before its numbers: its keys, and where each tensor lies. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** By name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Real ones are up to 20 MB, nearly all of it vocabulary. */
const maxHeaderBytes = 1 << 28;
const maxTensors = 200_000;
const maxMetadata = 100_000;
const deepestList = 4;
const highestRank = 4;

/**
 * Reads the header of a GGUF file, of version 2 or 3, and holds it against the file's size.
 *
 * Beyond what ggml's own reader demands no name or key may come twice, and no two tensors may share a byte.
 *
 * @throws FileError         naming the key, the tensor or the byte that is wrong
 * @throws UnsupportedError  for another version or byte order
 */
export async function readGgufHeader(file: RangeReader): Promise<GgufHeader> {
  const { path, size } = file;
  // how long the header is is known at its end: what didn't suffice is read again, four times as much
  for (let length = Math.min(size, 1 << 16); ;) {
    const bytes = new Uint8Array(length);
    await file.readInto(bytes, 0);
    try {
      return parseHeader(new GgufCursor(path, bytes, size), size);
    } catch (error) {
      if (!(error instanceof MoreWanted)) throw error;
      if (error.bytes > maxHeaderBytes)
        throw new FileError(path, `a GGUF header of at most ${maxHeaderBytes} bytes`, 'a longer one');
      length = Math.min(size, maxHeaderBytes, Math.max(error.bytes, 4 * length));
    }
  }
}

function parseHeader(cursor: GgufCursor, size: number): GgufHeader {
  const { path } = cursor;
  const magic = size < 24 ? [] : [cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()];
  if (String.fromCharCode(...magic) !== 'GGUF')
    throw new FileError(
      path,
      'a GGUF file',
      size < 24 ? `only ${size} bytes` : `one that begins with ${show(String.fromCharCode(...magic))}`,
      'name a model directory or a .gguf file',
    );
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const swapped = version > 0xffff ? ' (a file for big-endian machines)' : '';
    throw new UnsupportedError(`${path}: GGUF version ${version}${swapped}; supported are 2 and 3`);
  }

  // a tensor: the length of its name, how many dimensions, one of them, a type, an offset
  const tensorCount = cursor.count('tensors', 24);
  const keyCount = cursor.count('keys', 13);
  if (tensorCount > maxTensors || keyCount > maxMetadata)
    throw new FileError(
      path,
      `at most ${maxTensors} tensors and ${maxMetadata} keys`,
      `${tensorCount} and ${keyCount}`,
    );
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = cursor.text();
    if (metadata.has(key)) throw new FileError(path, 'keys that differ', `two keys ${show(key)}`);
    metadata.set(key, readValue(cursor, cursor.u32(), 0));
  }

  const alignment = alignmentOf(path, metadata);
  const claims: { name: string; type: GgufTensorType; shape: readonly number[]; offset: number }[] = [];
  for (let i = 0; i < tensorCount; i++) claims.push(readTensor(cursor, alignment));
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;

  const tensors = new Map<string, GgufTensor>();
  for (const { offset, ...claim } of claims) {
    if (tensors.has(claim.name))
      throw new FileError(path, 'names that differ', `two tensors named ${show(claim.name)}`);
    const byteLength = bytesOf(path, claim);
    const start = checkedSum(dataStart, offset);
    const end = start === undefined ? undefined : checkedSum(start, byteLength);
    if (start === undefined || end === undefined || end > size)
      throw new FileError(
        path,
        `tensor ${show(claim.name)} inside the ${size} bytes of the file`,
        `${byteLength} bytes from ${start ?? offset} on`,
        'the file is cut short or damaged: fetch or copy it again',
      );
    tensors.set(claim.name, { ...claim, offset: start, byteLength });
  }
  checkOverlaps(path, tensors);
  return { version, metadata, tensors };
}

/** The values of each type, by the number that a file has for it, and the least bytes of one. */
const scalars: readonly (readonly [bytes: number, read: (cursor: GgufCursor) => GgufValue])[] = [
  [1, (cursor) => cursor.u8()],
  [1, (cursor) => cursor.i8()],
  [2, (cursor) => cursor.u16()],
  [2, (cursor) => cursor.i16()],
  [4, (cursor) => cursor.u32()],
  [4, (cursor) => cursor.i32()],
  [4, (cursor) => cursor.f32()],
  [1, (cursor) => cursor.bool()],
  [8, (cursor) => cursor.text()],
  [12, () => []], // a list, which `readValue` reads
  [8, (cursor) => cursor.u64()],
  [8, (cursor) => cursor.i64()],
  [8, (cursor) => cursor.f64()],
];
const listType = 9;

/** The lists of numbers, which are copied as they are. */
const arrays: Readonly<Record<number, new (bytes: ArrayBuffer) => GgufList>> = {
  0: Uint8Array,
  1: Int8Array,
  2: Uint16Array,
  3: Int16Array,
  4: Uint32Array,
  5: Int32Array,
  6: Float32Array,
  7: Uint8Array,
  10: BigUint64Array,
  11: BigInt64Array,
  12: Float64Array,
};

function readValue(cursor: GgufCursor, type: number, depth: number): GgufValue {
  if (type >= scalars.length)
    cursor.fail(`a type of value from 0 to ${scalars.length - 1} before`, `${type}`);
  if (type !== listType) return scalars[type][1](cursor);
  if (depth === deepestList) cursor.fail(`lists at most ${deepestList} deep`, 'a deeper one');
  const elementType = cursor.u32();
  if (elementType >= scalars.length)
    cursor.fail(`a type of value from 0 to ${scalars.length - 1} before`, `${elementType}`);
  const [bytes] = scalars[elementType];
  const length = cursor.count('elements', bytes);
  const array = arrays[elementType];
  if (array) {
    const list = new array(cursor.copy(length * bytes));
    if (elementType === 7 && (list as Uint8Array).some((value) => value > 1))
      cursor.fail('a list of 0 and 1 before', 'other numbers');
    return list;
  }
  const list: GgufValue[] = [];
  for (let i = 0; i < length; i++) list.push(readValue(cursor, elementType, depth + 1));
  return list;
}

function alignmentOf(path: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  const isPower = typeof value === 'number' && value >= 1 && Number.isInteger(Math.log2(value));
  if (!isPower) throw new FileError(path, 'general.alignment to be a power of two', show(String(value)));
  return value;
}

function readTensor(cursor: GgufCursor, alignment: number) {
  const { path } = cursor;
  const name = cursor.text();
  const rank = cursor.u32();
  if (rank > highestRank)
    throw new FileError(path, `tensor ${show(name)} of at most ${highestRank} dimensions`, `${rank}`);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const dimension = cursor.u64();
    if (typeof dimension === 'bigint' || dimension === 0)
      throw new FileError(path, `tensor ${show(name)} to have dimensions from 1 to 2^53 − 1`, `${dimension}`);
    shape.unshift(dimension);
  }
  const typeId = cursor.u32();
  const type = tensorTypes.get(typeId);
  if (!type)
    throw new UnsupportedError(
      `${path}: tensor ${show(name)} is of ggml's type ${typeId}, which is not known`,
    );
  const offset = cursor.u64();
  if (typeof offset === 'bigint' || offset % alignment !== 0)
    throw new FileError(
      path,
      `tensor ${show(name)} to begin at a multiple of ${alignment}`,
      `an offset of ${offset}`,
    );
  return { name, type, shape, offset };
}

function bytesOf(
  path: string,
  { name, type, shape }: { name: string; type: GgufTensorType; shape: readonly number[] },
): number {
  const { blockElements, blockBytes } = type;
  const row = shape.at(-1) ?? 1;
  if (row % blockElements !== 0)
    throw new FileError(
      path,
      `rows of tensor ${show(name)} to be whole blocks of ${type.name}, ${blockElements} numbers each`,
      `${row}`,
    );
  const elements = byteLengthOf(shape, 1);
  const bytes = elements === undefined ? undefined : checkedProduct(elements / blockElements, blockBytes);
  if (bytes === undefined)
    throw new FileError(path, `tensor ${show(name)} to have fewer than 2^53 bytes`, show(shape));
  return bytes;
}

function checkOverlaps(path: string, tensors: ReadonlyMap<string, GgufTensor>): void {
  const inOrder = [...tensors.values()].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  for (const [i, { name, offset, byteLength }] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (next && offset + byteLength > next.offset)
      throw new FileError(path, `tensor ${show(next.name)} after ${show(name)}`, 'an overlap');
  }
}
