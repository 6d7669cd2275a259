import { writeFile } from 'node:fs/promises';

// GGUF files for tests, written from the format's description and without a line of the reader.

/** The numbers of the types of values in the metadata. */
const valueTypes = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  text: 8,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;
type ValueType = keyof typeof valueTypes;
type Scalar = number | bigint | string | boolean;

/** A key with its type and value; of a list the type of its elements. */
export type Entry = readonly [key: string, type: ValueType, value: Scalar | readonly Scalar[]];

export interface TensorData {
  readonly name: string;
  /** The fastest first, as the file has it. */
  readonly dimensions: readonly number[];
  /** ggml's number for the type. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface GgufContent {
  readonly version?: number;
  readonly alignment?: number;
  readonly entries: readonly Entry[];
  readonly tensors: readonly TensorData[];
}

export function ggufBytes({ version = 3, alignment, entries, tensors }: GgufContent): Buffer {
  const all: readonly Entry[] =
    alignment === undefined ? entries : [['general.alignment', 'u32', alignment], ...entries];
  const header: Buffer[] = [
    Buffer.from('GGUF'),
    u32(version),
    u64(BigInt(tensors.length)),
    u64(BigInt(all.length)),
  ];
  for (const [key, type, value] of all) {
    header.push(text(key));
    if (Array.isArray(value))
      header.push(
        u32(9),
        u32(valueTypes[type]),
        u64(BigInt(value.length)),
        ...value.map((v: Scalar) => scalar(type, v)),
      );
    else header.push(u32(valueTypes[type]), scalar(type, value as Scalar));
  }
  const step = alignment ?? 32;
  const padding = (length: number): Buffer => Buffer.alloc((step - (length % step)) % step);
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, dimensions, type, bytes } of tensors) {
    header.push(
      text(name),
      u32(dimensions.length),
      ...dimensions.map((d) => u64(BigInt(d))),
      u32(type),
      u64(BigInt(offset)),
    );
    data.push(Buffer.from(bytes), padding(bytes.length));
    offset += bytes.length + padding(bytes.length).length;
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head, padding(head.length), ...data]);
}

export const writeGguf = (path: string, content: GgufContent): Promise<void> =>
  writeFile(path, ggufBytes(content));

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(BigInt(bytes.length)), bytes]);
};

function scalar(type: ValueType, value: Scalar): Buffer {
  if (type === 'text') return text(value as string);
  const typed = {
    u8: () => Uint8Array.of(value as number),
    i8: () => Int8Array.of(value as number),
    u16: () => Uint16Array.of(value as number),
    i16: () => Int16Array.of(value as number),
    u32: () => Uint32Array.of(value as number),
    i32: () => Int32Array.of(value as number),
    f32: () => Float32Array.of(value as number),
    bool: () => Uint8Array.of(value ? 1 : 0),
    u64: () => BigUint64Array.of(BigInt(value)),
    i64: () => BigInt64Array.of(BigInt(value)),
    f64: () => Float64Array.of(value as number),
  }[type]();
  return Buffer.from(typed.buffer);
}
