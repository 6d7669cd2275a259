import type { CanvasChange } from '../../sampling/written-tokens.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Io, Output } from '../command.ts';
import { CanvasReader } from './cells.ts';
import { colorsFor, type Paint } from './colors.ts';
import { layOut, windowOf } from './layout.ts';
import { LiveArea, type LiveLine } from './live.ts';
import { linePainter, progressBar } from './paint-line.ts';
import { fit, widthOf } from './width.ts';

/** What one of the canvases is headed, and whose ids it holds. */
interface Panel {
  readonly heading: string;
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
}

/** Columns between the canvases. */
const gap = 3;

/** Several canvases beside each other on a terminal, each with a heading and how much of it stands, while they are unmasked. */
export class SideBySide {
  readonly #area: LiveArea;
  readonly #panels: readonly (Panel & { readonly reader: CanvasReader })[];
  readonly #frames: (CanvasChange | undefined)[];
  readonly #paint: ReturnType<typeof linePainter>;
  readonly #bold: Paint;
  readonly #dim: Paint;

  constructor(output: Output, env: Io['env'], panels: readonly Panel[]) {
    const { bold, dim } = colorsFor(output, env);
    this.#area = new LiveArea(output);
    this.#panels = panels.map((panel) => ({
      ...panel,
      reader: new CanvasReader(panel.tokenizer, panel.maskId),
    }));
    this.#frames = panels.map(() => undefined);
    this.#paint = linePainter(output, env);
    [this.#bold, this.#dim] = [bold, dim];
  }

  /** Draws a frame of one of the canvases; the others stay as they are. */
  show(panel: number, frame: CanvasChange): void {
    this.#frames[panel] = frame;
    const width = Math.floor((this.#area.columns - gap * (this.#panels.length - 1)) / this.#panels.length);
    const columns = this.#panels.map((_, p) => this.#columnOf(p, Math.max(1, width), this.#area.rows));
    const height = Math.max(...columns.map((lines) => lines.length));
    this.#area.draw(
      Array.from({ length: height }, (_, row) => {
        const parts = columns.map((lines) => padded(lines[row] ?? { text: '', width: 0 }, width));
        return {
          text: parts.join(' '.repeat(gap)),
          width: width * parts.length + gap * (parts.length - 1),
        };
      }),
    );
  }

  /** Leaves what is drawn, and gives the terminal back. */
  close(): void {
    this.#area.close();
  }

  #columnOf(p: number, width: number, rows: number): LiveLine[] {
    const { heading, reader } = this.#panels[p];
    const title = fit(heading, width);
    const head = { text: this.#bold(title), width: widthOf(title) };
    const frame = this.#frames[p];
    if (!frame) return [head];
    const lines = layOut(reader.cells(frame), width);
    const { unmasked, masked } = reader;
    const count = fit(`${unmasked} of ${unmasked + masked} tokens `, width);
    const status = fit(count + progressBar(unmasked / (unmasked + masked), width - widthOf(count)), width);
    return [
      head,
      ...windowOf(lines, Math.max(1, rows - 2)).lines.map(this.#paint),
      { text: this.#dim(status), width: widthOf(status) },
    ].slice(0, rows);
  }
}

const padded = ({ text, width }: LiveLine, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width));
