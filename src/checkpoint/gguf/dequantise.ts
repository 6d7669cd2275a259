/**
 * From ggml's blocks to float32, to the last bit of its own formulas (`dequantize_row_*` in ggml-quants.c).
 *
 * A block's numbers are small integers q, its scale d and minimum m 16-bit floats: d · q, or d · s · q − m · t where
 * parts of a block have scales s and minima t of their own, integers too. Here the arithmetic is float64, and that is
 * the same: no product needs more than 24 bits before it is stored, so that float32 rounds once too, at the same place.
 */

/** @param blocks  whole blocks   @param to  as many numbers as they hold */
export type Dequantise = (blocks: Uint8Array, to: Float32Array) => void;

const powers = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25));

/** The 16-bit float at a place. */
export function half(bytes: Uint8Array, at: number): number {
  const bits = bytes[at] | (bytes[at + 1] << 8);
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 0x3ff;
  const magnitude =
    exponent === 31
      ? mantissa === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? mantissa * 2 ** -24
        : (1024 + mantissa) * powers[exponent];
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** d, then 32 signed bytes. */
export const dequantiseQ8_0: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 34, out += 32) {
    const d = half(blocks, block);
    for (let i = 0; i < 32; i++) to[out + i] = ((blocks[block + 2 + i] << 24) >> 24) * d;
  }
};

/** d, then 16 bytes: the lower halves are the first 16 numbers, the upper halves the others; 8 stands for zero. */
export const dequantiseQ4_0: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 18, out += 32) {
    const d = half(blocks, block);
    for (let i = 0; i < 16; i++) {
      const pair = blocks[block + 2 + i];
      to[out + i] = ((pair & 15) - 8) * d;
      to[out + 16 + i] = ((pair >> 4) - 8) * d;
    }
  }
};

/** d and m, then 16 bytes as above. */
export const dequantiseQ4_1: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 20, out += 32) {
    const [d, m] = [half(blocks, block), half(blocks, block + 2)];
    for (let i = 0; i < 16; i++) {
      const pair = blocks[block + 4 + i];
      to[out + i] = (pair & 15) * d + m;
      to[out + 16 + i] = (pair >> 4) * d + m;
    }
  }
};

/** d, the fifth bits of all numbers, then 16 bytes as above; 16 stands for zero. */
export const dequantiseQ5_0: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 22, out += 32) {
    const d = half(blocks, block);
    const fifth = word(blocks, block + 2);
    for (let i = 0; i < 16; i++) {
      const pair = blocks[block + 6 + i];
      to[out + i] = ((pair & 15) + (((fifth >>> i) & 1) << 4) - 16) * d;
      to[out + 16 + i] = ((pair >> 4) + (((fifth >>> (16 + i)) & 1) << 4) - 16) * d;
    }
  }
};

/** d and m, the fifth bits, then 16 bytes. */
export const dequantiseQ5_1: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 24, out += 32) {
    const [d, m] = [half(blocks, block), half(blocks, block + 2)];
    const fifth = word(blocks, block + 4);
    for (let i = 0; i < 16; i++) {
      const pair = blocks[block + 8 + i];
      to[out + i] = ((pair & 15) + (((fifth >>> i) & 1) << 4)) * d + m;
      to[out + 16 + i] = ((pair >> 4) + (((fifth >>> (16 + i)) & 1) << 4)) * d + m;
    }
  }
};

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

/** d, m, the scales of 8 parts of 32 numbers, then 128 bytes: each 32 of them are two parts, lower halves and upper. */
export const dequantiseQ4_K: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 144, out += 256) {
    const [d, m] = [half(blocks, block), half(blocks, block + 2)];
    for (let part = 0; part < 8; part++) {
      const scale = d * scaleOf(blocks, block + 4, part);
      const minimum = m * minimumOf(blocks, block + 4, part);
      const bytes = block + 16 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      for (let i = 0; i < 32; i++)
        to[out + 32 * part + i] = scale * ((blocks[bytes + i] >> shift) & 15) - minimum;
    }
  }
};

/** As above, with 32 bytes of fifth bits before the 128: a bit of each byte for a part. */
export const dequantiseQ5_K: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 176, out += 256) {
    const [d, m] = [half(blocks, block), half(blocks, block + 2)];
    for (let part = 0; part < 8; part++) {
      const scale = d * scaleOf(blocks, block + 4, part);
      const minimum = m * minimumOf(blocks, block + 4, part);
      const bytes = block + 48 + 32 * (part >> 1);
      const shift = 4 * (part & 1);
      for (let i = 0; i < 32; i++) {
        const fifth = ((blocks[block + 16 + i] >> part) & 1) << 4;
        to[out + 32 * part + i] = scale * (((blocks[bytes + i] >> shift) & 15) + fifth) - minimum;
      }
    }
  }
};

/** Eight scales and eight minima of six bits each in twelve bytes: of the last four, two bits lie with the first. */
const scaleOf = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + part] & 63 : (bytes[at + part + 4] & 15) | ((bytes[at + part - 4] >> 6) << 4);

const minimumOf = (bytes: Uint8Array, at: number, part: number): number =>
  part < 4 ? bytes[at + part + 4] & 63 : (bytes[at + part + 4] >> 4) | ((bytes[at + part] >> 6) << 4);

/** 128 bytes of the lower four bits, 64 of the upper two, the signed scales of 16 parts, d; 32 stands for zero. */
export const dequantiseQ6_K: Dequantise = (blocks, to) => {
  for (let block = 0, out = 0; block < blocks.length; block += 210, out += 256) {
    const d = half(blocks, block + 208);
    for (let part = 0; part < 16; part++) {
      const scale = d * ((blocks[block + 192 + part] << 24) >> 24);
      // of each half of the block, four runs of 32 numbers are two parts each
      const [side, run] = [part >> 3, (part >> 1) & 3];
      const lower = block + 64 * side + 32 * (run & 1) + 16 * (part & 1);
      const upper = block + 128 + 32 * side + 16 * (part & 1);
      for (let i = 0; i < 16; i++) {
        const q =
          ((blocks[lower + i] >> (4 * (run >> 1))) & 15) | (((blocks[upper + i] >> (2 * run)) & 3) << 4);
        to[out + 16 * part + i] = scale * (q - 32);
      }
    }
  }
};
