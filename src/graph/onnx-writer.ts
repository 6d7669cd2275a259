import { elementTypes } from './onnx-schema.ts';
import { type NodesOfGraph, outputNames, OnnxNodes } from './onnx-nodes.ts';
import { isConstant, isInput, isParameter, type Tensor, topological } from './tensor.ts';
import { type DType, GraphError, type NamedType, type Shape, type TensorType } from './tensor-type.ts';
import type { Attributes, ExternalData, QuantisedData, QuantisedValue, ValueWriter } from './value-writer.ts';

/** How a graph is written. */
export interface WriteOptions {
  /** Where a parameter lies; undefined makes it an input of the graph, as training needs it. */
  readonly weights?: (name: string) => ExternalData | QuantisedData | undefined;
  /** The operations, by name, that are written without ONNX Runtime's fused operator, where they have one. Default: none. */
  readonly expanded?: ReadonlySet<string> | 'all';
  /** What is multiplied with a matrix in blocks is not rounded, too, as training needs it. Default false. */
  readonly exact?: boolean;
}

/** A parameter that is stored otherwise than computed with; how it is read depends on who reads it. */
interface DeferredParameter {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ExternalData | QuantisedData;
}

/** Writes tensors as the nodes that compute them, each once, and knows the values of those that it wrote. */
export class Writer implements ValueWriter {
  readonly exact: boolean;
  readonly inputs = new Map<string, NamedType>();
  readonly #expanded: Required<WriteOptions>['expanded'];
  readonly #weights: Required<WriteOptions>['weights'];
  readonly #graph = new OnnxNodes();
  readonly #values = new Map<Tensor, string>();
  readonly #deferred = new Map<string, DeferredParameter>();
  #subgraphs = 0;

  constructor({ weights = () => undefined, expanded = new Set(), exact = false }: WriteOptions = {}) {
    this.#expanded = expanded;
    this.exact = exact;
    this.#weights = weights;
  }

  fuses(operation: string): boolean {
    return this.#expanded !== 'all' && !this.#expanded.has(operation);
  }

  get graph(): NodesOfGraph & Pick<OnnxNodes, 'locations'> {
    const { outermost, locations } = this.#graph;
    return { nodes: outermost.nodes, initializers: outermost.initializers, locations };
  }

  /** The name of a tensor's value, after writing all that it needs and that isn't written yet. */
  valueOf(output: Tensor): string {
    for (const tensor of topological([output], (known) => this.#values.has(known)))
      this.#values.set(tensor, this.#write(tensor));
    return this.#values.get(output)!;
  }

  /** A value as something can compute with it: cast from how it is stored. */
  computable(value: string, reader: string): string {
    const parameter = this.#deferred.get(value);
    if (!parameter) return value;
    const { name, dtype, data } = parameter;
    if ('codes' in data)
      throw new GraphError(`${reader} cannot read ${name}, which is stored in blocks of ${data.bits} bits`);
    return this.#graph.add({
      type: 'Cast',
      inputs: [this.#external(parameter, data)],
      attributes: { to: elementTypes[dtype] },
      ofWeights: true,
      key: `cast ${name}`,
    });
  }

  node(type: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.#graph.add({ type, inputs: this.#computable(inputs, type), attributes, domain });
  }

  weightNode(type: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#graph.add({ type, inputs: this.#computable(inputs, type), attributes, ofWeights: true });
  }

  outputs(type: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const parts = { type, inputs: this.#computable(inputs, type), attributes, outputs: count };
    return outputNames(this.#graph.add(parts), count);
  }

  inSubgraph(x: string, dtype: DType, write: () => string): string {
    const branchOf = (name: string, value: () => string) => {
      const { nodes, initializers, result } = this.#graph.within(value);
      const output = { name: result, type: { tensorType: { elemType: elementTypes[dtype] } } };
      return { graph: { name, node: nodes, initializer: initializers, output: [output] } };
    };
    // always true, but nothing that the engine knows before it runs: it would take the branch in
    const isWritten = this.node('GreaterOrEqual', [this.node('Size', [x]), this.scalar(0, 'int64')]);
    const branches = {
      then_branch: branchOf('always', write),
      else_branch: branchOf('never', () => this.node('Identity', [x])),
    };
    return this.#graph.add({
      type: 'If',
      inputs: [isWritten],
      attributes: branches,
      key: `subgraph ${this.#subgraphs++}`,
    });
  }

  ints(values: readonly number[]): string {
    return this.#graph.constant(values, [values.length], 'int64');
  }

  scalar(value: number, dtype: DType): string {
    return this.#graph.constant([value], [], dtype);
  }

  dimension(dim: string): string {
    for (const { name, shape } of this.inputs.values()) {
      const axis = shape.indexOf(dim);
      if (axis >= 0) return this.node('Shape', [name], { start: axis, end: axis + 1 });
    }
    // of sizes that are multiplied or added, as `product` and `concat` name them; what is added is never a product
    for (const [sign, type] of [
      ['*', 'Mul'],
      ['+', 'Add'],
    ]) {
      const [first, ...others] = dim.split(sign);
      if (others.length > 0) return this.node(type, [this.#size(first), this.#size(others.join(sign))]);
    }
    throw new GraphError(`dimension ${dim} is not a dimension of any input`);
  }

  shape(shape: Shape): string {
    // one unknown dimension can be left to the runtime; more of them are read off the inputs that have them
    if (shape.filter((dim) => typeof dim === 'string').length <= 1)
      return this.ints(shape.map((dim) => (typeof dim === 'number' ? dim : -1)));
    const dims = shape.map((dim) => (typeof dim === 'number' ? this.ints([dim]) : this.dimension(dim)));
    return this.node('Concat', dims, { axis: 0 });
  }

  stored(value: string): { value: string; dtype?: DType } {
    const parameter = this.#deferred.get(value);
    if (!parameter) return { value };
    const data = 'codes' in parameter.data ? parameter.data.table : parameter.data;
    return data && !('codes' in data)
      ? { value: this.#external(parameter, data), dtype: data.dtype }
      : { value };
  }

  isInBlocks(value: string): boolean {
    return 'codes' in (this.#deferred.get(value)?.data ?? {});
  }

  quantised(value: string): QuantisedValue | undefined {
    const parameter = this.#deferred.get(value);
    if (!parameter || !('codes' in parameter.data)) return undefined;
    const { name, shape, data } = parameter;
    const { bits, block, zeros } = data;
    const blocks = Math.ceil(shape[1] / block);
    const zerosPerRow = Math.ceil((blocks * bits) / 8);
    const part = (key: 'codes' | 'scales' | 'zeros', lengths: readonly number[], from: ExternalData) =>
      this.#graph.external(`${name} ${key}`, name, [shape[0], ...lengths], from);
    return {
      bits,
      block,
      codes: this.#graph.outside(() => part('codes', [blocks, (block * bits) / 8], data.codes)),
      scales: part('scales', [blocks], data.scales),
      ...(zeros && { zeros: part('zeros', [zerosPerRow], { ...zeros, length: shape[0] * zerosPerRow }) }),
    };
  }

  quantisedTable(value: string): QuantisedValue | undefined {
    const parameter = this.#deferred.get(value);
    if (!parameter || !('codes' in parameter.data)) return undefined;
    const { name, shape, data } = parameter;
    const { bits, block, table } = data;
    if (!table || !('codes' in table)) return undefined;
    const part = (key: 'codes' | 'scales', length: number) =>
      this.#graph.external(`${name} table ${key}`, name, [shape[0], length], table[key]);
    return {
      bits,
      block,
      codes: part('codes', (shape[1] * bits) / 8),
      scales: part('scales', shape[1] / block),
    };
  }

  #write(tensor: Tensor): string {
    if (isInput(tensor)) return this.#writeInput(tensor.attributes.name, tensor);
    if (isParameter(tensor)) return this.#writeParameter(tensor.attributes.name, tensor);
    if (isConstant(tensor))
      return this.#graph.constant(tensor.attributes.values, tensor.shape as number[], tensor.dtype);
    const { operation } = tensor;
    const expands =
      operation.expand && (!operation.onnx || !this.fuses(operation.name) || tensor.dtype !== 'float32');
    if (expands) return this.valueOf(operation.expand!(tensor.inputs, tensor.attributes));
    if (!operation.onnx) throw new GraphError(`${operation.name} has no ONNX form`);
    return operation.onnx(
      this,
      tensor,
      tensor.inputs.map((input) => this.#values.get(input)!),
    );
  }

  #writeInput(name: string, { dtype, shape }: TensorType): string {
    this.inputs.set(name, { name, dtype, shape });
    return name;
  }

  #writeParameter(name: string, type: TensorType): string {
    const data = this.#weights(name);
    const value = data ? this.#writeStored(name, type, data) : this.#writeInput(name, type);
    this.#graph.nameParameter(value, name);
    return value;
  }

  #writeStored(name: string, { dtype, shape }: TensorType, data: ExternalData | QuantisedData): string {
    const parameter = { name, dtype, shape: shape as readonly number[], data };
    if (!('codes' in data) && data.dtype === dtype) return this.#external(parameter, data);
    return this.#graph.once(`parameter ${name}`, (value) => this.#deferred.set(value, parameter));
  }

  /** A parameter's numbers as they lie in a file. */
  #external({ name, shape }: DeferredParameter, data: ExternalData): string {
    return this.#graph.external(name, name, shape, data);
  }

  #computable(values: readonly string[], reader: string): string[] {
    return values.map((value) => this.computable(value, reader));
  }

  #size(dim: string): string {
    return /^\d+$/.test(dim) ? this.ints([Number(dim)]) : this.dimension(dim);
  }
}
