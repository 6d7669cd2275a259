import { UnsupportedError } from '../base/errors.ts';

/** The element types of safetensors that fill whole bytes, with the bytes that one element takes. */
export const itemSizes = {
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** The types of numbers in a safetensors file. */
export type Dtype = keyof typeof itemSizes;

/** Whether a name is one of a type. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(itemSizes, name);
}

/** @throws UnsupportedError  on a machine whose numbers in memory aren't in the order that they have in the file */
export function requireLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
    throw new UnsupportedError('safetensors need a little-endian machine');
}
