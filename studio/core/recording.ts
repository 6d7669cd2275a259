import type { DiffusionFrame } from '../../src/server/worker/protocol.ts';

/** A token that the model took into consideration for a position. */
export interface Candidate {
  readonly token: number;
  readonly text: string;
  readonly probability: number;
}

/** A frame as the stream has it; candidates where they were asked for. */
export interface RecordedFrame extends DiffusionFrame {
  readonly candidates?: readonly { readonly position: number; readonly tokens: readonly Candidate[] }[];
}

/** A frame, and the milliseconds after which it came. */
export interface RecordedEvent {
  readonly frame: RecordedFrame;
  readonly ms: number;
}

/** What a stream of the server says in the end. */
export interface Ending {
  readonly finish: string;
  readonly seed: number;
  readonly tokens: number;
  /** Of a text that was stopped and went on nobody knows them. */
  readonly forwards?: number;
  readonly tokensPerForward?: number;
  readonly ms: number;
}

/** What stands at a position, and since when. */
export interface Cell {
  /** The frame that wrote it, or masked it again. */
  readonly frame: number;
  /** The id, or null for a mask. */
  readonly token: number | null;
  readonly text: string;
  readonly confidence: number | null;
}

/** What is told of a frame as a whole. */
export interface FrameFacts {
  readonly step: number;
  readonly block: number;
  readonly t: number;
  readonly committed: number;
  readonly length: number;
  /** Milliseconds since the recording began. */
  readonly ms: number;
  /** Positions that changed. */
  readonly changed: readonly number[];
  /** Positions that have a token. */
  readonly written: number;
}

/** Canvases of one length: a reset begins another. */
interface Take {
  readonly from: number;
  readonly cells: readonly Cell[][];
  readonly candidates: readonly { readonly frame: number; readonly tokens: readonly Candidate[] }[][];
}

const mask = (frame: number): Cell => ({ frame, token: null, text: '', confidence: null });

/**
 * A process, frame by frame, as it can be looked at in any order. It keeps for each position what it became and when, so
 * that it grows with the changes, not with frames times positions.
 */
export class Recording {
  readonly #frames: FrameFacts[] = [];
  readonly #events: RecordedEvent[] = [];
  readonly #takes: Take[] = [];

  /** How many frames there are. */
  get size(): number {
    return this.#frames.length;
  }

  /** Adds the next frame of the stream. The first must be a reset, as the first of a stream is. */
  add(frame: RecordedFrame, ms: number): void {
    const index = this.#frames.length;
    if (frame.reset || this.#takes.length === 0) {
      const positions = Array.from({ length: frame.length });
      this.#takes.push({
        from: index,
        cells: positions.map(() => [mask(index)]),
        candidates: positions.map(() => []),
      });
    }
    const take = this.#takes.at(-1)!;
    let written = take.from === index ? 0 : this.#frames[index - 1].written;
    for (const { position, token, text, confidence } of frame.changes) {
      const history = take.cells[position];
      written += Number(token !== null) - Number(history.at(-1)!.token !== null);
      history.push({ frame: index, token, text, confidence });
    }
    for (const { position, tokens } of frame.candidates ?? [])
      take.candidates[position].push({ frame: index, tokens });
    const { step, block, t, committed, length } = frame;
    const changed = frame.changes.map(({ position }) => position);
    this.#frames.push({ step, block, t, committed, length, ms, changed, written });
    this.#events.push({ frame, ms });
  }

  facts(frame: number): FrameFacts {
    return this.#frames[frame];
  }

  /** What stood at a position after a frame. */
  cellAt(position: number, frame: number): Cell {
    return last(this.#take(frame).cells[position], frame)!;
  }

  /** The text of the token that comes to a position after a frame; undefined where none has come by now. */
  comingText(position: number, frame: number): string | undefined {
    return this.#take(frame).cells[position].find((cell) => cell.frame > frame && cell.token !== null)?.text;
  }

  canvasAt(frame: number): Cell[] {
    return this.#take(frame).cells.map((history) => last(history, frame)!);
  }

  /** The candidates that were told last for a position, up to a frame. */
  candidatesAt(position: number, frame: number): readonly Candidate[] {
    return last(this.#take(frame).candidates[position], frame)?.tokens ?? [];
  }

  /** All that a position became, and its candidates, in the canvases of a frame. */
  historyOf(
    position: number,
    frame: number,
  ): Pick<Take, 'from'> & {
    readonly cells: readonly Cell[];
    readonly candidates: Take['candidates'][number];
  } {
    const { from, cells, candidates } = this.#take(frame);
    return { from, cells: cells[position], candidates: candidates[position] };
  }

  /** Whether two frames have canvases of the same making, so that one becomes the other by `changesBetween`. */
  isSameTake(a: number, b: number): boolean {
    return this.#take(a) === this.#take(b);
  }

  /** The positions that may differ between two frames of one take, in either direction. */
  changesBetween(a: number, b: number): Set<number> {
    const [from, to] = a < b ? [a, b] : [b, a];
    return new Set(this.#frames.slice(from + 1, to + 1).flatMap(({ changed }) => changed));
  }

  /** The text of a canvas, masks left out. */
  textAt(frame: number): string {
    return this.canvasAt(frame)
      .map(({ text }) => text)
      .join('');
  }

  /** Everything that was added, in order: another recording can be made of it. */
  get events(): readonly RecordedEvent[] {
    return this.#events;
  }

  #take(frame: number): Take {
    return this.#takes.findLast(({ from }) => from <= frame)!;
  }
}

/** The last entry up to a frame, by halving. */
function last<T extends { readonly frame: number }>(entries: readonly T[], frame: number): T | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].frame <= frame) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1];
}
