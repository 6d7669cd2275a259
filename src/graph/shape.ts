import type { Tensor } from './tensor.ts';
import { type Dim, GraphError, type Shape } from './tensor-type.ts';

/** A shape as messages have it: [2, 3]. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;
/** A type as messages have it: float32[2, 3]. */
export const showType = ({ dtype, shape }: { dtype: string; shape: Shape }): string =>
  `${dtype}${showShape(shape)}`;

/** Whether two shapes are the same. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** A negative axis counts from the end. */
export function axisOf(axis: number, rank: number, operation: string): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank)
    throw new GraphError(`${operation}: no axis ${axis} in a tensor of rank ${rank}`);
  return positive;
}

/** The product of dimensions: a number, or a name such as 'B*L' whose factors are in alphabetical order. */
export function product(dims: Shape): Dim {
  let size = 1;
  const names: string[] = [];
  for (const dim of dims) {
    if (typeof dim === 'number') size *= dim;
    else names.push(...dim.split('*'));
  }
  if (names.length === 0) return size;
  const factors = names.sort((a, b) => (isDigits(a) ? -1 : isDigits(b) ? 1 : a < b ? -1 : 1));
  if (isDigits(factors[0])) size *= Number(factors.shift());
  return size === 1 ? factors.join('*') : [size, ...factors].join('*');
}

const isDigits = (text: string) => /^\d+$/.test(text);

/** The shape that two shapes broadcast to, by NumPy's rule. */
export function broadcast(a: Shape, b: Shape, operation: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    if (da === db || db === 1) return da;
    if (da === 1) return db;
    throw new GraphError(`${operation}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast`);
  });
}

/** Throws unless all tensors have one type of numbers. */
export function requireSameDtype(operation: string, ...tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.dtype !== tensors[0].dtype)
      throw new GraphError(`${operation}: types differ: ${tensors.map(showType).join(', ')}`);
  }
}
