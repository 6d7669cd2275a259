import { InvalidOptionError } from '../base/errors.ts';
import { type HoleContext, likeliestLength } from '../likelihood/hole-length.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import { hole, layBlocks, layCanvas, maskedPositions, tailStart } from '../sampling/canvas.ts';
import { type LongDecode, withoutTokens } from '../sampling/decode.ts';
import { expandAndDelete, expandingWithin, type ResizingTokens } from '../sampling/resize.ts';
import type { Frame, SampleOptions } from '../sampling/sample.ts';

/** The tokens of a hole: a number, a range of which the likeliest is taken, or whatever the model finds. */
export type HoleLength = number | readonly [least: number, most: number] | 'any';

/** A text in ids with holes in it: before each hole and behind the last there is given text, which may be empty. */
export interface TextWithHoles {
  /** One more than there are holes. */
  readonly given: readonly ArrayLike<number>[];
  readonly lengths: readonly HoleLength[];
  /** By hole, the tokens that it can't begin with. Default: none. */
  readonly notFirst?: readonly (readonly number[] | undefined)[];
}

/** Where a hole stands in a canvas. */
export interface HolePlace {
  /** Which hole of the text, from 0. */
  readonly hole: number;
  readonly start: number;
  /** Behind its last position. */
  readonly end: number;
}

/** What filling holes needs of a model and of a person's wishes. */
export interface HoleFiller {
  readonly maskId: number;
  readonly endIds: readonly number[];
  /** Positions that the model sees at most. */
  readonly maxLength: number;
  readonly score: RowScorer;
  /** The tokens by which the model finds the length of a hole, where it has them. */
  readonly resizing?: ResizingTokens;
  /** Whether it may use them. */
  readonly expand: boolean;
  /** Whether a constraint says what may stand in the holes, and where they end. */
  readonly isConstrained: boolean;
  /** Whether the text's one hole may have so many tokens. Default: as many as it is asked for. */
  readonly admits?: (length: number) => boolean;
  readonly blockLength?: number;
  readonly tokensPerStep: number;
  /** Samples a canvas to its end, and shows each frame to `see`, which knows where the holes are in it. */
  readonly fill: (
    canvas: Int32Array,
    how: HoleSampling,
    see: (frame: Frame) => readonly HolePlace[],
  ) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** What is different where holes are sampled. */
export interface HoleSampling {
  /** Tokens that no hole of the canvas may have. */
  readonly banned: readonly number[];
  readonly adapt: (options: SampleOptions) => SampleOptions;
}

/** What was written into the holes of one canvas, or of several windows of it. */
export interface FilledHoles {
  /** What was written into each hole. */
  readonly holes: readonly Int32Array[];
  /** Canvases that were scored to find lengths. */
  readonly scored: number;
}

/** DreamOn begins with 4 masks, and expands 64 times at most. */
const resizable = { start: 4, budget: 64 };
/** The most tokens of a hole of any length, of a model that can't resize it. */
const longestGuess = 32;

type HoleBounds = Pick<HoleFiller, 'resizing' | 'expand' | 'maxLength'>;

/** The tokens of a text if all its holes are as long as they may be. */
export const longestOf = (filler: HoleBounds, { given, lengths }: TextWithHoles): number =>
  sum(given.map(({ length }) => length)) + sum(lengths.map((length) => boundsOf(length, filler).most));

/** A hole as it is worked on: bounds of its length, and whether the model resizes it. */
interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly resizes: boolean;
}

/**
 * Fills the holes of a text, from left to right.
 *
 * A text that fits into the model is one canvas, with all its holes. Of a longer one a canvas has as many holes with the
 * text between them as take up three quarters of it, and around them the text that fits, with what was written into earlier
 * holes; later holes and what is behind them aren't seen.
 *
 * @throws InvalidOptionError  before the first forward
 */
export async function fillHoles(filler: HoleFiller, text: TextWithHoles): Promise<FilledHoles> {
  const bounds = text.lengths.map((length) => boundsOf(length, filler));
  const holes: Int32Array[] = [];
  let scored = 0;
  while (holes.length < bounds.length) {
    const window = windowAt(holes, text, bounds, filler.maxLength);
    const lengths = bounds
      .slice(window.first, window.end)
      .map(({ least, most, resizes }) => (resizes ? least : Math.round((least + most) / 2)));
    for (const h of lengths.keys()) {
      const { least, most, resizes } = bounds[window.first + h];
      if (resizes || least === most) continue;
      const found = await likeliestLength(filler.score, contextOf(window, lengths, h, filler), {
        least,
        most,
        admits: filler.admits,
      });
      lengths[h] = found.length;
      scored += found.scored;
    }
    holes.push(...(await fillWindow(window, lengths, filler)));
  }
  return { holes, scored };
}

/** What is written into the holes of a window, which have these lengths to begin with. */
async function fillWindow(
  window: Window,
  lengths: readonly number[],
  filler: HoleFiller,
): Promise<Int32Array[]> {
  const canvas = canvasOf(window, lengths, filler.maskId);
  let [parts, tokens] = [partsOf(window, lengths), canvas];
  const beginsHole = (i: number): number | undefined =>
    isHole(parts[i]) && parts[i] !== parts[i - 1] ? (parts[i] - 1) / 2 : undefined;
  const notFirst = (i: number): readonly number[] => window.notFirst[beginsHole(i) ?? -1] ?? [];
  await filler.fill(canvas, samplingOf(canvas, window, notFirst, filler), (frame) => {
    if (frame.sources) parts = movedParts(parts, frame.sources);
    tokens = frame.tokens;
    return lengths.map((_, h) => {
      // parts ascend, and a hole may have no token any more
      const before = (part: number): number => parts.filter((other) => other < part).length;
      return { hole: window.first + h, start: before(holePart(h)), end: before(holePart(h) + 1) };
    });
  });
  return lengths.map((_, h) => tokens.filter((_, i) => parts[i] === holePart(h)));
}

/** @throws InvalidOptionError  for no length, and one that leaves no room for text */
export function boundsOf(length: HoleLength, { resizing, expand, maxLength }: HoleBounds): Bounds {
  if (length === 'any') {
    const room = Math.max(1, Math.floor(maxLength / 4));
    return resizing && expand
      ? {
          least: Math.min(resizable.start, room),
          most: Math.min(resizable.start + resizable.budget, room),
          resizes: true,
        }
      : { least: 1, most: Math.min(longestGuess, room), resizes: false };
  }
  const [least, most] = typeof length === 'number' ? [length, length] : length;
  if (!(Number.isSafeInteger(least) && Number.isSafeInteger(most) && least >= 1 && most >= least)) {
    const problem = 'must be a whole number of tokens from 1, or two of them, the lower first';
    throw new InvalidOptionError('length', problem, length);
  }
  if (most >= maxLength) {
    const problem = `must leave room for text beside the hole in the model's longest sequence (${maxLength} tokens)`;
    throw new InvalidOptionError('length', problem, most);
  }
  return { least, most, resizes: false };
}

/** Holes that are filled together, and the given text that the model sees around each. */
interface Window {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
  /** One more than there are holes: in front of the first, between them, behind the last. */
  readonly given: readonly (readonly number[])[];
  readonly notFirst: readonly (readonly number[] | undefined)[];
  readonly resizes: boolean;
}

/** The window that begins with the first hole which isn't filled. */
function windowAt(
  filled: readonly Int32Array[],
  { given, notFirst = [] }: TextWithHoles,
  bounds: readonly Bounds[],
  maxLength: number,
): Window {
  const first = filled.length;
  const before = given.slice(0, first + 1).flatMap((ids, h) => [...Array.from(ids), ...(filled[h] ?? [])]);
  const restLength =
    sum(given.slice(first + 1).map((ids) => ids.length)) + sum(bounds.slice(first).map(({ most }) => most));
  const most = before.length + restLength <= maxLength ? maxLength : Math.floor((3 * maxLength) / 4);

  let end = first + 1;
  let used = bounds[first].most;
  for (; end < bounds.length && bounds[end].resizes === bounds[first].resizes; end++) {
    const longer = used + given[end].length + bounds[end].most;
    if (longer > most) break;
    used = longer;
  }
  const room = Math.max(0, maxLength - used);
  const after = Array.from(given[end]);
  const right = Math.min(after.length, Math.max(Math.floor(room / 2), room - before.length));
  const left = Math.min(before.length, room - right);
  return {
    first,
    end,
    resizes: bounds[first].resizes,
    notFirst: notFirst.slice(first, end),
    given: [
      before.slice(before.length - left),
      ...given.slice(first + 1, end).map((ids) => Array.from(ids)),
      after.slice(0, right),
    ],
  };
}

const canvasOf = ({ given }: Window, lengths: readonly number[], maskId: number): Int32Array =>
  layCanvas(
    given.flatMap((ids, h) => (h < lengths.length ? [ids, hole(lengths[h])] : [ids])),
    maskId,
  );

/** One hole of a window, the others masked. */
function contextOf(
  { given }: Window,
  lengths: readonly number[],
  hole: number,
  { maskId, signal }: HoleFiller,
): HoleContext {
  const masks = (n: number): number[] => Array.from({ length: n }, () => maskId);
  const before = given.slice(0, hole + 1).flatMap((ids, h) => [...ids, ...masks(h < hole ? lengths[h] : 0)]);
  const after = given.slice(hole + 1).flatMap((ids, h) => [...ids, ...masks(lengths[hole + 1 + h] ?? 0)]);
  return { before, after, maskId, signal };
}

/** How holes are sampled: steps follow from their tokens, and only behind all text may a text end. */
function samplingOf(
  canvas: Int32Array,
  { resizes, notFirst: wanted }: Window,
  notFirst: (i: number) => readonly number[],
  { maskId, endIds, resizing, isConstrained, blockLength, tokensPerStep, maxLength }: HoleFiller,
): HoleSampling {
  const masked = maskedPositions(canvas, maskId);
  const size = Math.min(blockLength ?? masked.length, masked.length);
  const blocks = layBlocks(canvas, { maskId, blockLength: size });
  const steps = sum(blocks.map(({ positions }) => Math.ceil(positions.length / tokensPerStep)));
  // a network that writes in stretches of its own keeps to them
  const inBlocks = (options: SampleOptions): SampleOptions =>
    options.layout
      ? options
      : { ...options, stepsPerBlock: undefined, blockLength: size, layout: layBlocks, steps };
  if (resizes && resizing) {
    const limits = { budget: resizable.budget, maxLength };
    const resize = expandAndDelete(resizing, limits);
    const decode = (own: LongDecode): LongDecode =>
      expandingWithin(
        withoutTokens(own, (_, i) => notFirst(i).filter((id) => id !== resizing.expandId)),
        resizing,
        limits,
      );
    return {
      banned: [],
      adapt: (options) => ({ ...inBlocks(options), resize, decode: decode(options.decode!) }),
    };
  }
  const tail = tailStart(canvas, maskId);
  const endsSomewhere = tail < canvas.length;
  const banned = [...(endsSomewhere ? [] : endIds), ...(resizing ? [resizing.expandId] : [])];
  const endsInside = endsSomewhere && masked[0] < tail;
  // where all positions are alike, nothing has to look at logits
  if (isConstrained || (!endsInside && wanted.every((ids) => ids === undefined))) {
    return { banned, adapt: inBlocks };
  }
  const forbidden = (i: number): readonly number[] => [...notFirst(i), ...(i < tail ? endIds : [])];
  return {
    banned,
    adapt: (options) => ({
      ...inBlocks(options),
      decode: withoutTokens(options.decode!, (_, i) => forbidden(i)),
    }),
  };
}

/** The part of a window that each position of its canvas belongs to: given text 2h in front of hole 2h + 1. */
const partsOf = ({ given }: Window, lengths: readonly number[]): number[] =>
  given.flatMap((ids, h) => [
    ...ids.map(() => 2 * h),
    ...Array.from({ length: lengths[h] ?? 0 }, () => holePart(h)),
  ]);

const holePart = (h: number): number => 2 * h + 1;
const isHole = (part: number): boolean => part % 2 === 1;

/** The parts after positions have moved: a new mask belongs to the hole that what is in front of it is of, or precedes. */
function movedParts(parts: readonly number[], sources: readonly number[]): number[] {
  const next: number[] = [];
  for (const from of sources) next.push(from < 0 ? (next.at(-1) ?? 0) | 1 : parts[from]);
  return next;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
