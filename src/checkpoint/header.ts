import { FileError, show } from '../base/errors.ts';
import { byteLengthOf, checkedSum } from './checked.ts';
import { type Dtype, isDtype, itemSizes } from './dtype.ts';
import { HeaderScanner } from './header-scanner.ts';

/** Where and what a tensor is. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where its data begin, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** What a safetensors file says before its numbers: where each tensor lies. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** As the format's reference has it. */
export const maxHeaderBytes = 100_000_000;
/** More than any model has in one file; a header with more is an attack on our time and memory. */
const maxTensors = 200_000;
const maxMetadata = 100_000;
const highestRank = 64;

/**
 * Reads the header of a safetensors file and holds it against the file's size.
 *
 * Beyond JSON it demands what the format promises: no name twice, text as metadata, whole sizes, and tensors that
 * cover the data without a gap, an overlap or a rest. JSON.parse would keep the last of two equal names in silence.
 *
 * @param bytes     the header, from `{` to its padding
 * @param fileSize  bytes in the whole file; undefined where not all of it is there
 * @throws FileError  naming the tensor or the byte that is wrong
 */
export function parseHeader(
  path: string,
  bytes: Uint8Array,
  fileSize: number | undefined,
): SafetensorsHeader {
  const scanner = new HeaderScanner(path, bytes);
  const dataStart = 8 + bytes.length;
  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorEntry>();
  let metadataSeen = false;

  // spaces may follow the header, but nothing stands before its brace
  if (bytes[0] !== 0x7b) scanner.fail('a header that begins with {');
  scanner.object((name) => {
    if (name === '__metadata__') {
      if (metadataSeen) throw new FileError(path, 'one __metadata__', 'two');
      metadataSeen = true;
      scanMetadata(scanner, path, metadata);
      return;
    }
    if (tensors.has(name)) throw new FileError(path, 'names that differ', `two tensors named ${show(name)}`);
    if (tensors.size === maxTensors) throw new FileError(path, `at most ${maxTensors} tensors`, 'more');
    tensors.set(name, scanTensor(scanner, path, name, dataStart));
  });
  scanner.padding();

  checkTiling(path, tensors, dataStart, fileSize);
  return { metadata, tensors };
}

function scanMetadata(scanner: HeaderScanner, path: string, metadata: Map<string, string>): void {
  scanner.object((key) => {
    if (metadata.has(key)) throw new FileError(path, 'metadata keys that differ', `two keys ${show(key)}`);
    if (metadata.size === maxMetadata) {
      throw new FileError(path, `at most ${maxMetadata} metadata keys`, 'more');
    }
    metadata.set(key, scanner.string());
  });
}

function scanTensor(scanner: HeaderScanner, path: string, name: string, dataStart: number): TensorEntry {
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let range: number[] | undefined;
  scanner.object((key) => {
    if (key === 'dtype' && dtype === undefined) {
      const found = scanner.string();
      if (!isDtype(found)) {
        const known = Object.keys(itemSizes).join(', ');
        throw new FileError(path, `tensor ${show(name)} to be one of ${known}`, show(found));
      }
      dtype = found;
    } else if (key === 'shape' && shape === undefined) {
      shape = scanner.integers(highestRank);
    } else if (key === 'data_offsets' && range === undefined) {
      range = scanner.integers(2);
    } else {
      throw new FileError(
        path,
        `tensor ${show(name)} to have dtype, shape and data_offsets, each once`,
        show(key),
      );
    }
  });
  if (dtype === undefined || shape === undefined || range?.length !== 2) {
    const missing = dtype === undefined ? 'dtype' : shape === undefined ? 'shape' : 'two data_offsets';
    throw new FileError(
      path,
      `tensor ${show(name)} to have dtype, shape and two data_offsets`,
      `no ${missing}`,
    );
  }

  const [begin, end] = range;
  const expected = byteLengthOf(shape, itemSizes[dtype]);
  if (expected === undefined || end - begin !== expected) {
    throw new FileError(
      path,
      `tensor ${show(name)} of ${dtype} ${show(shape)} to have ${expected ?? 'fewer than 2^53'} bytes`,
      `data_offsets ${show(range)}`,
    );
  }
  const offset = checkedSum(dataStart, begin);
  if (offset === undefined) {
    throw new FileError(path, `tensor ${show(name)} inside the file`, `data_offsets ${show(range)}`);
  }
  return { name, dtype, shape, offset, byteLength: expected };
}

/** @throws FileError  unless the tensors, one after the other, are exactly the rest of the file */
function checkTiling(
  path: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  dataStart: number,
  fileSize: number | undefined,
): void {
  // an empty tensor stands before the one that begins where it does
  const inOrder = [...tensors.values()].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const { name, offset, byteLength } of inOrder) {
    if (offset !== end) {
      const fault = offset < end ? 'an overlap' : 'a hole';
      throw new FileError(
        path,
        `tensor ${show(name)} to begin at data byte ${end - dataStart}`,
        `${fault}: it begins at ${offset - dataStart}`,
      );
    }
    end = checkedSum(offset, byteLength) ?? Number.POSITIVE_INFINITY;
  }
  if (fileSize === undefined) return;
  if (end > fileSize) {
    throw new FileError(path, `${end} bytes`, `${fileSize}`, 'the file is cut short: fetch or copy it again');
  }
  if (end < fileSize) {
    throw new FileError(path, `${end} bytes`, `${fileSize - end} more that belong to no tensor`);
  }
}
