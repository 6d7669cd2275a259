// only what writes: the rest of the library would be a third of what a page loads
import protobuf from 'protobufjs/minimal.js';

/**
 * The part of the ONNX file format that we write: message fields and their numbers, as onnx.proto (IR version 10) has them.
 */
type Scalar = 'int32' | 'int64' | 'float' | 'string' | 'bytes';
/** A scalar, or another message. */
type FieldType = Scalar | `${string}Proto`;
type Schema = Readonly<Record<string, { readonly id: number; readonly type: FieldType }>>;

const field = (id: number, type: FieldType) => ({ id, type });
const repeated = field; // a list in the message is a field that is there several times

const messages: Readonly<Record<string, Schema>> = {
  ModelProto: {
    irVersion: field(1, 'int64'),
    producerName: field(2, 'string'),
    graph: field(7, 'GraphProto'),
    opsetImport: repeated(8, 'OperatorSetIdProto'),
  },
  OperatorSetIdProto: { domain: field(1, 'string'), version: field(2, 'int64') },
  GraphProto: {
    node: repeated(1, 'NodeProto'),
    name: field(2, 'string'),
    initializer: repeated(5, 'TensorProto'),
    input: repeated(11, 'ValueInfoProto'),
    output: repeated(12, 'ValueInfoProto'),
  },
  NodeProto: {
    input: repeated(1, 'string'),
    output: repeated(2, 'string'),
    name: field(3, 'string'),
    opType: field(4, 'string'),
    attribute: repeated(5, 'AttributeProto'),
    domain: field(7, 'string'),
  },
  AttributeProto: {
    name: field(1, 'string'),
    f: field(2, 'float'),
    i: field(3, 'int64'),
    s: field(4, 'bytes'),
    g: field(6, 'GraphProto'),
    ints: repeated(8, 'int64'),
    type: field(20, 'int32'),
  },
  TensorProto: {
    dims: repeated(1, 'int64'),
    dataType: field(2, 'int32'),
    name: field(8, 'string'),
    rawData: field(9, 'bytes'),
    externalData: repeated(13, 'StringStringEntryProto'),
    dataLocation: field(14, 'int32'),
  },
  StringStringEntryProto: { key: field(1, 'string'), value: field(2, 'string') },
  ValueInfoProto: { name: field(1, 'string'), type: field(2, 'TypeProto') },
  TypeProto: { tensorType: field(1, 'TensorTypeProto') },
  TensorTypeProto: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') },
  TensorShapeProto: { dim: repeated(1, 'DimensionProto') },
  DimensionProto: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') },
};

/** A node as the format has it. */
export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly OnnxAttribute[];
}

/** An attribute of a node. */
export interface OnnxAttribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly ints?: readonly number[];
  readonly g?: OnnxGraph;
}

/** A graph that a node has. */
export interface OnnxGraph {
  readonly name: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly object[];
  readonly output: readonly object[];
}

/** ONNX's numbers for element types. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

/** ONNX's numbers for the types of an operator's attributes. */
export const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** The domain of ONNX Runtime's own operators. */
export const microsoft = 'com.microsoft';

/** `dataLocation` of a tensor whose bytes lie in another file. */
export const external = 1;

/** A model in the format, from messages as objects and lists of them. */
export function encodeModel(model: object): Uint8Array {
  const writer = protobuf.Writer.create();
  write(writer, 'ModelProto', model as Readonly<Record<string, unknown>>);
  return writer.finish();
}

/** The numbers of the kinds of fields: varint, bytes after their length, four bytes. */
const wireTypes: Readonly<Record<string, number>> = { int32: 0, int64: 0, float: 5 };

/** The fields of each message: a graph has hundreds of thousands of them. */
const fieldsOf: Readonly<Record<string, readonly { name: string; tag: number; type: FieldType }[]>> =
  Object.fromEntries(
    Object.entries(messages).map(([message, schema]) => [
      message,
      Object.entries(schema).map(([name, { id, type }]) => ({
        name,
        tag: ((id << 3) | (wireTypes[type] ?? 2)) >>> 0,
        type,
      })),
    ]),
  );

function write(writer: protobuf.Writer, message: string, fields: Readonly<Record<string, unknown>>): void {
  for (const { name, tag, type } of fieldsOf[message]) {
    const given = fields[name];
    if (Array.isArray(given)) for (const value of given) writeField(writer.uint32(tag), type, value);
    else if (given !== undefined) writeField(writer.uint32(tag), type, given);
  }
}

function writeField(writer: protobuf.Writer, type: FieldType, value: unknown): void {
  if (type in fieldsOf) {
    write(writer.fork(), type, value as Readonly<Record<string, unknown>>);
    writer.ldelim();
  } else writer[type as Scalar](value as never);
}
