import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { visible } from './visible.ts';

/** What a piece of the canvas is, which decides how it looks. */
export type Style = 'given' | 'sure' | 'likely' | 'unsure' | 'guess' | 'special' | 'mask';

/** The text of one or a few tokens; `fresh` if they were written in this step. */
export interface Cell {
  readonly text: string;
  readonly style: Style;
  readonly fresh: boolean;
}

/** What the canvas shows of a frame of the reverse process. */
export interface CanvasFrame {
  readonly tokens: ArrayLike<number>;
  readonly changed: Iterable<number>;
  /** Where the positions were in the frame before, if they have moved. */
  readonly sources?: readonly number[];
  readonly confidence: ArrayLike<number>;
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

/**
 * Reads the frames of one text as cells. It remembers how sure the model was of each token when it wrote it,
 * because a frame tells that of the step alone.
 */
export class CanvasReader {
  readonly #tokenizer: Tokenizer;
  readonly #maskId: number;
  #written = new Map<number, number>();
  #masked = 0;

  constructor(tokenizer: Tokenizer, maskId: number) {
    this.#tokenizer = tokenizer;
    this.#maskId = maskId;
  }

  /** Tokens that the model has written, of the frame that was read last. */
  get unmasked(): number {
    return this.#written.size;
  }

  /** Masks of that frame. */
  get masked(): number {
    return this.#masked;
  }

  /** The frame in pieces, from left to right; what was there before the first frame is `given`. */
  cells({ tokens, changed, sources, confidence }: CanvasFrame): Cell[] {
    const fresh = new Set<number>();
    if (sources) {
      const before = this.#written;
      const known = [...sources.entries()].filter(([, from]) => before.has(from));
      this.#written = new Map(known.map(([to, from]) => [to, before.get(from)!]));
    }
    for (const position of changed) {
      if (tokens[position] === this.#maskId) this.#written.delete(position);
      else {
        this.#written.set(position, confidence[position]);
        fresh.add(position);
      }
    }
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
    const confidences = positions.flatMap((position) => this.#written.get(position) ?? []);
    if (confidences.length === 0) return 'given';
    return styleOf(Math.min(...confidences));
  }

  /** A mask, darker the surer the model is of what it would write there; about as wide as a token's text. */
  #maskText(confidence: number): string {
    const shade = confidence >= 0.6 ? '▓' : confidence >= 0.3 ? '▒' : '░';
    return this.#tokenizer.vocabularySize < 512 ? shade : ` ${shade.repeat(3)}`;
  }
}
