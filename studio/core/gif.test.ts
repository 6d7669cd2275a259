import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, integer, property, uint8Array } from 'fast-check';
import { gifOf, type Rgb } from './gif.ts';

/** A reader of what `gifOf` writes, as the format's specification describes one: the canvas after each frame. */
function read(gif: Uint8Array): { width: number; height: number; frames: Uint8Array[]; delays: number[] } {
  const word = (at: number): number => gif[at] | (gif[at + 1] << 8);
  assert.equal(String.fromCharCode(...gif.subarray(0, 6)), 'GIF89a');
  const [width, height] = [word(6), word(8)];
  let at = 13 + 3 * 2 ** ((gif[10] & 7) + 1);
  const canvas = new Uint8Array(width * height);
  const frames: Uint8Array[] = [];
  const delays: number[] = [];
  for (;;) {
    const kind = gif[at++];
    if (kind === 0x3b) break;
    if (kind === 0x21) {
      if (gif[at] === 0xf9) delays.push(word(at + 3));
      for (at += 1; gif[at] !== 0; at += gif[at] + 1);
      at += 1;
      continue;
    }
    assert.equal(kind, 0x2c);
    const [x, y, w, h] = [word(at), word(at + 2), word(at + 4), word(at + 6)];
    const bits = gif[at + 9];
    const packed: number[] = [];
    for (at += 10; gif[at] !== 0; at += gif[at] + 1) packed.push(...gif.subarray(at + 1, at + 1 + gif[at]));
    at += 1;
    const pixels = unpack(packed, bits);
    assert.equal(pixels.length, w * h);
    pixels.forEach((pixel, i) => (canvas[(y + Math.floor(i / w)) * width + x + (i % w)] = pixel));
    frames.push(canvas.slice());
  }
  assert.equal(at, gif.length);
  return { width, height, frames, delays };
}

function unpack(packed: readonly number[], bits: number): number[] {
  const [clear, end] = [2 ** bits, 2 ** bits + 1];
  let table: number[][] = [];
  let size = bits + 1;
  let last: number[] | undefined;
  const out: number[] = [];
  for (let bit = 0; ;) {
    let code = 0;
    for (let i = 0; i < size; i++, bit++) code |= ((packed[bit >> 3] >> (bit & 7)) & 1) << i;
    if (code === end) return out;
    if (code === clear) {
      table = Array.from({ length: end + 1 }, (_, i) => [i]);
      size = bits + 1;
      last = undefined;
      continue;
    }
    const entry: number[] = table[code] ?? [...last!, last![0]];
    if (last && table.length < 4096) table.push([...last, entry[0]]);
    if (table.length === 2 ** size && size < 12) size += 1;
    for (const pixel of entry) out.push(pixel);
    last = entry;
  }
}

const palette = (size: number): Rgb[] => Array.from({ length: size }, (_, i) => [i, 255 - i, i % 7]);

test('what is written is read again, pixel by pixel, by the rules of the format', () => {
  const pictures = array(uint8Array({ minLength: 12 * 7, maxLength: 12 * 7, max: 4 }), {
    minLength: 1,
    maxLength: 5,
  });
  check(
    property(pictures, integer({ min: 1, max: 200 }), (frames, hundredths) => {
      const delayMs = 10 * hundredths;
      const gif = gifOf(
        frames.map((pixels) => ({ pixels, delayMs })),
        { width: 12, height: 7, palette: palette(5) },
      );
      const found = read(gif);
      assert.deepEqual(found.frames, frames);
      assert.deepEqual(
        found.delays,
        frames.map(() => hundredths),
      );
    }),
    { numRuns: 50 },
  );
});

test('a table of codes that is full is begun anew', () => {
  let state = 1;
  const noise = Uint8Array.from({ length: 300 * 200 }, () => (state = (state * 48271) % 2147483647) & 0xff);
  const gif = gifOf([{ pixels: noise, delayMs: 40 }], { width: 300, height: 200, palette: palette(256) });
  assert.deepEqual(read(gif).frames, [noise]);
});

test('a frame in which one pixel changed takes few bytes', () => {
  const pixels = new Uint8Array(100 * 100);
  const other = pixels.slice();
  other[5050] = 1;
  const bytesOf = (...frames: Uint8Array[]): number =>
    gifOf(
      frames.map((one) => ({ pixels: one, delayMs: 40 })),
      { width: 100, height: 100, palette: palette(2) },
    ).length;
  assert.ok(bytesOf(pixels, other) - bytesOf(pixels) < 40);
});
