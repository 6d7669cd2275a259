import { rewrite } from './rewrite.ts';
import { input, type Tensor, topological } from './tensor.ts';

/**
 * Cuts a graph in parts that run one after the other: what all of the rest is computed from, beside inputs and weights, is an
 * output of one part and an input of the next, `cut 1`, `cut 2`, … What two parts compute of inputs alone, each has of its own.
 *
 * @param at  where to cut, first the value that is computed first
 * @returns   the outputs of each part; those of all parts but the values handed on are the graph's
 */
export function cut(
  outputs: Readonly<Record<string, Tensor>>,
  at: readonly Tensor[],
): Readonly<Record<string, Tensor>>[] {
  const parts: Readonly<Record<string, Tensor>>[] = [];
  let [rest, places] = [outputs, at];
  for (const i of at.keys()) {
    const name = `cut ${i + 1}`;
    const [place, ...later] = places;
    const { dtype, shape } = place;
    const given = input(name, dtype, shape);
    const before: Record<string, Tensor> = { [name]: place };
    const behind: Record<string, Tensor> = {};
    const dependent = new Set([place]);
    for (const tensor of topological(Object.values(rest)))
      if (tensor.inputs.some((from) => dependent.has(from))) dependent.add(tensor);
    for (const [output, tensor] of Object.entries(rest))
      (dependent.has(tensor) ? behind : before)[output] = tensor;
    parts.push(before);
    // the later places are carried along, to be found again in the changed graph
    const marked = { ...behind, ...Object.fromEntries(later.map((tensor, k) => [`place ${k}`, tensor])) };
    const changed = rewrite(marked, (tensor, same) => (tensor === place ? given : same));
    places = later.map((_, k) => changed[`place ${k}`]);
    rest = Object.fromEntries(Object.keys(behind).map((output) => [output, changed[output]]));
  }
  return [...parts, rest];
}
