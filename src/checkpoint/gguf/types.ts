import type { Dtype } from '../dtype.ts';
import {
  type Dequantise,
  dequantiseQ4_0,
  dequantiseQ4_1,
  dequantiseQ4_K,
  dequantiseQ5_0,
  dequantiseQ5_1,
  dequantiseQ5_K,
  dequantiseQ6_K,
  dequantiseQ8_0,
} from './dequantise.ts';
import { type Unpack, unpackQ4_0, unpackQ5_0, unpackQ8_0 } from './unpack.ts';

/** A way in which ggml stores the numbers of a tensor: in blocks of so many elements, each of so many bytes. */
export interface GgufTensorType {
  readonly name: string;
  readonly blockElements: number;
  readonly blockBytes: number;
  /** The same type in safetensors: its bytes are the same, and it's read where it lies. */
  readonly plain?: Dtype;
  /** Absent where we can't: such a tensor can be listed, and nothing else. */
  readonly dequantise?: Dequantise;
  /** Where its blocks are the same numbers as codes of so many bits, 32 to a scale. */
  readonly exact?: { readonly bits: 4 | 8; readonly unpack: Unpack };
}

/** Numbers in a block of the types with an `exact`. */
export const EXACT_BLOCK = 32;

const plain = (name: Dtype, bytes: number): GgufTensorType => ({
  name,
  blockElements: 1,
  blockBytes: bytes,
  plain: name,
});

const blocks = (
  name: string,
  blockElements: number,
  blockBytes: number,
  dequantise?: Dequantise,
  exact?: GgufTensorType['exact'],
): GgufTensorType => ({
  name,
  blockElements,
  blockBytes,
  ...(dequantise && { dequantise }),
  ...(exact && { exact }),
});

/** By the number that a file has for it (`enum ggml_type`). */
export const tensorTypes: ReadonlyMap<number, GgufTensorType> = new Map([
  [0, plain('F32', 4)],
  [1, plain('F16', 2)],
  [2, blocks('Q4_0', 32, 18, dequantiseQ4_0, { bits: 4, unpack: unpackQ4_0 })],
  [3, blocks('Q4_1', 32, 20, dequantiseQ4_1)],
  [6, blocks('Q5_0', 32, 22, dequantiseQ5_0, { bits: 8, unpack: unpackQ5_0 })],
  [7, blocks('Q5_1', 32, 24, dequantiseQ5_1)],
  [8, blocks('Q8_0', 32, 34, dequantiseQ8_0, { bits: 8, unpack: unpackQ8_0 })],
  [9, blocks('Q8_1', 32, 40)],
  [10, blocks('Q2_K', 256, 84)],
  [11, blocks('Q3_K', 256, 110)],
  [12, blocks('Q4_K', 256, 144, dequantiseQ4_K)],
  [13, blocks('Q5_K', 256, 176, dequantiseQ5_K)],
  [14, blocks('Q6_K', 256, 210, dequantiseQ6_K)],
  [15, blocks('Q8_K', 256, 292)],
  [16, blocks('IQ2_XXS', 256, 66)],
  [17, blocks('IQ2_XS', 256, 74)],
  [18, blocks('IQ3_XXS', 256, 98)],
  [19, blocks('IQ1_S', 256, 50)],
  [20, blocks('IQ4_NL', 32, 18)],
  [21, blocks('IQ3_S', 256, 110)],
  [22, blocks('IQ2_S', 256, 82)],
  [23, blocks('IQ4_XS', 256, 136)],
  [24, plain('I8', 1)],
  [25, plain('I16', 2)],
  [26, plain('I32', 4)],
  [27, plain('I64', 8)],
  [28, plain('F64', 8)],
  [29, blocks('IQ1_M', 256, 56)],
  [30, plain('BF16', 2)],
  [34, blocks('TQ1_0', 256, 54)],
  [35, blocks('TQ2_0', 256, 66)],
  [39, blocks('MXFP4', 32, 17)],
]);

/** The names of the types whose numbers can be had. */
export const readableTypes: readonly string[] = [...tensorTypes.values()]
  .filter(({ plain, dequantise }) => dequantise || plain?.includes('F'))
  .map(({ name }) => name);
