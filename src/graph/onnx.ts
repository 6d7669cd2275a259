import { attributeTypes, elementTypes, encodeModel, external as dataLocation } from './onnx-schema.ts';
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

/**
 * Where a matrix W [N, M] lies that is stored in blocks along M: w = (code − zero) · scale. The last block of a row is
 * padded. It can be multiplied with, x Wᵀ, and nothing else.
 */
export interface QuantisedData {
  readonly bits: 4 | 8;
  /** Numbers in a block. */
  readonly block: number;
  /** The codes; of two in a byte the lower half is the first. uint8   [N, blocks, block · bits / 8] */
  readonly codes: ExternalData;
  /** float32   [N, blocks] */
  readonly scales: ExternalData;
  /** The codes that stand for zero, packed likewise; without them it's 2^(bits − 1). uint8   [N, ⌈blocks · bits / 8⌉], then padding */
  readonly zeros?: ExternalData;
  /** The matrix as it was, for who reads rows of it: of a head that is also the embedding. */
  readonly table?: ExternalData;
}

export interface WriteOptions {
  /** Where a parameter lies; undefined makes it an input of the graph, as training needs it. */
  readonly weights?: (name: string) => ExternalData | QuantisedData | undefined;
  /** Use ONNX Runtime's fused operators where an operation has one. Default true. */
  readonly fused?: boolean;
  /** What is multiplied with a matrix in blocks is not rounded, too, as training needs it. Default false. */
  readonly exact?: boolean;
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
  /** Whether products with a matrix in blocks are not to be rounded. */
  readonly exact: boolean;
  /** Adds a node and returns the name of its only output. */
  node(type: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** The same for what is computed of weights alone, just before it is used. */
  weightNode(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds a node of so many outputs and returns their names. */
  outputs(type: string, inputs: readonly string[], count: number, attributes?: Attributes): string[];
  /** A vector of int64, as many operators want their axes and shapes. */
  ints(values: readonly number[]): string;
  scalar(value: number, dtype: DType): string;
  /** A dimension that is known only when the graph runs, as a vector of one int64. */
  dimension(name: string): string;
  /** A shape as a vector of int64 for a reshape, with dimensions that are known only when the graph runs. */
  shape(shape: Shape): string;
  /** A value in the type that it is stored in, for an operation that can cast what it took of it instead of all. */
  stored(value: string): { readonly value: string; readonly dtype?: DType };
  /** What is stored in place of a parameter in blocks; undefined for any other value. */
  quantised(value: string): QuantisedValue | undefined;
}

/** A matrix in blocks, by the names of its parts. */
export interface QuantisedValue extends Pick<QuantisedData, 'bits' | 'block'> {
  readonly codes: string;
  readonly scales: string;
  readonly zeros?: string;
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
  { weights = () => undefined, fused = true, exact = false }: WriteOptions = {},
): OnnxModel {
  const nodes: Node[] = [];
  /**
   * What is computed of weights alone: their casts. It stands before all other nodes: of what a node needs ONNX Runtime
   * computes that last which stands first, so a weight is cast just before it is used, and not all of them at the beginning.
   */
  const ofWeights: Node[] = [];
  const initializers: object[] = [];
  const inputs = new Map<string, NamedType>();
  const valueOf = new Map<Tensor, string>();
  const written = new Map<string, string>();
  /** Which parameter a value is, for the names of the nodes that use it. */
  const weightOf = new Map<string, string>();
  /** Parameters that are stored otherwise than computed with; how they are read depends on who reads them. */
  const deferred = new Map<string, Deferred>();
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
    to = nodes,
  ): string => {
    const input = from.map((value) => computable(value, type));
    return once(`${domain} ${type} ${input.join()} ${JSON.stringify(attributes)}`, (name) => {
      const weight = from.map((value) => weightOf.get(value)).find((found) => found !== undefined);
      if (weight !== undefined && to === ofWeights) weightOf.set(name, weight);
      to.push({
        name: weight === undefined ? `${type} ${name}` : `${type} ${name} of ${weight}`,
        opType: type,
        domain,
        input,
        output: outputs(name),
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      });
    });
  };

  /** A value as the operation `type` can compute with it: cast from how it is stored. */
  function computable(value: string, type: string): string {
    const parameter = deferred.get(value);
    if (!parameter) return value;
    const { name, dtype, data } = parameter;
    if ('codes' in data)
      throw new GraphError(`${type} cannot read ${name}, which is stored in blocks of ${data.bits} bits`);
    const input = stored(parameter, data);
    return once(`cast ${name}`, (output) => {
      weightOf.set(output, name);
      ofWeights.push({
        name: `Cast ${output} of ${name}`,
        opType: 'Cast',
        domain: '',
        input: [input],
        output: [output],
        attribute: [attribute('to', elementTypes[dtype])],
      });
    });
  }

  const writer: ValueWriter = {
    fused,
    exact,
    node: (type: string, from: readonly string[], attributes: Attributes = {}, domain = '') =>
      addNode(type, from, attributes, domain, (name) => [name]),
    weightNode: (type, from, attributes = {}) =>
      addNode(type, from, attributes, '', (name) => [name], ofWeights),
    outputs(type, from, count, attributes = {}) {
      const named = (name: string) => Array.from({ length: count }, (_, i) => `${name} ${i}`);
      return named(addNode(type, from, attributes, '', named));
    },
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
    stored(value: string): { value: string; dtype?: DType } {
      const parameter = deferred.get(value);
      if (!parameter) return { value };
      const data = 'codes' in parameter.data ? parameter.data.table : parameter.data;
      return data ? { value: stored(parameter, data), dtype: data.dtype } : { value };
    },
    quantised(value: string): QuantisedValue | undefined {
      const parameter = deferred.get(value);
      if (!parameter || !('codes' in parameter.data)) return undefined;
      const { name, shape, data } = parameter;
      const { bits, block, zeros } = data;
      const blocks = Math.ceil(shape[1] / block);
      const zerosPerRow = Math.ceil((blocks * bits) / 8);
      const part = (key: 'codes' | 'scales' | 'zeros', lengths: readonly number[], from: ExternalData) =>
        external(`${name} ${key}`, name, [shape[0], ...lengths], from);
      return {
        bits,
        block,
        codes: part('codes', [blocks, (block * bits) / 8], data.codes),
        scales: part('scales', [blocks], data.scales),
        ...(zeros && { zeros: part('zeros', [zerosPerRow], { ...zeros, length: shape[0] * zerosPerRow }) }),
      };
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
    const parameter = { name, dtype: type.dtype, shape: type.shape as readonly number[], data };
    if (!('codes' in data) && data.dtype === type.dtype) return stored(parameter, data);
    return once(`parameter ${name}`, (value) => deferred.set(value, parameter));
  }

  /** A parameter's numbers as they lie in a file. */
  function stored({ name, shape }: Deferred, data: ExternalData): string {
    return external(name, name, shape, data);
  }

  function external(
    key: string,
    weight: string,
    dims: readonly number[],
    { location, offset, length, dtype }: ExternalData,
  ): string {
    return once(`weight ${key}`, (value) => {
      weightOf.set(value, weight);
      initializers.push({
        name: value,
        dims,
        dataType: elementTypes[dtype],
        dataLocation,
        externalData: [
          { key: 'location', value: location },
          { key: 'offset', value: String(offset) },
          { key: 'length', value: String(length) },
        ],
      });
    });
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
    value: computable(valueFor(tensor), 'an output'),
    dtype: tensor.dtype,
    shape: tensor.shape,
  }));

  // a value that a node computes takes the name of the output; a copy is needed only where it has another name already
  const outputOf = new Map<string, string>();
  const all = [...ofWeights, ...nodes];
  const computed = new Set(all.flatMap((node) => node.output));
  for (const { name, value } of named) {
    if (computed.has(value) && !outputOf.has(value)) outputOf.set(value, name);
    else all.push({ name: `output ${name}`, opType: 'Identity', domain: '', input: [value], output: [name] });
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
      node: all.map((node) => ({
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

/** A parameter that is yet to be written, in the way that its reader wants it. */
interface Deferred {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: ExternalData | QuantisedData;
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
