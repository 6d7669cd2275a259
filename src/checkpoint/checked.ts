/**
 * Arithmetic on sizes that a file claims. Every product, sum and number of bytes that comes from a file passes
 * through here, so that none is rounded, wraps or is negative; what can't be right is `undefined`.
 */

/** a · b of two whole numbers, or undefined beyond 2^53 − 1. */
export function checkedProduct(a: number, b: number): number | undefined {
  const product = a * b;
  return Number.isSafeInteger(product) ? product : undefined;
}

/** a + b of two whole numbers, or undefined beyond 2^53 − 1. */
export function checkedSum(a: number, b: number): number | undefined {
  const sum = a + b;
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** A number of 64 bits as a number of JavaScript, or undefined beyond 2^53 − 1. */
export function safeSize(value: bigint): number | undefined {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

/** The bytes that a shape takes, multiplied from the left as the format's reference does, or undefined beyond 2^53 − 1. */
export function byteLengthOf(shape: readonly number[], itemSize: number): number | undefined {
  let size: number | undefined = 1;
  for (const dimension of shape) {
    size = checkedProduct(size, dimension);
    if (size === undefined) return undefined;
  }
  return checkedProduct(size, itemSize);
}
