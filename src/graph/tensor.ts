import type { ValueWriter } from './value-writer.ts';
import type { DType, Shape, TensorType } from './tensor-type.ts';

/** A symbolic tensor: the result of an operation on others. Nothing is computed until a session runs the written graph. */
export interface Tensor<Attributes = unknown> extends TensorType {
  readonly operation: Operation<Attributes>;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/**
 * An operation: its shape rule, its ONNX form and its gradient. Every operation has a way to be written (`onnx`, or
 * `expand` into others) and, where a derivative exists, a way to be differentiated (`gradient`, or again `expand`).
 */
export interface Operation<Attributes> {
  readonly name: string;
  /** The type of the result. @throws GraphError  when the inputs do not fit each other */
  infer(inputs: readonly Tensor[], attributes: Attributes): TensorType;
  /** Writes the node and returns the name of its output. Beside an `expand` this is a fused form, float32 only. */
  onnx?(writer: ValueWriter, node: Tensor<Attributes>, inputs: readonly string[]): string;
  /** The same result from simpler operations. */
  expand?(inputs: readonly Tensor[], attributes: Attributes): Tensor;
  /**
   * The vector-Jacobian product: from dy = ∂loss/∂y to ∂loss/∂x of each input; undefined for an input
   * that has no derivative.
   */
  gradient?(node: Tensor<Attributes>, dy: Tensor): readonly (Tensor | undefined)[];
  /** What a node does with its input of that number. Default: 'other'. */
  use?(node: Tensor<Attributes>, input: number): Use;
}

/** How a tensor is computed of another: as x Wᵀ, as rows of a table, or in any other way. */
export type Use = 'product' | 'rows' | 'other';

/** A node of the graph. @throws GraphError  when the inputs do not fit each other */
export function applyOperation<Attributes>(
  operation: Operation<Attributes>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor {
  const { dtype, shape } = operation.infer(inputs, attributes);
  return { operation, inputs, attributes, dtype, shape } as Tensor;
}

/** What tells one input or parameter of a graph from another. */
export interface LeafAttributes {
  readonly name: string;
  readonly type: TensorType;
}

const leaf = (name: string): Operation<LeafAttributes> => ({ name, infer: (_, { type }) => type });

/** A tensor that a run is given. */
export const inputOperation = leaf('input');
/** A tensor that a session is opened with, or a run is given. */
export const parameterOperation = leaf('parameter');

/** A value given with each run: tokens, masks, a learning rate. */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return applyOperation(inputOperation, [], { name, type: { dtype, shape } });
}

/** A weight: an input while it is trained, part of the model when it isn't. */
export function parameter(name: string, shape: readonly number[], dtype: DType = 'float32'): Tensor {
  return applyOperation(parameterOperation, [], { name, type: { dtype, shape } });
}

/** The numbers of a constant, in row-major order. */
export interface ConstantAttributes {
  readonly type: TensorType;
  readonly values: ArrayLike<number>;
}

/** A tensor whose numbers are in the graph. */
export const constantOperation: Operation<ConstantAttributes> = {
  name: 'constant',
  infer: (_, { type }) => type,
};

/** Numbers that are part of the graph. */
export function constant(
  values: ArrayLike<number>,
  shape: readonly number[],
  dtype: DType = 'float32',
): Tensor {
  return applyOperation(constantOperation, [], { type: { dtype, shape }, values });
}

/** A number, as a tensor without axes. Default type: float32. */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  return constant([value], [], dtype);
}

/** Whether a tensor is a weight, which an optimiser may change. */
export const isParameter = (tensor: Tensor): tensor is Tensor<LeafAttributes> =>
  (tensor.operation as unknown) === parameterOperation;
/** Whether a tensor is given anew with each run of the graph. */
export const isInput = (tensor: Tensor): tensor is Tensor<LeafAttributes> =>
  (tensor.operation as unknown) === inputOperation;
/** Whether a tensor's numbers are written into the graph. */
export const isConstant = (tensor: Tensor): tensor is Tensor<ConstantAttributes> =>
  (tensor.operation as unknown) === constantOperation;

/** Every tensor that `outputs` are computed from, each after its inputs; nothing at or behind one that is `known`. */
export function topological(
  outputs: readonly Tensor[],
  known: (tensor: Tensor) => boolean = () => false,
): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // an explicit stack: a graph with its gradient is deeper than the call stack likes
  const stack: { readonly tensor: Tensor; next: number }[] = [];
  const enter = (tensor: Tensor) => {
    if (seen.has(tensor) || known(tensor)) return;
    seen.add(tensor);
    stack.push({ tensor, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next < top.tensor.inputs.length) enter(top.tensor.inputs[top.next++]);
      else order.push(stack.pop()!.tensor);
    }
  }
  return order;
}
