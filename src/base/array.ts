/** Numbers in memory with a shape, row-major. */
export interface NdArray<Data = Float32Array> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** The number of elements of a shape; of [] it is 1. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
