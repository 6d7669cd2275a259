import { elementTypes } from './onnx-schema.ts';
import type { QuantisedValue, ValueWriter } from './value-writer.ts';

/**
 * A matrix in blocks as float32, w = (code − zero) · scale, computed anew just before it is used: what is multiplied with
 * Wᵀ can be multiplied with the blocks themselves, but the gradient of that is a product with W.
 *
 * @param shape  [N, M]
 * @returns      the name of the value   [N, M]
 */
export function dequantised(
  writer: ValueWriter,
  { codes, scales, zeros, bits, block }: QuantisedValue,
  [N, M]: readonly number[],
): string {
  const node: ValueWriter['weightNode'] = (type, inputs, attributes) =>
    writer.weightNode(type, inputs, attributes);
  const blocks = Math.ceil(M / block);
  const reshape = (value: string, shape: readonly number[]) => node('Reshape', [value, writer.ints(shape)]);
  const slice = (value: string, end: number) =>
    node('Slice', [value, writer.ints([0]), writer.ints([end]), writer.ints([1])]);
  const asFloat = (value: string) => node('Cast', [value], { to: elementTypes.float32 });
  /** Of two codes in a byte the lower half is the first. */
  const unpacked = (value: string): string => {
    if (bits === 8) return value;
    const halves = [
      node('BitwiseAnd', [value, writer.scalar(15, 'uint8')]),
      node('BitShift', [value, writer.scalar(4, 'uint8')], { direction: 'RIGHT' }),
    ].map((half) => node('Unsqueeze', [half, writer.ints([-1])]));
    return node('Concat', halves, { axis: -1 });
  };
  /** The codes for zero, without those that fill up a row. */
  const zerosOf = (value: string): string => {
    const perRow = Math.ceil((blocks * bits) / 8) * (8 / bits);
    const rows = reshape(unpacked(value), [N, perRow]);
    return asFloat(reshape(perRow === blocks ? rows : slice(rows, blocks), [N, blocks, 1]));
  };
  const zero = zeros === undefined ? writer.scalar(2 ** (bits - 1), 'float32') : zerosOf(zeros);
  const centred = node('Sub', [asFloat(reshape(unpacked(codes), [N, blocks, block])), zero]);
  const padded = reshape(node('Mul', [centred, reshape(scales, [N, blocks, 1])]), [N, blocks * block]);
  return M === blocks * block ? padded : slice(padded, M);
}
