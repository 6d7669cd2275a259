import { utf8 } from '../base/utf8.ts';
import { attributeTypes, elementTypes, external, type OnnxAttribute, type OnnxNode } from './onnx-schema.ts';
import { type DType, GraphError } from './tensor-type.ts';
import type { Attributes, ExternalData } from './value-writer.ts';

/** What a node is made of. */
export interface NodeParts {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly attributes?: Attributes;
  readonly domain?: string;
  /** How many outputs it has: one is the value itself, of several see `outputNames`. Default 1. */
  readonly outputs?: number;
  /** Whether it is computed of weights alone. Default false. */
  readonly ofWeights?: boolean;
  /** What it is the same as: equal keys are one value. Default: all of the above. */
  readonly key?: string;
}

/** The outputs of a node that was added as a value. */
export const outputNames = (value: string, count: number): string[] =>
  count === 1 ? [value] : Array.from({ length: count }, (_, i) => `${value} ${i}`);

/** The nodes and the stored tensors of one graph: that of a model, or one that a node of it has. */
export interface NodesOfGraph {
  /**
   * Every node after those that it needs. What is computed of weights alone, their casts, stands first: of what a node needs
   * ONNX Runtime computes that last which stands first, so a weight is cast just before it is used, and not all of them at
   * the beginning.
   */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly object[];
}

class Scope implements NodesOfGraph {
  readonly initializers: object[] = [];
  readonly computed: OnnxNode[] = [];
  readonly ofWeights: OnnxNode[] = [];
  readonly valueOf = new Map<string, string>();

  get nodes(): OnnxNode[] {
    return [...this.ofWeights, ...this.computed];
  }
}

/** The nodes and the stored tensors of a graph while it is written; equal ones are there once. */
export class OnnxNodes {
  /** The files that stored tensors lie in. */
  readonly locations = new Set<string>();
  /** The graph, in it the one that a node has that is being written, and so on. */
  readonly #scopes = [new Scope()];
  #values = 0;
  /** Which parameter a value is, for the names of the nodes that use it. */
  readonly #parameterOf = new Map<string, string>();

  /** The graph that all else is in. */
  get outermost(): NodesOfGraph {
    return this.#scopes[0];
  }

  /** What is added by a function, as a graph of its own, which can read all values of those around it. */
  within<Result>(write: () => Result): NodesOfGraph & { readonly result: Result } {
    const scope = new Scope();
    this.#scopes.push(scope);
    try {
      const result = write();
      return { nodes: scope.nodes, initializers: scope.initializers, result };
    } finally {
      this.#scopes.pop();
    }
  }

  /** Within such a graph, what is added by a function to the outermost one. */
  outside<Result>(write: () => Result): Result {
    const inner = this.#scopes.splice(1);
    try {
      return write();
    } finally {
      this.#scopes.push(...inner);
    }
  }

  /** The value that `key` stands for, added by `add` the first time. */
  once(key: string, add: (value: string) => void): string {
    for (const { valueOf } of this.#scopes) {
      const known = valueOf.get(key);
      if (known !== undefined) return known;
    }
    const value = `v${this.#values++}`;
    this.#scope.valueOf.set(key, value);
    add(value);
    return value;
  }

  /** Has the names of nodes say which parameter they use. */
  nameParameter(value: string, parameter: string): void {
    this.#parameterOf.set(value, parameter);
  }

  add({
    type,
    inputs,
    attributes = {},
    domain = '',
    outputs = 1,
    ofWeights = false,
    key,
  }: NodeParts): string {
    return this.once(key ?? `${domain} ${type} ${inputs.join()} ${JSON.stringify(attributes)}`, (value) => {
      const parameter = inputs
        .map((input) => this.#parameterOf.get(input))
        .find((name) => name !== undefined);
      if (parameter !== undefined && ofWeights) this.nameParameter(value, parameter);
      this.#scope[ofWeights ? 'ofWeights' : 'computed'].push({
        name: parameter === undefined ? `${type} ${value}` : `${type} ${value} of ${parameter}`,
        opType: type,
        domain,
        input: inputs,
        output: outputNames(value, outputs),
        attribute: Object.entries(attributes).map(([name, given]) => attribute(name, given)),
      });
    });
  }

  get #scope(): Scope {
    return this.#scopes.at(-1)!;
  }

  /** Numbers that are part of the graph. */
  constant(values: ArrayLike<number>, dims: readonly number[], dtype: DType): string {
    const rawData = toBytes(values, dtype);
    // small constants are recognised by their bytes; a table is written each time, and is one tensor in practice
    const content = rawData.length <= 256 ? rawData.join() : `table ${this.#values}`;
    return this.once(`constant ${dtype} ${dims.join()} ${content}`, (name) =>
      this.#scope.initializers.push({ name, dims, dataType: elementTypes[dtype], rawData }),
    );
  }

  /** A tensor, or a part of one, whose numbers lie in a file. */
  external(
    key: string,
    parameter: string,
    dims: readonly number[],
    { location, offset, length, dtype }: ExternalData,
  ): string {
    return this.once(`weight ${key}`, (value) => {
      this.nameParameter(value, parameter);
      this.locations.add(location);
      this.#scope.initializers.push({
        name: value,
        dims,
        dataType: elementTypes[dtype],
        dataLocation: external,
        externalData: [
          { key: 'location', value: location },
          { key: 'offset', value: String(offset) },
          { key: 'length', value: String(length) },
        ],
      });
    });
  }
}

function attribute(name: string, value: Attributes[string]): OnnxAttribute {
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: utf8(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  if ('graph' in value) return { name, type: attributeTypes.graph, g: value.graph };
  return { name, type: attributeTypes.ints, ints: value };
}

function toBytes(values: ArrayLike<number>, dtype: DType): Uint8Array {
  const typed = toTyped(values, dtype);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

function toTyped(values: ArrayLike<number>, dtype: DType) {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values, BigInt));
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
    default:
      throw new GraphError(`a constant of type ${dtype} cannot be written`);
  }
}
