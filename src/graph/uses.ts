import { isParameter, type Tensor, topological, type Use } from './tensor.ts';

/** What a node does with its input of that number. */
export const useOf = (node: Tensor, input: number): Use => node.operation.use?.(node, input) ?? 'other';

/** What `outputs` are computed of with each of their parameters, by the parameter's name. */
export function usesOfParameters(outputs: readonly Tensor[]): ReadonlyMap<string, ReadonlySet<Use>> {
  const uses = new Map<string, Set<Use>>();
  for (const node of topological(outputs)) {
    for (const [i, input] of node.inputs.entries()) {
      if (!isParameter(input)) continue;
      const { name } = input.attributes;
      uses.set(name, (uses.get(name) ?? new Set()).add(useOf(node, i)));
    }
  }
  return uses;
}
