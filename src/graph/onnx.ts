import { elementTypes, encodeModel, microsoft, type OnnxNode } from './onnx-schema.ts';
import { type WriteOptions, Writer } from './onnx-writer.ts';
import { isInput, type Tensor, topological } from './tensor.ts';
import type { Dim, NamedType } from './tensor-type.ts';

/** A graph in the ONNX format, and the names and types that a session needs to be fed. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
  /** The files that its weights lie in, in the order in which they come. */
  readonly locations: ReadonlySet<string>;
}

const opset = 21;
const irVersion = 10;

/**
 * Writes the graph that computes `outputs` as an ONNX model. Equal nodes are written once, so an operation's gradient
 * may name a value of its forward pass again without its being computed again.
 *
 * @throws GraphError  for an operation, a type or a dimension that the format cannot have
 */
export function writeOnnx(outputs: Readonly<Record<string, Tensor>>, options: WriteOptions = {}): OnnxModel {
  const writer = new Writer(options);
  // inputs first, so that every dimension has an input to be read off
  for (const tensor of topological(Object.values(outputs)).filter(isInput)) writer.valueOf(tensor);
  const named = Object.entries(outputs).map(([name, tensor]) => ({
    name,
    value: writer.computable(writer.valueOf(tensor), 'an output'),
    dtype: tensor.dtype,
    shape: tensor.shape,
  }));
  const inputs = [...writer.inputs.values()];
  const { nodes, initializers, locations } = writer.graph;
  const bytes = encodeModel({
    irVersion,
    producerName: 'unmask',
    opsetImport: [
      { domain: '', version: opset },
      { domain: microsoft, version: 1 },
    ],
    graph: {
      name: 'unmask',
      node: withOutputs(nodes, named),
      initializer: initializers,
      input: inputs.map(valueInfo),
      output: named.map(valueInfo),
    },
  });
  return { bytes, inputs, outputs: named, locations };
}

/** A value that a node computes takes the name of the output; a copy is needed only where it has another name already. */
function withOutputs(
  nodes: readonly OnnxNode[],
  outputs: readonly { readonly name: string; readonly value: string }[],
): OnnxNode[] {
  const nameOf = new Map<string, string>();
  const computed = new Set(nodes.flatMap((node) => node.output));
  const copies: OnnxNode[] = [];
  for (const { name, value } of outputs) {
    if (computed.has(value) && !nameOf.has(value)) nameOf.set(value, name);
    else
      copies.push({ name: `output ${name}`, opType: 'Identity', domain: '', input: [value], output: [name] });
  }
  const rename = (value: string): string => nameOf.get(value) ?? value;
  return [...nodes, ...copies].map((node) => renamed(node, rename));
}

/** A node, those of its own graphs included, with other names of values. */
const renamed = (node: OnnxNode, rename: (value: string) => string): OnnxNode => ({
  ...node,
  input: node.input.map(rename),
  output: node.output.map(rename),
  attribute: node.attribute?.map(({ g, ...rest }) =>
    g ? { ...rest, g: { ...g, node: g.node.map((inner) => renamed(inner, rename)) } } : rest,
  ),
});

function valueInfo({ name, dtype, shape }: NamedType): object {
  const dim = shape.map((size: Dim) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } } };
}
