import { sizeOf } from '../base/array.ts';
import { FileError, show } from '../base/errors.ts';

/** How numbers are stored in blocks: w = (code − zero) · scale, a scale for each block. */
export interface BlockFormat {
  readonly bits: 4 | 8;
  /** Numbers in a block. */
  readonly block: number;
  /** Zero is the code in the middle, 2^(bits − 1); else each block has a code of its own for it. */
  readonly symmetric: boolean;
}

/**
 * A matrix [N, M] in blocks along M, the last one of a row padded with zeros, as ONNX Runtime's MatMulNBits reads it.
 */
export interface Blocks {
  /** Of two codes in a byte the lower half is the first   [N, blocks, block · bits / 8] */
  readonly codes: Uint8Array;
  /** [N, blocks] */
  readonly scales: Float32Array;
  /** Packed as the codes are; of the asymmetric formats   [N, ⌈blocks · bits / 8⌉], and up to 3 bytes more */
  readonly zeros?: Uint8Array;
}

/** The shapes of a matrix's parts. That of the zeros is filled up, so that what follows it in a file is aligned. */
export function blockShapes(
  [N, M]: readonly number[],
  { bits, block, symmetric }: BlockFormat,
): { readonly codes: number[]; readonly scales: number[]; readonly zeros?: number[] } {
  const blocks = Math.ceil(M / block);
  return {
    codes: [N, blocks, (block * bits) / 8],
    scales: [N, blocks],
    ...(symmetric ? {} : { zeros: [4 * Math.ceil((N * zerosPerRow(blocks, bits)) / 4)] }),
  };
}

const zerosPerRow = (blocks: number, bits: number): number => Math.ceil((blocks * bits) / 8);

/** Takes the rows of a matrix, some at a time, and gives it in blocks. */
export interface BlockWriter {
  /** The next rows. @throws FileError  for a number that isn't finite */
  add(rows: Float32Array): void;
  readonly blocks: Blocks;
  /** Σ (w − w′)² and Σ w² of the rows so far. */
  readonly squaredError: number;
  readonly squares: number;
}

/**
 * Rounds a matrix to blocks. An asymmetric block reaches from its least number to its largest, zero between them, and
 * wastes no code; a symmetric one to its largest magnitude on either side.
 *
 * @param name  of the tensor, and the path of its file: for the error
 */
export function blockWriter(
  shape: readonly number[],
  format: BlockFormat,
  { path, name }: { readonly path: string; readonly name: string },
): BlockWriter {
  const [, M] = shape;
  const { bits, block } = format;
  const shapes = blockShapes(shape, format);
  const codes = new Uint8Array(sizeOf(shapes.codes));
  const scales = new Float32Array(sizeOf(shapes.scales));
  const zeros = shapes.zeros && new Uint8Array(sizeOf(shapes.zeros));
  const [, perRow] = shapes.scales;
  const rounded: RoundedBlock = {
    codes: new Uint8Array(block),
    scale: 1,
    zero: 0,
    squaredError: 0,
    squares: 0,
  };
  let row = 0;
  let squaredError = 0;
  let squares = 0;

  function addRow(rows: Float32Array, start: number): void {
    for (let b = 0; b < perRow; b++) {
      // where they lie: a view of so few numbers costs more than they do
      const from = start + b * block;
      roundBlock(rows, from, Math.min(from + block, start + M), format, rounded);
      if (!Number.isFinite(rounded.squares))
        throw new FileError(path, 'finite numbers', `others in tensor ${show(name)}`, 'it cannot be rounded');
      squaredError += rounded.squaredError;
      squares += rounded.squares;
      const at = row * perRow + b;
      scales[at] = rounded.scale;
      pack(rounded.codes, bits, codes, (at * block * bits) / 8);
      if (zeros && bits === 8) zeros[at] = rounded.zero;
      else if (zeros) zeros[row * zerosPerRow(perRow, bits) + (b >> 1)] |= rounded.zero << (4 * (b & 1));
    }
    row++;
  }

  return {
    add(rows) {
      for (let start = 0; start < rows.length; start += M) addRow(rows, start);
    },
    blocks: { codes, scales, ...(zeros && { zeros }) },
    get squaredError() {
      return squaredError;
    },
    get squares() {
      return squares;
    },
  };
}

interface RoundedBlock {
  readonly codes: Uint8Array;
  scale: number;
  zero: number;
  squaredError: number;
  squares: number;
}

/**
 * Rounds one block into memory that is used again for each: there are hundreds of millions in a model. What is missing of the
 * last of a row is zeros.
 */
function roundBlock(
  w: Float32Array,
  start: number,
  end: number,
  { bits, symmetric }: BlockFormat,
  result: RoundedBlock,
): void {
  const { codes } = result;
  const highest = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  let low = 0;
  let high = 0;
  for (let i = start; i < end; i++) {
    const value = w[i];
    // a NaN is found by the sum of squares
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  const span = symmetric ? Math.max(high, -low) / (middle - 1) : (high - low) / highest;
  // as it will be read; a block of zeros, or of numbers that are as good as that, has any scale
  const scale = Math.fround(span) || 1;
  const zero = symmetric ? middle : Math.min(highest, Math.round(-low / scale));
  const inverse = 1 / scale;
  const offset = zero + 0.5;
  let squaredError = 0;
  let squares = 0;
  for (let i = start; i < end; i++) {
    const value = w[i];
    const near = (value * inverse + offset) | 0;
    const code = near > highest ? highest : near;
    const difference = value - (code - zero) * scale;
    squaredError += difference * difference;
    squares += value * value;
    codes[i - start] = code;
  }
  if (end - start < codes.length) codes.fill(zero, end - start);
  result.scale = scale;
  result.zero = zero;
  result.squaredError = squaredError;
  result.squares = squares;
}

/** Codes of 8 bits as they are, of 4 bits two in a byte. */
function pack(codes: Uint8Array, bits: 4 | 8, to: Uint8Array, start: number): void {
  if (bits === 8) for (let i = 0; i < codes.length; i++) to[start + i] = codes[i];
  else for (let i = 0; i < codes.length; i += 2) to[start + (i >> 1)] = codes[i] | (codes[i + 1] << 4);
}
