import { sizeOf } from '../base/array.ts';
import { blockShapes, type BlockWriter, blockWriter } from '../checkpoint/block-quantisation.ts';
import { narrowF16, widenF16 } from '../checkpoint/half.ts';
import type { Weights } from '../checkpoint/weights.ts';
import type { Numbers, TensorToWrite } from '../checkpoint/safetensors-pieces.ts';
import { FileError, show } from '../base/errors.ts';
import type { StoredParameter } from './storage.ts';
import {
  type BlockFormatName,
  blockFormats,
  blockNames,
  isBlockFormat,
  type WeightFormat,
} from './weight-format.ts';

/** Numbers that are read at a time: beside one tensor's result no more of a model is ever in memory. */
const numbersAtATime = 1 << 22;

/** Who is told of progress, and what stops it. */
export interface QuantiseOptions {
  /** Is told how many of the numbers that are to be read have been. */
  readonly onProgress?: (done: number, total: number) => void;
  /** What was made before. Default: nothing. */
  readonly kept?: KeptTensors;
  /** Is told what rounding did to a parameter, once its tensors are made. */
  readonly onRounded?: (parameter: string, sums: ErrorSums) => void;
  readonly signal?: AbortSignal;
}

/** Tensors of the copy that need not be made again. */
export interface KeptTensors {
  has(tensor: string): boolean;
  /** The bytes of one of them; undefined where they can't be had after all. */
  read(tensor: string): Promise<Uint8Array | undefined>;
  /** By parameter, of those that were rounded. */
  readonly sums: ReadonlyMap<string, ErrorSums>;
}

/** What rounding did to numbers: Σ (w − w′)², and Σ w². */
export interface ErrorSums {
  readonly squaredError: number;
  readonly squares: number;
}

/** What rounding did to a parameter. */
export interface RoundingError {
  readonly name: string;
  /** √(Σ (w − w′)² / Σ w²) */
  readonly relative: number;
}

/** The tensors of a model in another format. Each is read and rounded when it is written, some rows at a time. */
export interface QuantisedTensors {
  readonly tensors: readonly TensorToWrite[];
  /**
   * Of what was rounded and written so far, in the order of the network. `overall` is that of the matrices that are
   * multiplied with, taken together: in their formats a table has 16 bits, and would hide it.
   */
  errors(): { readonly overall: number; readonly tensors: readonly RoundingError[] };
}

/**
 * @param weights     as they were published, in floats
 * @param parameters  how each is to be stored
 */
export function quantisedTensors(
  weights: Pick<Weights, 'entries' | 'read'>,
  parameters: ReadonlyMap<string, StoredParameter>,
  format: Exclude<WeightFormat, 'f32'>,
  options: QuantiseOptions = {},
): QuantisedTensors {
  const quantiser = new Quantiser(weights, options);
  const tensors: { float32: TensorToWrite[]; blocks: TensorToWrite[]; half: TensorToWrite[] } = {
    float32: [],
    blocks: [],
    half: [],
  };
  for (const [name, { shape, storage }] of parameters) {
    if (storage === 'float32') tensors.float32.push(quantiser.asFloat32(name, shape));
    if (storage === 'half' || storage === 'blocks and table')
      tensors.half.push(quantiser.asHalf(name, shape));
    if (storage.startsWith('blocks') && isBlockFormat(format))
      tensors.blocks.push(...quantiser.asBlocks(name, shape, format));
  }
  return {
    // in this order each begins at a multiple of its element's size
    tensors: [...tensors.float32, ...tensors.blocks, ...tensors.half],
    errors: () => errorsIn(quantiser.sums, parameters, format),
  };
}

/** A tensor whose numbers are made when they are asked for. */
interface MadeTensor extends TensorToWrite {
  readonly data: () => AsyncIterable<Numbers>;
}

/** Tensors that are read and rounded when they are written. */
class Quantiser {
  readonly sums: Map<string, ErrorSums>;
  readonly #weights: Pick<Weights, 'entries' | 'read'>;
  readonly #options: QuantiseOptions;
  /** Numbers that are to be read, and that have been. */
  #total = 0;
  #done = 0;
  /** How often each tensor is still to be read, of what `#total` counts. */
  readonly #toRead = new Map<string, number>();

  constructor(weights: Pick<Weights, 'entries' | 'read'>, options: QuantiseOptions) {
    this.#weights = weights;
    this.#options = options;
    this.sums = new Map(options.kept?.sums);
  }

  asFloat32(name: string, shape: readonly number[]): TensorToWrite {
    return this.#made({ name, shape, dtype: 'F32', data: () => this.#rowsOf(name) });
  }

  /** 16 bits stay the 16 bits that they are; others become F16. */
  asHalf(name: string, shape: readonly number[]): TensorToWrite {
    const { dtype } = this.#weights.entries.get(name)!;
    return this.#made(
      dtype === 'F16' || dtype === 'BF16'
        ? { name, shape, dtype, data: () => this.#rowsOf(name) }
        : { name, shape, dtype: 'F16', data: () => this.#halvesOf(name) },
    );
  }

  asBlocks(name: string, shape: readonly number[], blockFormat: BlockFormatName): TensorToWrite[] {
    const { file } = this.#weights.entries.get(name)!;
    const names = blockNames(name);
    const shapes = blockShapes(shape, blockFormats[blockFormat]);
    // the parts are written one after the other, and made at once when the first is
    let made: Promise<BlockWriter> | undefined;
    const make = async (): Promise<BlockWriter> => {
      const writer = blockWriter(shape, blockFormats[blockFormat], { path: file, name });
      for await (const rows of this.#rowsOf(name)) writer.add(rows);
      this.#note(name, pick(writer));
      return writer;
    };
    const parts = (['scales', 'codes', 'zeros'] as const).filter((part) => shapes[part]);
    if (!parts.every((part) => this.#options.kept?.has(names[part]))) this.#expectToRead(name, shape);
    return parts.map((part) =>
      this.#unlessKept({
        name: names[part],
        shape: shapes[part]!,
        dtype: part === 'scales' ? 'F32' : 'U8',
        async *data(): AsyncGenerator<Numbers> {
          made ??= make();
          const { blocks } = await made;
          if (part === parts.at(-1)) made = undefined;
          yield blocks[part]!;
        },
      }),
    );
  }

  #note(name: string, sums: ErrorSums): void {
    this.sums.set(name, sums);
    this.#options.onRounded?.(name, sums);
  }

  /** A tensor that is made of the numbers of one parameter, each read once. */
  #made(tensor: MadeTensor): TensorToWrite {
    if (!this.#options.kept?.has(tensor.name)) this.#expectToRead(tensor.name, tensor.shape);
    return this.#unlessKept(tensor);
  }

  #expectToRead(name: string, shape: readonly number[]): void {
    this.#total += sizeOf(shape);
    this.#toRead.set(name, (this.#toRead.get(name) ?? 0) + 1);
  }

  /** As it was made before, where it was. */
  #unlessKept(tensor: MadeTensor): TensorToWrite {
    const { kept, signal } = this.#options;
    if (!kept?.has(tensor.name)) return tensor;
    return {
      ...tensor,
      async *data() {
        signal?.throwIfAborted();
        const bytes = await kept.read(tensor.name);
        if (bytes) yield bytes;
        else yield* tensor.data();
      },
    };
  }

  async *#rowsOf(name: string): AsyncGenerator<Float32Array> {
    const { onProgress, signal } = this.#options;
    const { shape } = this.#weights.entries.get(name)!;
    const [N] = shape;
    // one that was to be kept, and is damaged
    if (!this.#toRead.get(name)) this.#expectToRead(name, shape);
    this.#toRead.set(name, this.#toRead.get(name)! - 1);
    const atATime = Math.max(1, Math.floor(numbersAtATime / Math.max(1, sizeOf(shape.slice(1)))));
    for (let first = 0; first < N; first += atATime) {
      signal?.throwIfAborted();
      const { data } = await this.#weights.read(name, { first, count: Math.min(atATime, N - first) });
      yield data;
      this.#done += data.length;
      onProgress?.(this.#done, this.#total);
    }
  }

  async *#halvesOf(name: string): AsyncGenerator<Numbers> {
    const { file } = this.#weights.entries.get(name)!;
    const sum = { squaredError: 0, squares: 0 };
    for await (const rows of this.#rowsOf(name)) {
      const halves = new Uint16Array(rows.length);
      narrowF16(rows, halves);
      addErrors(sum, rows, halves);
      if (!Number.isFinite(sum.squaredError))
        throw new FileError(file, 'numbers up to 65504', `larger ones in tensor ${show(name)}`);
      yield new Uint8Array(halves.buffer);
    }
    if (!this.sums.has(name)) this.#note(name, sum);
  }
}

function errorsIn(
  sums: ReadonlyMap<string, ErrorSums>,
  parameters: ReadonlyMap<string, StoredParameter>,
  format: WeightFormat,
): ReturnType<QuantisedTensors['errors']> {
  const rounded = [...parameters.keys()].flatMap((name) => {
    const sum = sums.get(name);
    return sum ? [{ name, ...pick(sum) }] : [];
  });
  const main = isBlockFormat(format)
    ? rounded.filter(({ name }) => parameters.get(name)!.storage !== 'half')
    : rounded;
  const add = (key: keyof ErrorSums) => main.reduce((sum, tensor) => sum + tensor[key], 0);
  return {
    overall: Math.sqrt(add('squaredError') / (add('squares') || 1)),
    tensors: rounded.map(({ name, squaredError, squares }) => ({
      name,
      relative: Math.sqrt(squaredError / (squares || 1)),
    })),
  };
}

const pick = ({ squaredError, squares }: ErrorSums): ErrorSums => ({ squaredError, squares });

function addErrors(
  sum: { -readonly [Key in keyof ErrorSums]: number },
  rows: Float32Array,
  halves: Uint16Array,
): void {
  const rounded = new Float32Array(rows.length);
  widenF16(halves, rounded);
  for (let i = 0; i < rows.length; i++) {
    sum.squaredError += (rows[i] - rounded[i]) ** 2;
    sum.squares += rows[i] ** 2;
  }
}
