import { type Tensor, topological } from './tensor.ts';

/**
 * The same graph with other tensors in places.
 *
 * @param change  what stands for a tensor: `same`, which is it with its inputs changed already, or another of its type
 */
export function rewrite(
  outputs: Readonly<Record<string, Tensor>>,
  change: (tensor: Tensor, same: Tensor) => Tensor,
): Readonly<Record<string, Tensor>> {
  const changed = new Map<Tensor, Tensor>();
  for (const tensor of topological(Object.values(outputs))) {
    const inputs = tensor.inputs.map((from) => changed.get(from)!);
    const same = inputs.every((from, i) => from === tensor.inputs[i]) ? tensor : { ...tensor, inputs };
    changed.set(tensor, change(tensor, same));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, changed.get(tensor)!]));
}
