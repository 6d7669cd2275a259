import { matmul } from './primitives.ts';
import { requireSameDtype, sameShape, showType } from './shape.ts';
import type { ValueWriter } from './value-writer.ts';
import { applyOperation, type Operation, type Tensor } from './tensor.ts';
import { GraphError } from './tensor-type.ts';

// Rows that lie in groups, one behind the other, and each group meets a matrix of its own: experts and their tokens.

const argsortOperation: Operation<null> = {
  name: 'argsort',
  infer([x]) {
    if (x.shape.length !== 1) throw new GraphError(`argsort: ${showType(x)} is not a vector`);
    return { dtype: 'int64', shape: x.shape };
  },
  onnx(writer, { shape: [length] }, [x]) {
    const k = typeof length === 'number' ? writer.ints([length]) : writer.dimension(length);
    return writer.outputs('TopK', [x, k], 2, { axis: 0, largest: 0, sorted: 1 })[1];
  },
};

/**
 * Where the elements of a vector are, the smallest first; of equal ones the first. That of a permutation is its inverse.
 * An index has no derivative.
 */
export const argsort = (x: Tensor): Tensor => applyOperation(argsortOperation, [x], null);

/**
 * A value whose shape ONNX Runtime does not know before it runs: for a value of known rank it looks for memory to use again
 * among all values before it, and thousands of experts would take as many times thousands of comparisons.
 */
function withoutShape(writer: ValueWriter, x: string): string {
  const count = writer.node('Reshape', [writer.node('Size', [x]), writer.ints([1])]);
  // all dimensions, as there are no more of them than elements; to the engine, some
  const shape = writer.node('Slice', [writer.node('Shape', [x]), writer.ints([0]), count]);
  return writer.node('Reshape', [x, shape]);
}

const groupsOf = (writer: ValueWriter, x: string, counts: string, { shape: [count] }: Tensor): string[] =>
  writer.outputs('Split', [withoutShape(writer, x), counts], count as number, { axis: 0 });

const groupOperation: Operation<number> = {
  name: 'group',
  infer: ([x], index) => ({ dtype: x.dtype, shape: [`group ${index}`, ...x.shape.slice(1)] }),
  onnx: (writer, { attributes: index, inputs: [, counts] }, [x, lengths]) =>
    groupsOf(writer, x, lengths, counts)[index],
};

/** The rows of one group. It has no derivative: what is computed of all groups at once does. */
const group = (x: Tensor, counts: Tensor, index: number): Tensor =>
  applyOperation(groupOperation, [x, counts], index);

/** Whether the matrices are multiplied with as they are stored, x Wᵀ, or the other way, x W. */
type Orientation = 'transposed' | 'plain';

const product = (rows: Tensor, weight: Tensor, orientation: Orientation): Tensor =>
  matmul(rows, weight, { transB: orientation === 'transposed' });

const groupedLinearOperation: Operation<Orientation> = {
  name: 'groupedLinear',
  infer([x, counts, ...weights], orientation) {
    requireSameDtype('groupedLinear', x, ...weights);
    const alike = weights.every(({ shape }) => sameShape(shape, weights[0].shape));
    if (
      counts.dtype !== 'int64' ||
      !sameShape(counts.shape, [weights.length]) ||
      !alike ||
      x.shape.length !== 2
    )
      throw new GraphError(
        `groupedLinear: ${showType(x)} in groups of ${showType(counts)} do not fit ${weights.length} matrices ${showType(weights[0])}`,
      );
    const [, width] = product(group(x, counts, 0), weights[0], orientation).shape;
    return { dtype: x.dtype, shape: [x.shape[0], width] };
  },
  onnx(writer, node, [x, lengths, ...names]) {
    const [rows, counts, ...weights] = node.inputs;
    const products = () => {
      const all = groupsOf(writer, x, lengths, counts).map((part, i) => {
        const one = product(group(rows, counts, i), weights[i], node.attributes);
        return one.operation.onnx!(writer, one, [part, names[i]]);
      });
      return writer.node('Concat', all, { axis: 0 });
    };
    const all = writer.isInBlocks(names[0]) ? writer.inSubgraph(x, node.dtype, products) : products();
    return writer.node('Reshape', [all, writer.ints([-1, node.shape[1] as number])]);
  },
  /** dx is each group's dy with W the other way round; dW = dyᵀ x, or xᵀ dy, of its group. */
  gradient({ inputs: [x, counts, ...weights], attributes: orientation }, dy) {
    const isTransposed = orientation === 'transposed';
    const dx = groupedLinear(dy, counts, weights, isTransposed ? 'plain' : 'transposed');
    const dWeights = weights.map((_, i) => {
      const [ofX, ofY] = [group(x, counts, i), group(dy, counts, i)];
      return isTransposed ? matmul(ofY, ofX, { transA: true }) : matmul(ofX, ofY, { transA: true });
    });
    return [dx, undefined, ...dWeights];
  },
  use: ({ attributes }, input) => (input >= 2 && attributes === 'transposed' ? 'product' : 'other'),
};

/**
 * x Wᵀ, or x W, for rows in groups, the first `counts[0]` of them with the first matrix, the next `counts[1]` with the
 * second. A group may be empty.
 *
 * @param x        [P, in]
 * @param counts   rows of each group; their sum is P   int64   [E]
 * @param weights  E matrices   [out, in], or plain [in, out]
 * @returns        [P, out]
 */
export const groupedLinear = (
  x: Tensor,
  counts: Tensor,
  weights: readonly Tensor[],
  orientation: Orientation = 'transposed',
): Tensor => applyOperation(groupedLinearOperation, [x, counts, ...weights], orientation);
