import type { Output } from '../command.ts';

const hideCursor = '\x1b[?25l';
/** What gives a terminal its cursor back. */
export const showCursor = '\x1b[?25h';
/** Between these a terminal that knows them draws nothing, so that no half-drawn frame is seen. */
const [beginUpdate, endUpdate] = ['\x1b[?2026h', '\x1b[?2026l'];

/** A line as it is sent, with the columns that it takes. */
export interface LiveLine {
  readonly text: string;
  readonly width: number;
}

/** A block of lines at the bottom of a terminal that is drawn over again and again. */
export class LiveArea {
  readonly #output: Output;
  #widths: readonly number[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Columns that a line may take: one less than there are, because the last one makes some terminals wrap. */
  get columns(): number {
    return Math.max(1, (this.#output.columns ?? 80) - 1);
  }

  /** Lines that the area may have without scrolling. */
  get rows(): number {
    return Math.max(1, (this.#output.rows ?? 24) - 1);
  }

  /** Draws lines over what was drawn before. They must fit in `columns` and `rows`. */
  draw(lines: readonly LiveLine[]): void {
    const start = this.#widths.length === 0 ? hideCursor : this.#home();
    const body = lines.map(({ text }) => `${text}\x1b[K`).join('\r\n');
    this.#output.write(`${beginUpdate}${start}${body}\x1b[J${endUpdate}`);
    this.#widths = lines.map(({ width }) => width);
  }

  /** Takes the area away; the cursor is where it began, and shown. */
  clear(): void {
    if (this.#widths.length > 0) this.#output.write(`${this.#home()}\x1b[J${showCursor}`);
    this.#widths = [];
  }

  /** Leaves what is drawn; the cursor is on the line below, and shown. Does nothing after `clear`. */
  close(): void {
    if (this.#widths.length > 0) this.#output.write(`\r\n${showCursor}`);
    this.#widths = [];
  }

  /** To the first column of the first line, also when the window has become narrower and the lines are wrapped. */
  #home(): string {
    const columns = Math.max(1, this.#output.columns ?? 80);
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    const up = Math.min(rows, this.#output.rows ?? rows) - 1;
    return up > 0 ? `\r\x1b[${up}A` : '\r';
  }
}
