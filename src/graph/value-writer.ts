import type { OnnxGraph } from './onnx-schema.ts';
import type { DType, Shape } from './tensor-type.ts';

/** Where a parameter's bytes lie: in a file beside the model, most often a .safetensors file. */
export interface ExternalData {
  /** Name of the file, relative to the folder that the session is told. */
  readonly location: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
  /** How the file stores it, when that isn't the parameter's own type: a cast follows. */
  readonly dtype: DType;
}

/**
 * Where a matrix W [N, M] lies that is stored in blocks along M: w = (code − zero) · scale. The last block of a row is
 * padded. It can be multiplied with, x Wᵀ, and nothing else.
 */
export interface QuantisedData {
  readonly bits: 4 | 8;
  /** Numbers in a block. */
  readonly block: number;
  /** The codes; of two in a byte the lower half is the first. uint8   [N, blocks, block · bits / 8] */
  readonly codes: ExternalData;
  /** float32   [N, blocks] */
  readonly scales: ExternalData;
  /** The codes that stand for zero, packed likewise; without them it's 2^(bits − 1). uint8   [N, ⌈blocks · bits / 8⌉], then padding */
  readonly zeros?: ExternalData;
  /** For who reads rows of it, as of an embedding: the matrix as it was, or again its blocks. */
  readonly table?: ExternalData | BlockTable;
}

/** A matrix of which rows are read, in the blocks of its `QuantisedData`. */
export type BlockTable = Pick<QuantisedData, 'codes' | 'scales'>;

/** What an operation writes itself with. */
export interface ValueWriter {
  /** Whether an operation, by its name, may be written as a fused operator. */
  fuses(operation: string): boolean;
  /** Whether products with a matrix in blocks are not to be rounded. */
  readonly exact: boolean;
  /** Adds a node and returns the name of its only output. */
  node(type: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** The same for what is computed of weights alone, just before it is used. */
  weightNode(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds a node of so many outputs and returns their names. */
  outputs(type: string, inputs: readonly string[], count: number, attributes?: Attributes): string[];
  /**
   * A value that is computed in a subgraph (the branch of an `If` that is always taken). Matrices in blocks that are used there
   * have their scales and zeros in the subgraph, and their codes in the outermost graph. When ONNX Runtime has prepacked a
   * tensor it looks for it among all of its graph, to take it away: of thousands of experts that takes minutes. But it lets go
   * of the memory of the outermost graph alone, and prepacked codes are not to stay twice.
   *
   * @param x      a value that `write` uses, of the same type as what it gives
   * @param dtype  of both
   */
  inSubgraph(x: string, dtype: DType, write: () => string): string;
  /** A vector of int64, as many operators want their axes and shapes. */
  ints(values: readonly number[]): string;
  /** A number, as a tensor without axes. */
  scalar(value: number, dtype: DType): string;
  /** A dimension that is known only when the graph runs, as a vector of one int64. */
  dimension(name: string): string;
  /** A shape as a vector of int64 for a reshape, with dimensions that are known only when the graph runs. */
  shape(shape: Shape): string;
  /** A value in the type that it is stored in, for an operation that can cast what it took of it instead of all. */
  stored(value: string): { readonly value: string; readonly dtype?: DType };
  /** Whether a value is a parameter in blocks. */
  isInBlocks(value: string): boolean;
  /** What is stored in place of a parameter in blocks; undefined for any other value. */
  quantised(value: string): QuantisedValue | undefined;
  /** What is stored in place of a parameter whose rows are read off blocks; undefined for any other value. */
  quantisedTable(value: string): QuantisedValue | undefined;
}

/** A matrix in blocks, by the names of its parts. */
export interface QuantisedValue extends Pick<QuantisedData, 'bits' | 'block'> {
  readonly codes: string;
  readonly scales: string;
  readonly zeros?: string;
}

/** An operator's attributes by name: whole numbers and lists of them, texts, and floats and graphs, which say that they are. */
export type Attributes = Readonly<
  Record<
    string,
    number | string | readonly number[] | { readonly float: number } | { readonly graph: OnnxGraph }
  >
>;
