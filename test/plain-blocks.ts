import type { Weights } from '../src/checkpoint/weights.ts';

/**
 * A matrix that is stored in blocks, read one number at a time from the definition: w = (code − zero) · scale.
 *
 * @param shape  [N, M]
 */
export async function readPlainly(
  weights: Weights,
  name: string,
  [N, M]: readonly number[],
  { bits, block }: { readonly bits: number; readonly block: number },
): Promise<Float32Array> {
  const codes = await weights.readRaw(`${name}.codes`);
  const scales = new DataView((await weights.readRaw(`${name}.scales`)).buffer);
  const zeros = weights.entries.has(`${name}.zeros`) ? await weights.readRaw(`${name}.zeros`) : undefined;
  const perRow = Math.ceil(M / block);
  const bitsFrom = (bytes: Uint8Array, row: number, rowBytes: number, index: number): number => {
    const bit = index * bits;
    const byte = bytes[row * rowBytes + Math.floor(bit / 8)];
    return Math.floor(byte / 2 ** (bit % 8)) % 2 ** bits;
  };
  const result = new Float32Array(N * M);
  for (let n = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      const b = Math.floor(m / block);
      const code = bitsFrom(codes, n, (perRow * block * bits) / 8, m);
      const zero = zeros ? bitsFrom(zeros, n, Math.ceil((perRow * bits) / 8), b) : 2 ** (bits - 1);
      result[n * M + m] = (code - zero) * scales.getFloat32(4 * (n * perRow + b), true);
    }
  }
  return result;
}
