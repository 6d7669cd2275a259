import { windowOf } from '../../src/cli/terminal/layout.ts';
import { gifOf, type GifFrame, type Rgb } from '../core/gif.ts';
import { framesAmong, linesAt } from '../core/lines.ts';
import type { Recording } from '../core/recording.ts';
import { colorsOf } from '../parts/theme.tsx';

/** Frames that a picture has at most. */
export const maxFrames = 120;
/** Lines of a GIF: of a longer text it shows those around where something happens. */
const maxRows = 48;
export const columns = 76;

const styles = {
  given: '--ink',
  sure: '--sure',
  likely: '--likely',
  unsure: '--unsure',
  guess: '--guess',
  special: '--quiet',
  mask: '--mask',
} as const;
const fontSize = 15;
const [lineHeight, margin] = [23, 16];
/** Shades between the ground and a colour, for the edges of letters. */
const shades = 6;

/** A recording as an animated GIF, in the colours of the page. */
export function gifPicture(recording: Recording, given: string): Uint8Array<ArrayBuffer> {
  const frames = framesAmong(recording.size, maxFrames);
  const laidOut = frames.map((frame) => windowOf(linesAt(recording, frame, given, columns), maxRows).lines);
  const rows = Math.max(...laidOut.map((lines) => lines.length));
  const family = getComputedStyle(document.querySelector('.canvas')!).fontFamily;
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.font = `${fontSize}px ${family}`;
  const characterWidth = context.measureText('m').width;
  canvas.width = Math.ceil(columns * characterWidth) + 2 * margin;
  canvas.height = rows * lineHeight + 2 * margin;
  const [ground, ...inks] = colorsOf(['--panel', ...Object.values(styles)]);
  const inkOf = new Map(Object.keys(styles).map((style, i) => [style, inks[i]]));
  const palette = [ground, ...inks.flatMap((ink) => shadesOf(ground, ink))];
  const toPalette = nearestOf(palette);

  function* pictures(): Generator<GifFrame> {
    for (const [index, lines] of laidOut.entries()) {
      context.fillStyle = css(ground);
      context.fillRect(0, 0, canvas.width, canvas.height);
      lines.forEach(({ pieces }, row) => {
        let x = margin;
        for (const { text, style } of pieces) {
          context.font = `${style === 'given' ? 'bold ' : ''}${fontSize}px ${family}`;
          context.fillStyle = css(inkOf.get(style)!);
          context.fillText(text, x, margin + (row + 0.7) * lineHeight);
          x += context.measureText(text).width;
        }
      });
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const isLast = index === laidOut.length - 1;
      yield { pixels: toPalette(data), delayMs: isLast ? 3000 : 80 };
    }
  }
  return gifOf(pictures(), { width: canvas.width, height: canvas.height, palette });
}

const css = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;

const shadesOf = (ground: Rgb, ink: Rgb): Rgb[] =>
  Array.from({ length: shades }, (_, i) => {
    const share = (i + 1) / shades;
    return ink.map((part, k) => Math.round(ground[k] + (part - ground[k]) * share)) as unknown as Rgb;
  });

/** Pixels (red, green, blue, alpha) as the nearest colours of a palette. */
function nearestOf(palette: readonly Rgb[]): (data: Uint8ClampedArray) => Uint8Array {
  const known = new Map<number, number>();
  const find = (red: number, green: number, blue: number): number => {
    const distances = palette.map(([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2);
    return distances.indexOf(Math.min(...distances));
  };
  return (data) => {
    const colors = new Uint32Array(data.buffer);
    const pixels = new Uint8Array(colors.length);
    let [last, place] = [-1, 0];
    for (let i = 0; i < pixels.length; i++) {
      // most pixels are as the one before
      if (colors[i] !== last) {
        last = colors[i];
        place = known.get(last) ?? find(data[4 * i], data[4 * i + 1], data[4 * i + 2]);
        known.set(last, place);
      }
      pixels[i] = place;
    }
    return pixels;
  };
}
