import type { RecordedFrame } from './recording.ts';

/** The tokens of a hole, as the server reads them: a number, any, or the likeliest in a range. */
export type HoleLength =
  | { readonly length: number | 'any' }
  | { readonly minimum: number; readonly maximum: number };

/** How long a hole shall be beside the text whose place it takes. */
export const likenesses = ['same', 'shorter', 'longer'] as const;

type Likeness = (typeof likenesses)[number];

/** What a person asks of a hole: a length, or one by what stood there. */
export type WantedLength = HoleLength | { readonly like: Likeness };

/**
 * The tokens of a hole that takes the place of so many. The same is so many, or one fewer or more where that is little: left
 * the choice, a model finds a longer text likelier, for it says more about what stands behind it.
 */
export function lengthLike(like: Likeness, tokens: number): HoleLength {
  const slack = tokens < 4 ? 0 : 1;
  const [least, most] = {
    same: [tokens - slack, tokens + slack],
    shorter: [Math.ceil(tokens / 4), Math.floor(tokens / 2)],
    longer: [Math.ceil(1.3 * tokens), 2 * tokens + 1],
  }[like].map((n) => Math.max(1, n));
  return least === most ? { length: least } : { minimum: least, maximum: most };
}

/** A stretch of more tokens is no word. */
const longestWord = 8;

/**
 * The lengths of what may stand in the place of some words: a token for each, as common words have, or more, up to as many as
 * they have.
 */
export function lengthsForWords(words: string, tokens: number): readonly HoleLength[] {
  const least = Math.min(tokens, words.match(/\S+/g)?.length ?? 1);
  if (tokens > longestWord) return [lengthLike('same', tokens)];
  return Array.from({ length: tokens - least + 1 }, (_, more) => ({ length: least + more }));
}

/** What stands in a text in the place of a stretch of it: another text, or a hole. */
interface PlacedPart {
  readonly from: number;
  readonly to: number;
  readonly part: string | HoleLength;
}

/** A text with its holes as the server is sent it. Stretches are in order and don't overlap. */
export function partsOf(text: string, placed: readonly PlacedPart[]): (string | HoleLength)[] {
  let at = 0;
  const parts: (string | HoleLength)[] = [];
  const add = (part: string | HoleLength): void => {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  };
  for (const { from, to, part } of placed) {
    add(text.slice(at, from));
    add(part);
    at = to;
  }
  add(text.slice(at));
  return parts;
}

/** A hole as it is typed into a text: `{{3}}`, `{{4..24}}`, or `{{?}}` for any number of tokens. */
export interface TypedHole {
  readonly from: number;
  readonly to: number;
  readonly length: HoleLength;
}

/** The holes that are typed into a text, in order; what is no hole stays text. */
export function typedHoles(text: string): TypedHole[] {
  return Array.from(text.matchAll(/\{\{\s*(?:(\d{1,5})(?:\.\.(\d{1,5}))?|\?)\s*\}\}/g), (match) => {
    const [whole, least, most] = match;
    const length = holeLengthOf(least === undefined ? '' : `${least}-${most ?? least}`);
    return { from: match.index, to: match.index + whole.length, length };
  }).filter((hole): hole is TypedHole => hole.length !== undefined);
}

/** A part of a text that a model is sent in place of all of it. */
export interface Excerpt {
  readonly from: number;
  readonly to: number;
}

/**
 * What of a long text is sent around holes: so many characters on each side as a model could read at most, and a little more,
 * cut where a word begins.
 *
 * @param reach  characters on each side
 */
export function excerptAround(text: string, holes: readonly Excerpt[], reach: number): Excerpt {
  const first = Math.min(...holes.map(({ from }) => from)) - reach;
  const last = Math.max(...holes.map(({ to }) => to)) + reach;
  const from = first <= 0 ? 0 : text.indexOf(' ', first);
  const to = last >= text.length ? text.length : text.lastIndexOf(' ', last);
  return {
    from: from < 0 ? Math.max(0, first) : Math.min(from, first + reach),
    to: Math.max(to, last - reach),
  };
}

/** `8`, `2-8`, or nothing for any; undefined for what is none of these. */
export function holeLengthOf(typed: string): HoleLength | undefined {
  const text = typed.trim();
  if (text === '') return { length: 'any' };
  const [, first, second] = /^(\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?$/.exec(text) ?? [];
  const [least, most] = [Number(first), Number(second ?? first)];
  if (!(least >= 1 && most >= least)) return undefined;
  return least === most ? { length: least } : { minimum: least, maximum: most };
}

/** As a person would type it. */
export function typedLength(length: HoleLength): string {
  if ('minimum' in length) return `${length.minimum}-${length.maximum}`;
  return length.length === 'any' ? '' : String(length.length);
}

/** A position of a hole. */
export interface Piece {
  /** The id, or null for a mask. */
  readonly token: number | null;
  readonly text: string;
  readonly confidence: number | null;
}

/** A text that was written into a hole, and the pieces that it is drawn in. */
export interface Filling {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

/** What a canvas has in a hole, and what of the text that takes the place of. */
export interface SeenHole {
  readonly hole: number;
  readonly pieces: readonly Piece[];
  readonly replaces?: readonly [from: number, to: number];
}

/** What stands where nothing is written yet. */
export const mask: Piece = { token: null, text: '', confidence: null };

/** Reads the frames of a text with holes: what stands in each hole so far, over all canvases. */
export class HoleCanvas {
  #canvas: Piece[] = [];
  #places: NonNullable<RecordedFrame['holes']> = [];
  readonly #seen = new Map<number, SeenHole>();
  #step = Infinity;
  /** Passes over the text that have begun: an edit may read and rewrite it several times. */
  passes = 0;

  /** Reads the next frame. @returns the holes that it is about */
  read(frame: RecordedFrame): SeenHole[] {
    if (frame.reset) {
      this.#canvas = Array.from({ length: frame.length }, () => mask);
      this.#places = frame.holes ?? [];
      // steps are counted from the beginning of each; where frames were merged, its first has some already
      if (this.#places[0]?.hole === 0 && frame.step <= this.#step) this.passes += 1;
    }
    this.#step = frame.step;
    for (const { position, token, text, confidence } of frame.changes)
      this.#canvas[position] = { token, text, confidence };
    const holes = this.#places.map(({ hole, from, to, replaces }) => ({
      hole,
      pieces: this.#canvas.slice(from, to),
      ...(replaces && { replaces }),
    }));
    for (const seen of holes) this.#seen.set(seen.hole, seen);
    return holes;
  }

  /** What a hole had when it was last seen. */
  piecesOf(hole: number): readonly Piece[] {
    return this.#seen.get(hole)?.pieces ?? [];
  }
}
