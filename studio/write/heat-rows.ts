import type { Recording } from '../core/recording.ts';

type Rgb = readonly [red: number, green: number, blue: number];

const black = 0xff000000;

/** A picture of a recording in which each position of each frame is one pixel; a frame is a row. It grows with the recording. */
export class HeatRows {
  picture = new OffscreenCanvas(1, 1);
  readonly #recording: Recording;
  readonly #colors: Uint32Array;
  #rows = 0;
  #row = new Uint32Array();

  /** @param scale  the colours from no confidence to full, evenly apart */
  constructor(recording: Recording, scale: readonly Rgb[]) {
    this.#recording = recording;
    this.#colors = Uint32Array.from({ length: 256 }, (_, level) => between(scale, level / 255));
  }

  /** Positions. */
  get width(): number {
    return this.#row.length;
  }

  /** Draws the frames that are not drawn yet. */
  grow(size: number): void {
    for (; this.#rows < size; this.#rows++) {
      const frame = this.#rows;
      const { length, changed } = this.#recording.facts(frame);
      if (length > this.width || frame >= this.picture.height)
        this.#enlarge(Math.max(length, this.width), frame);
      const isSame = frame > 0 && this.#recording.isSameTake(frame - 1, frame);
      if (!isSame) this.#row.fill(0);
      const positions = isSame ? changed : Array.from({ length }, (_, position) => position);
      for (const position of positions) this.#row[position] = this.#color(position, frame);
      this.#put(frame);
    }
  }

  /** Room for more: what is drawn is drawn over. */
  #enlarge(width: number, frame: number): void {
    const larger = new OffscreenCanvas(width, Math.max(64, 2 * frame));
    larger.getContext('2d')!.drawImage(this.picture, 0, 0);
    this.picture = larger;
    if (width === this.width) return;
    const row = new Uint32Array(width);
    row.set(this.#row);
    this.#row = row;
  }

  #put(frame: number): void {
    const pixels = new Uint8ClampedArray(this.#row.buffer as ArrayBuffer);
    this.picture.getContext('2d')!.putImageData(new ImageData(pixels, this.width, 1), 0, frame);
  }

  #color(position: number, frame: number): number {
    const { token, confidence } = this.#recording.cellAt(position, frame);
    return token === null ? 0 : this.#colors[Math.round(255 * Math.max(0, Math.min(1, confidence ?? 1)))];
  }
}

/** A colour of a scale as a pixel: alpha, blue, green, red, from the highest byte. */
function between(scale: readonly Rgb[], share: number): number {
  const at = share * (scale.length - 1);
  const index = Math.min(scale.length - 2, Math.floor(at));
  const mixed = scale[index].map((part, i) => Math.round(part + (scale[index + 1][i] - part) * (at - index)));
  return (black | (mixed[2] << 16) | (mixed[1] << 8) | mixed[0]) >>> 0;
}
