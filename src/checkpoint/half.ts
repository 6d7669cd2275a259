/**
 * 16-bit floats and float32. Upwards is exact, NaN payloads included. Downwards rounds to the nearest, ties to even;
 * what is too large becomes an infinity; a NaN keeps the upper bits of its payload and stays a NaN. So up and down
 * again is the identity on all 65,536 patterns.
 *
 * Numbers travel as bits, never through a float: a float register may quieten a NaN.
 */

/** bfloat16 → float32. `from` may be the upper half of the memory of `to`, here and below. */
export function widenBf16(from: Uint16Array, to: Float32Array): void {
  const bits = bitsOf(to);
  for (let i = 0; i < from.length; i++) bits[i] = from[i] << 16;
}

/** IEEE binary16 → float32. */
export function widenF16(from: Uint16Array, to: Float32Array): void {
  const bits = bitsOf(to);
  for (let i = 0; i < from.length; i++) {
    const magnitude = from[i] & 0x7fff;
    const sign = (from[i] & 0x8000) << 16;
    if (magnitude >= 0x7c00) {
      bits[i] = sign | 0x7f800000 | ((magnitude & 0x3ff) << 13); // infinity, NaN
    } else {
      // the exponents' biases differ by 127 − 15 = 112; the product is exact, denormals included
      bits[i] = magnitude << 13;
      to[i] *= 2 ** 112;
      bits[i] |= sign;
    }
  }
}

/** float32 → bfloat16. */
export function narrowBf16(from: Float32Array, to: Uint16Array): void {
  const bits = bitsOf(from);
  for (let i = 0; i < from.length; i++) {
    const word = bits[i];
    if ((word & 0x7fffffff) > 0x7f800000) {
      const upper = word >>> 16;
      to[i] = upper & 0x7f ? upper : upper | 0x40; // a payload of lower bits only must not become an infinity
    } else {
      to[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
    }
  }
}

/** float32 → IEEE binary16. */
export function narrowF16(from: Float32Array, to: Uint16Array): void {
  const bits = bitsOf(from);
  const sum = new Float32Array(1);
  const sumBits = bitsOf(sum);
  for (let i = 0; i < from.length; i++) {
    const sign = (bits[i] >>> 16) & 0x8000;
    const word = bits[i] & 0x7fffffff;
    if (word > 0x7f800000) {
      const payload = (word >>> 13) & 0x3ff;
      to[i] = sign | 0x7c00 | (payload || 0x200);
    } else if (word >= 0x477ff000) {
      to[i] = sign | 0x7c00; // 65520 and more: the tie above the largest, 65504, goes to the even side, infinity
    } else if (word >= 0x38800000) {
      to[i] = sign | ((word - 0x38000000 + 0xfff + ((word >>> 13) & 1)) >>> 13);
    } else {
      // beside ½ the steps of float32 are 2^-24, as those of denormal halves are: the addition rounds for us
      sum[0] = Math.abs(from[i]) + 0.5;
      to[i] = sign | (sumBits[0] - 0x3f000000);
    }
  }
}

function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}
