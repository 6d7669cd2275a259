import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { type CanvasChange, WrittenTokens } from '../../sampling/written-tokens.ts';
import { visible } from './visible.ts';

/** What a piece of the canvas is, which decides how it looks. */
export type Style = 'given' | 'sure' | 'likely' | 'unsure' | 'guess' | 'special' | 'mask';

/** The text of one or a few tokens; `fresh` if they were written in this step. */
export interface Cell {
  readonly text: string;
  readonly style: Style;
  readonly fresh: boolean;
}

/** The confidence from which a token is drawn as sure, likely, unsure; below is a guess. */
const levels: readonly (readonly [Style, number])[] = [
  ['sure', 0.9],
  ['likely', 0.6],
  ['unsure', 0.3],
  ['guess', 0],
];

/** How a token of some probability is drawn. */
export const styleOf = (probability: number): Style =>
  levels.find(([, from]) => probability >= from)?.[0] ?? 'guess';

/** Reads the frames of one text as cells. */
export class CanvasReader {
  readonly #tokenizer: Tokenizer;
  readonly #maskId: number;
  readonly #written: WrittenTokens;
  #masked = 0;

  constructor(tokenizer: Tokenizer, maskId: number) {
    this.#tokenizer = tokenizer;
    this.#maskId = maskId;
    this.#written = new WrittenTokens(maskId);
  }

  /** Tokens that the model has written, of the frame that was read last. */
  get unmasked(): number {
    return this.#written.count;
  }

  /** Masks of that frame. */
  get masked(): number {
    return this.#masked;
  }

  /** The frame in pieces, from left to right; what was there before the first frame is `given`. */
  cells(frame: CanvasChange): Cell[] {
    const { tokens, confidence } = frame;
    this.#written.read(frame);
    const fresh = new Set(frame.changed); // a mask isn't shown as fresh
    this.#masked = Array.prototype.filter.call(tokens, (token: number) => token === this.#maskId).length;
    const cells: Cell[] = [];
    for (let from = 0; from < tokens.length;) {
      if (tokens[from] === this.#maskId) {
        cells.push({ text: this.#maskText(confidence[from]), style: 'mask', fresh: false });
        from += 1;
        continue;
      }
      const { text, to } = this.#piece(tokens, from);
      const positions = Array.from({ length: to - from }, (_, i) => from + i);
      cells.push({
        text: text === '' ? '·' : visible(text),
        style: text === '' ? 'special' : this.#style(positions),
        fresh: positions.some((position) => fresh.has(position)),
      });
      from = to;
    }
    return cells;
  }

  /** The text that begins at a token. Several tokens are one piece where only together they are whole characters. */
  #piece(tokens: ArrayLike<number>, from: number): { text: string; to: number } {
    const decode = (to: number): string =>
      this.#tokenizer.decode(Array.from({ length: to - from }, (_, i) => tokens[from + i]));
    const alone = decode(from + 1);
    if (!alone.includes('\ufffd')) return { text: alone, to: from + 1 };
    // a character has at most four bytes, and a token at least one
    for (let to = from + 2; to <= Math.min(from + 4, tokens.length); to++) {
      if (tokens[to - 1] === this.#maskId) break;
      const text = decode(to);
      if (!text.includes('\ufffd')) return { text, to };
    }
    return { text: alone, to: from + 1 };
  }

  #style(positions: readonly number[]): Style {
    const confidences = positions.flatMap((position) => this.#written.confidenceAt(position) ?? []);
    if (confidences.length === 0) return 'given';
    return styleOf(Math.min(...confidences));
  }

  /** A mask, darker the surer the model is of what it would write there; about as wide as a token's text. */
  #maskText(confidence: number): string {
    const shade = confidence >= 0.6 ? '▓' : confidence >= 0.3 ? '▒' : '░';
    return this.#tokenizer.vocabularySize < 512 ? shade : ` ${shade.repeat(3)}`;
  }
}
