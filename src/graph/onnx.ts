import { attributeTypes, elementTypes, encodeModel, external } from './onnx-schema.ts';
import {
  type DType,
  type Dim,
  GraphError,
  isConstant,
  isInput,
  isParameter,
  type Shape,
  type Tensor,
  type TensorType,
  topological,
} from './tensor.ts';

/** Where a parameter's bytes lie: in a file beside the model, most often a .safetensors file. */
export interface ExternalData {
  /** Name of the file, relative to the folder that the session is told. */
  readonly location: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
  /** How the file stores it, when that isn't the parameter's own type: a cast follows. */
  readonly dtype: DType;
}

export interface WriteOptions {
  /** Where a parameter lies; undefined makes it an input of the graph, as training needs it. */
  readonly weights?: (name: string) => ExternalData | undefined;
  /** Use ONNX Runtime's fused operators where an operation has one. Default true. */
  readonly fused?: boolean;
}

export interface NamedType extends TensorType {
  readonly name: string;
}

/** A graph in the ONNX format, and the names and types that a session needs to be fed. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
}

interface Node {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly object[];
}

/** What an operation writes itself with. */
export interface ValueWriter {
  /** Whether fused operators may be used. */
  readonly fused: boolean;
  /** Adds a node and returns the name of its only output. */
  node(type: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** Adds a node of two outputs and returns the name of the second. */
  secondOutput(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** A vector of int64, as many operators want their axes and shapes. */
  ints(values: readonly number[]): string;
  scalar(value: number, dtype: DType): string;
  /** A dimension that is known only when the graph runs, as a vector of one int64. */
  dimension(name: string): string;
  /** A shape as a vector of int64 for a reshape, with dimensions that are known only when the graph runs. */
  shape(shape: Shape): string;
}

export type Attributes = Readonly<
  Record<string, number | string | readonly number[] | { readonly float: number }>
>;

export const microsoft = 'com.microsoft';
const opset = 21;
const irVersion = 10;

/**
 * Writes the graph that computes `outputs` as an ONNX model. Equal nodes are written once, so an operation's gradient
 * may name a value of its forward pass again without its being computed again.
 */
export function writeOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  { weights = () => undefined, fused = true }: WriteOptions = {},
): OnnxModel {
  const nodes: Node[] = [];
  const initializers: object[] = [];
  const inputs = new Map<string, NamedType>();
  const valueOf = new Map<Tensor, string>();
  const written = new Map<string, string>();
  /** Which parameter a value is, for the names of the nodes that use it. */
  const weightOf = new Map<string, string>();
  let count = 0;

  /** What `key` stands for, written by `write` the first time. */
  const once = (key: string, write: (name: string) => void): string => {
    let name = written.get(key);
    if (name === undefined) {
      name = `v${count++}`;
      written.set(key, name);
      write(name);
    }
    return name;
  };

  const initializer = (dtype: DType, dims: readonly number[], rawData: Uint8Array): string => {
    // small constants are recognised by their bytes; a table is written each time, and is one tensor in practice
    const content = rawData.length <= 256 ? Buffer.from(rawData).toString('hex') : `table ${count}`;
    return once(`constant ${dtype} ${dims.join()} ${content}`, (name) =>
      initializers.push({ name, dims, dataType: elementTypes[dtype], rawData }),
    );
  };

  const addNode = (
    type: string,
    from: readonly string[],
    attributes: Attributes,
    domain: string,
    outputs: (name: string) => readonly string[],
  ): string =>
    once(`${domain} ${type} ${from.join()} ${JSON.stringify(attributes)}`, (name) => {
      const weight = from.map((input) => weightOf.get(input)).find((found) => found !== undefined);
      nodes.push({
        name: weight === undefined ? `${type} ${name}` : `${type} ${name} of ${weight}`,
        opType: type,
        domain,
        input: from,
        output: outputs(name),
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      });
    });

  const writer = {
    fused,
    node: (type: string, from: readonly string[], attributes: Attributes = {}, domain = '') =>
      addNode(type, from, attributes, domain, (name) => [name]),
    secondOutput: (type: string, from: readonly string[], attributes: Attributes = {}) =>
      addNode(type, from, attributes, '', (name) => [`${name} unused`, name]),
    ints: (values: readonly number[]) => initializer('int64', [values.length], toBytes(values, 'int64')),
    scalar: (value: number, dtype: DType) => initializer(dtype, [], toBytes([value], dtype)),
    dimension,
    shape(shape: Shape): string {
      // one unknown dimension can be left to the runtime; more of them are read off the inputs that have them
      if (shape.filter((dim) => typeof dim === 'string').length <= 1)
        return writer.ints(shape.map((dim) => (typeof dim === 'number' ? dim : -1)));
      const dims = shape.map((dim) => (typeof dim === 'number' ? writer.ints([dim]) : dimension(dim)));
      return writer.node('Concat', dims, { axis: 0 });
    },
  };

  /** A dimension that is known only when the graph runs, as a vector of one int64. */
  function dimension(dim: string): string {
    for (const { name, shape } of inputs.values()) {
      const axis = shape.indexOf(dim);
      if (axis >= 0) return writer.node('Shape', [name], { start: axis, end: axis + 1 });
    }
    // of sizes that are multiplied or added, as `product` and `concat` name them; what is added is never a product
    for (const [sign, type] of [
      ['*', 'Mul'],
      ['+', 'Add'],
    ]) {
      const [first, ...others] = dim.split(sign);
      if (others.length > 0) return writer.node(type, [size(first), size(others.join(sign))]);
    }
    throw new GraphError(`dimension ${dim} is not a dimension of any input`);
  }

  const size = (dim: string): string => (/^\d+$/.test(dim) ? writer.ints([Number(dim)]) : dimension(dim));

  function writeParameter(name: string, type: TensorType): string {
    const data = weights(name);
    if (!data) return writeInput(name, type);
    const { location, offset, length, dtype } = data;
    const stored = once(`weight ${name}`, (value) =>
      initializers.push({
        name: value,
        dims: type.shape,
        dataType: elementTypes[dtype],
        dataLocation: external,
        externalData: [
          { key: 'location', value: location },
          { key: 'offset', value: String(offset) },
          { key: 'length', value: String(length) },
        ],
      }),
    );
    return dtype === type.dtype ? stored : writer.node('Cast', [stored], { to: elementTypes[type.dtype] });
  }

  function writeInput(name: string, type: TensorType): string {
    inputs.set(name, { name, ...type });
    return name;
  }

  function write(tensor: Tensor): string {
    if (isInput(tensor)) return writeInput(tensor.attributes.name, tensor);
    if (isParameter(tensor)) {
      const value = writeParameter(tensor.attributes.name, tensor);
      weightOf.set(value, tensor.attributes.name);
      return value;
    }
    if (isConstant(tensor))
      return initializer(
        tensor.dtype,
        tensor.shape as number[],
        toBytes(tensor.attributes.values, tensor.dtype),
      );
    const { operation } = tensor;
    const expands = operation.expand && (!operation.onnx || !fused || tensor.dtype !== 'float32');
    if (expands) return valueFor(operation.expand!(tensor.inputs, tensor.attributes));
    if (!operation.onnx) throw new GraphError(`${operation.name} has no ONNX form`);
    return operation.onnx(
      writer,
      tensor,
      tensor.inputs.map((from) => valueOf.get(from)!),
    );
  }

  /** The name of a tensor's value, after writing all that it needs and that isn't written yet. */
  function valueFor(output: Tensor): string {
    for (const tensor of topological([output], (known) => valueOf.has(known)))
      valueOf.set(tensor, write(tensor));
    return valueOf.get(output)!;
  }

  // inputs first, so that every dimension has an input to be read off
  for (const tensor of topological(Object.values(outputs)).filter(isInput))
    valueOf.set(tensor, write(tensor));
  const named = Object.entries(outputs).map(([name, tensor]) => ({
    name,
    value: valueFor(tensor),
    dtype: tensor.dtype,
    shape: tensor.shape,
  }));

  // a value that a node computes takes the name of the output; a copy is needed only where it has another name already
  const outputOf = new Map<string, string>();
  const computed = new Set(nodes.flatMap((node) => node.output));
  for (const { name, value } of named) {
    if (computed.has(value) && !outputOf.has(value)) outputOf.set(value, name);
    else
      nodes.push({ name: `output ${name}`, opType: 'Identity', domain: '', input: [value], output: [name] });
  }
  const rename = (value: string) => outputOf.get(value) ?? value;

  const bytes = encodeModel({
    irVersion,
    producerName: 'unmask',
    opsetImport: [
      { domain: '', version: opset },
      { domain: microsoft, version: 1 },
    ],
    graph: {
      name: 'unmask',
      node: nodes.map((node) => ({
        ...node,
        input: node.input.map(rename),
        output: node.output.map(rename),
      })),
      initializer: initializers,
      input: [...inputs.values()].map(valueInfo),
      output: named.map(valueInfo),
    },
  });
  return { bytes, inputs: [...inputs.values()], outputs: named };
}

function attribute(name: string, value: Attributes[string]): object {
  if (typeof value === 'string') return { name, type: attributeTypes.string, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.ints, ints: value };
}

function valueInfo({ name, dtype, shape }: NamedType): object {
  const dim = shape.map((size: Dim) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } } };
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
