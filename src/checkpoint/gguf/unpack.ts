import { half } from './dequantise.ts';

/**
 * From ggml's blocks to codes and scales apart, w = (code − 2^(bits − 1)) · scale: the same numbers, in the order in which
 * ONNX Runtime multiplies with them. Of two codes of 4 bits in a byte the lower half is the first.
 *
 * @param blocks  whole blocks
 * @param codes   32 · bits / 8 bytes for each
 * @param scales  one for each
 */
export type Unpack = (blocks: Uint8Array, codes: Uint8Array, scales: Float32Array) => void;

/** A block's 16-bit words, read together: blocks begin at even bytes. */
const wordsOf = ({ buffer, byteOffset, length }: Uint8Array): Uint16Array =>
  new Uint16Array(buffer, byteOffset, length >> 1);

/** Signed bytes become codes around 128. */
export const unpackQ8_0: Unpack = (blocks, codes, scales) => {
  const [words, out] = [wordsOf(blocks), wordsOf(codes)];
  for (let b = 0, at = 0, to = 0; b < scales.length; b++, at += 17, to += 16) {
    scales[b] = half(blocks, 34 * b);
    for (let i = 0; i < 16; i++) out[to + i] = words[at + 1 + i] ^ 0x8080;
  }
};

/** Numbers i and 16 + i share a byte in ggml's blocks, numbers 2i and 2i + 1 here. */
export const unpackQ4_0: Unpack = (blocks, codes, scales) => {
  const words = wordsOf(blocks);
  for (let b = 0, at = 0, to = 0; b < scales.length; b++, at += 9, to += 16) {
    scales[b] = half(blocks, 18 * b);
    for (let i = 0; i < 8; i++) {
      const pair = words[at + 1 + i];
      codes[to + i] = (pair & 0x0f) | ((pair >> 4) & 0xf0);
      codes[to + 8 + i] = ((pair >> 4) & 0x0f) | ((pair >> 8) & 0xf0);
    }
  }
};

/** Five bits around 16 become eight around 128. */
export const unpackQ5_0: Unpack = (blocks, codes, scales) => {
  for (let b = 0, at = 0, to = 0; b < scales.length; b++, at += 22, to += 32) {
    scales[b] = half(blocks, at);
    for (let i = 0; i < 16; i++) {
      const pair = blocks[at + 6 + i];
      const low = (blocks[at + 2 + (i >> 3)] >> (i & 7)) & 1;
      const high = (blocks[at + 4 + (i >> 3)] >> (i & 7)) & 1;
      codes[to + i] = 112 + (pair & 15) + (low << 4);
      codes[to + 16 + i] = 112 + (pair >> 4) + (high << 4);
    }
  }
};
