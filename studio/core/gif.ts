/** A picture of an animation. */
export interface GifFrame {
  /** The colour of each pixel, as its place in the palette   [height, width] */
  readonly pixels: Uint8Array;
  readonly delayMs: number;
}

/** A colour: red, green, blue, each 0 … 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * An animated GIF that repeats for ever. Of each frame only the rectangle that changed is written.
 *
 *     GIF89a: header · palette · "repeat" · (delay · rectangle · LZW of its pixels)* · end
 *
 * @param palette  at most 256 colours
 */
export function gifOf(
  frames: Iterable<GifFrame>,
  { width, height, palette }: { width: number; height: number; palette: readonly Rgb[] },
): Uint8Array<ArrayBuffer> {
  const bits = Math.max(2, Math.ceil(Math.log2(palette.length)));
  const bytes = new Bytes();
  bytes.text('GIF89a');
  bytes.words(width, height);
  bytes.add(0xf0 | (bits - 1), 0, 0); // a palette of 2^bits colours; the first is the background
  for (let i = 0; i < 2 ** bits; i++) bytes.add(...(palette[i] ?? [0, 0, 0]));
  bytes.add(0x21, 0xff, 11);
  bytes.text('NETSCAPE2.0');
  bytes.add(3, 1, 0, 0, 0);
  let before: Uint8Array | undefined;
  for (const { pixels, delayMs } of frames) {
    const area = changedArea(before, pixels, width, height);
    bytes.add(0x21, 0xf9, 4, 0x04); // what was drawn stays
    bytes.words(Math.round(delayMs / 10));
    bytes.add(0, 0, 0x2c);
    bytes.words(area.x, area.y, area.width, area.height);
    bytes.add(0, bits);
    compress(bytes, cut(pixels, width, area), bits);
    before = pixels;
  }
  bytes.add(0x3b);
  return bytes.whole();
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The smallest rectangle that has all that changed; one pixel where nothing did. */
function changedArea(before: Uint8Array | undefined, after: Uint8Array, width: number, height: number): Area {
  if (!before) return { x: 0, y: 0, width, height };
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (before[y * width + x] === after[y * width + x]) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = y + 1;
    }
  if (right === 0) return { x: 0, y: 0, width: 1, height: 1 };
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function cut(pixels: Uint8Array, width: number, area: Area): Uint8Array {
  const part = new Uint8Array(area.width * area.height);
  for (let row = 0; row < area.height; row++) {
    const from = (area.y + row) * width + area.x;
    part.set(pixels.subarray(from, from + area.width), row * area.width);
  }
  return part;
}

/** The most bits that a code of GIF's LZW may have. */
const longestCode = 12;

/** LZW as GIF has it: codes grow with the table; a full table is begun anew. Written in blocks of at most 255 bytes. */
function compress(bytes: Bytes, pixels: Uint8Array, bits: number): void {
  const [clear, end] = [2 ** bits, 2 ** bits + 1];
  /** The code of a run and the pixel behind it. */
  let table = new Map<number, number>();
  let next = end + 1;
  let size = bits + 1;
  let [held, heldBits] = [0, 0];
  let block: number[] = [];
  const flush = (): void => {
    bytes.add(block.length, ...block);
    block = [];
  };
  const write = (code: number): void => {
    held |= code << heldBits;
    for (heldBits += size; heldBits >= 8; heldBits -= 8) {
      block.push(held & 0xff);
      held >>= 8;
      if (block.length === 255) flush();
    }
  };
  write(clear);
  let run = pixels[0];
  for (let i = 1; i < pixels.length; i++) {
    const pixel = pixels[i];
    const key = (run << 8) | pixel;
    const known = table.get(key);
    if (known !== undefined) {
      run = known;
      continue;
    }
    write(run);
    run = pixel;
    if (next === 2 ** longestCode) {
      write(clear);
      table = new Map();
      next = end + 1;
      size = bits + 1;
      continue;
    }
    // a reader knows an entry one code later: codes grow when the last that fits was made
    if (next === 2 ** size) size += 1;
    table.set(key, next++);
  }
  write(run);
  write(end);
  if (heldBits > 0) block.push(held & 0xff);
  if (block.length > 0) flush();
  bytes.add(0);
}

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  add(...values: readonly number[]): void {
    if (this.#length + values.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  text(text: string): void {
    for (const character of text) this.add(character.charCodeAt(0));
  }

  /** Numbers of 16 bits, the low byte first. */
  words(...values: readonly number[]): void {
    for (const value of values) this.add(value & 0xff, value >> 8);
  }

  whole(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
