/** What a tensor is made of. */
export type DType = 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'uint8' | 'bool';

/** A dimension: a number, or the name of one that is known only when the graph runs, such as 'B' or a product 'B*L'. */
export type Dim = number | string;

/** The lengths of a tensor's axes; none of a scalar. */
export type Shape = readonly Dim[];

/** What is known of a tensor before anything is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A type with a name: an input or an output of a graph. */
export interface NamedType extends TensorType {
  readonly name: string;
}

/** A graph that cannot be built: operands whose shapes or types do not fit. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}
