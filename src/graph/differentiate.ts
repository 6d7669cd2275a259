import { add, zerosLike } from './primitives.ts';
import { showShape } from './shape.ts';
import { scalar, type Tensor, topological } from './tensor.ts';
import { GraphError } from './tensor-type.ts';

/**
 * Reverse-mode differentiation by adding nodes: the gradients of a scalar with respect to some tensors.
 *
 * An operation without a gradient of its own is first replaced by its expansion, in the forward pass too, so that
 * both passes share the values in between.
 *
 * @param loss  a scalar
 * @param of    the tensors to differentiate by; one that the loss does not depend on has gradient zero
 * @returns     the loss, rewritten, and ∂loss/∂x of each, with the shape of x
 */
export function differentiate(
  loss: Tensor,
  of: readonly Tensor[],
): { readonly loss: Tensor; readonly gradients: readonly Tensor[] } {
  if (loss.shape.length !== 0)
    throw new GraphError(`only a scalar can be differentiated, not ${showShape(loss.shape)}`);
  const rewritten = expandUndifferentiable(loss);
  const order = topological([rewritten]);
  const depends = new Set<Tensor>(of);
  for (const tensor of order) if (tensor.inputs.some((from) => depends.has(from))) depends.add(tensor);

  const gradients = new Map<Tensor, Tensor>([[rewritten, scalar(1, loss.dtype)]]);
  for (const tensor of order.toReversed()) {
    const dy = gradients.get(tensor);
    if (!dy || !tensor.inputs.some((from) => depends.has(from))) continue;
    const { operation } = tensor;
    if (!operation.gradient) throw new GraphError(`${operation.name} has no gradient`);
    for (const [i, dx] of operation.gradient(tensor, dy).entries()) {
      const from = tensor.inputs[i];
      if (!dx || !depends.has(from)) continue;
      const sum = gradients.get(from);
      gradients.set(from, sum ? add(sum, dx) : dx);
    }
  }
  return { loss: rewritten, gradients: of.map((tensor) => gradients.get(tensor) ?? zerosLike(tensor)) };
}

/** The same graph with every operation that has no gradient but an expansion replaced by it. */
function expandUndifferentiable(output: Tensor): Tensor {
  const replaced = new Map<Tensor, Tensor>();
  const rebuild = (root: Tensor): Tensor => {
    for (const tensor of topological([root], (known) => replaced.has(known))) {
      const { operation, attributes } = tensor;
      const inputs = tensor.inputs.map((from) => replaced.get(from)!);
      const same = inputs.every((from, i) => from === tensor.inputs[i]) ? tensor : { ...tensor, inputs };
      const expands = !operation.gradient && operation.expand;
      replaced.set(tensor, expands ? rebuild(operation.expand!(inputs, attributes)) : same);
    }
    return replaced.get(root)!;
  };
  return rebuild(output);
}
