import type { CanvasChange } from '../../sampling/written-tokens.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { type Cell, CanvasReader, type Style } from './cells.ts';
import { colorsFor, type Paint, palette } from './colors.ts';
import type { Io, Output } from '../command.ts';
import { layOut, windowOf } from './layout.ts';
import { LiveArea, type LiveLine } from './live.ts';
import { linePainter, progressBar } from './paint-line.ts';
import { fit, widthOf } from './width.ts';

/** A frame with its place in the reverse process. */
export interface ViewFrame extends CanvasChange {
  readonly step: number;
  /** Denoising steps in all, where that is known. */
  readonly steps?: number;
  /** Where a text that was written is revised: which time that is, from 1. */
  readonly pass?: number;
}

/** Shows a canvas being unmasked, in place on a terminal. */
export class CanvasView {
  readonly #output: Output;
  readonly #area: LiveArea;
  readonly #newReader: () => CanvasReader;
  #reader: CanvasReader;
  readonly #paint: Record<Style, Paint>;
  readonly #dim: Paint;
  readonly #paintLine: ReturnType<typeof linePainter>;

  constructor(
    output: Output,
    env: Io['env'],
    { tokenizer, maskId }: { tokenizer: Tokenizer; maskId: number },
  ) {
    const colors = colorsFor(output, env);
    this.#output = output;
    this.#area = new LiveArea(output);
    this.#newReader = () => new CanvasReader(tokenizer, maskId);
    this.#reader = this.#newReader();
    this.#paint = palette(colors);
    this.#dim = colors.dim;
    this.#paintLine = linePainter(output, env);
  }

  /** Draws a frame over the one before; with step 0 another canvas begins. */
  show(frame: ViewFrame): void {
    if (frame.step === 0) this.#reader = this.#newReader();
    const { columns, rows } = this.#area;
    const all = layOut(this.#reader.cells(frame), columns);
    const shown = windowOf(all, Math.max(1, rows - 2));
    const hidden = all.length - shown.lines.length;
    const more =
      hidden === 0 ? '' : `  lines ${shown.from + 1}-${shown.from + shown.lines.length} of ${all.length}`;
    const status = this.#status(frame, more, columns);
    const lines = [...shown.lines.map((line) => this.#paintLine(line)), ...(rows > 1 ? [status] : [])];
    this.#area.draw(lines.slice(-rows));
  }

  /** Takes the canvas away and leaves the text of `frame` in its place, whole, however long it is. */
  finish(frame: CanvasChange): void {
    const lines = layOut(this.#reader.cells(frame).filter(isText), this.#area.columns);
    this.#area.clear();
    for (const line of lines) this.#output.write(`${this.#paintLine(line).text}\n`);
  }

  /** Takes the canvas away. */
  clear(): void {
    this.#area.clear();
  }

  /** Leaves the last frame as it stands and gives the terminal back; for an interrupt. Does nothing after `finish`. */
  close(): void {
    this.#area.close();
  }

  /** How much of the whole text is unmasked, and in how many denoising steps; while it is revised, how often it was. */
  #status({ step, steps: planned, pass }: ViewFrame, more: string, columns: number): LiveLine {
    const { unmasked, masked } = this.#reader;
    const count = `${unmasked} of ${unmasked + masked} tokens `;
    const written = ` step ${step}${planned === undefined ? '' : ` of ${planned}`}`;
    const steps = pass === undefined ? written : ` revision ${pass}, step ${step}`;
    const bar = progressBar(unmasked / (unmasked + masked), columns - widthOf(count + steps));
    const parts = [count, bar, steps, more].filter(
      (part, i, all) => widthOf(all.slice(0, i + 1).join('')) <= columns && part !== '',
    );
    const text = fit(parts.join(''), columns);
    const legend: Style[] = ['guess', 'unsure', 'likely', 'sure'];
    const legendWidth = legend.join(' ').length + 3;
    const width = widthOf(text);
    if (width + legendWidth > columns) return { text: this.#dim(text), width };
    const painted = legend.map((style) => this.#paint[style](style)).join(' ');
    return { text: `${this.#dim(text)}   ${painted}`, width: width + legendWidth };
  }
}

/** A text that stands alone shows no marks of the process: no masks that an interrupt left, no special tokens. */
const isText = ({ style }: Cell): boolean => style !== 'mask' && style !== 'special';
