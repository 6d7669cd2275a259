import type { TextSpan } from '../base/text-edits.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import { tokenCosts } from '../likelihood/token-costs.ts';
import type { LongDecode } from '../sampling/decode.ts';
import type { Frame, SampleOptions } from '../sampling/sample.ts';
import { atomsOf } from '../tokenizer/token-spans.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { leastLikely, wordNumbers } from './doubts.ts';

/** How a text that was written is revised. */
export interface Revision {
  /** Times that it is read and rewritten. */
  readonly passes: number;
  /** Words are rewritten in which a token has less than this probability. */
  readonly threshold: number;
  /** What was given, and `maskId` where it was to be written; a text that grew is longer   [L] */
  readonly canvas: Int32Array;
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly tokenizer: Tokenizer;
  readonly score: RowScorer;
  /** From logits to the tokens that are written anew. */
  readonly decode: LongDecode;
  /** Default: 0. */
  readonly seed?: number;
  /** Writes the masks of a canvas. */
  readonly write: (canvas: Int32Array, options: SampleOptions) => AsyncGenerator<Frame, void, void>;
  readonly signal?: AbortSignal;
}

/** The most that a pass masks again, as a share of what was written: what is left is what the rest is written by. */
const mostRewritten = 0.5;

/**
 * A text, and then the same text revised: each pass reads what was written, word by word given all others
 * (`tokenCosts`), masks the words in which a token is unlikely, the least likely first, writes them anew, and keeps of the new
 * stretches those that are likelier than what stood there. A pass costs a reading, and a step for each token of the longest
 * stretch. Remasking what the model is unsure of, after Wang et al. 2025
 * (ReMDM, arXiv:2503.00307), but by the pseudo-likelihood of the whole text and not by how sure the model was when it wrote.
 *
 * @param frames  the text while it is written
 * @yields        its frames, in which nothing that was written is final, and then those of the revision
 */
export async function* revised(
  frames: AsyncGenerator<Frame, void, void>,
  revision: Revision,
): AsyncGenerator<Frame, void, void> {
  const { canvas, maskId, passes, decode, seed = 0 } = revision;
  const first = canvas.indexOf(maskId);
  let last: Frame | undefined;
  for await (const frame of frames) yield (last = { ...frame, final: Math.min(frame.final, first) });
  if (!last) return;
  let reading = await read(last.tokens, revision);
  for (let pass = 0; pass < passes; pass++) {
    const doubted = doubtedStretches(reading, revision);
    if (doubted.length === 0) break;
    const before: Frame = last;
    const masked = before.tokens.slice();
    for (const { start, end } of doubted) masked.fill(maskId, start, end);
    // a token of each stretch at a time, about
    const steps = doubted.reduce((most, { start, end }) => Math.max(most, end - start), 0);
    const own = { maskId, steps, decode, seed: seed + pass + 1 };
    for await (const frame of revision.write(masked, own)) {
      const confidence = before.confidence.slice();
      for (const i of frame.tokens.keys()) if (masked[i] === maskId) confidence[i] = frame.confidence[i];
      yield (last = follows(last, { ...frame, confidence, final: first, pass: pass + 1 }, before));
    }
    const now = await read(last.tokens, revision);
    const costIn = ({ costs }: Reading, { start, end }: TextSpan) =>
      costs.subarray(start, end).reduce((sum, cost) => sum + cost, 0);
    const kept = { tokens: last.tokens.slice(), confidence: last.confidence.slice() };
    const worse = doubted.filter((stretch) => costIn(now, stretch) >= costIn(reading, stretch));
    for (const { start, end } of worse) {
      kept.tokens.set(before.tokens.subarray(start, end), start);
      kept.confidence.set(before.confidence.subarray(start, end), start);
    }
    if (worse.length > 0) yield (last = follows(last, { ...last, ...kept, t: 0 }, last));
    if (worse.length === doubted.length) break;
    reading = now;
    // what was tried in vain isn't tried again
    for (const { start, end } of worse) now.costs.fill(0, start, end);
  }
  yield follows(last, { ...last, final: last.tokens.length }, last);
}

/** A frame that comes after another: what it changed, and its place behind those of a text that was already there. */
function follows(previous: Frame, frame: Frame, before: Frame): Frame {
  const { sources: _, candidates: __, ...shown } = frame;
  return {
    ...shown,
    step: previous.step + 1,
    block: before.block,
    changed: [...frame.tokens.keys()].filter((i) => frame.tokens[i] !== previous.tokens[i]),
  };
}

/** A text as it was read. */
interface Reading {
  /** What each token that was written costs, given all words but its own; what was given costs nothing   nats [L] */
  readonly costs: Float64Array;
  /** The word that each token is of, numbered from 0   [L] */
  readonly words: Int32Array;
  /** Where what may be rewritten ends: at the first end token that was written. */
  readonly end: number;
}

async function read(
  tokens: Int32Array,
  { canvas, maskId, endIds, tokenizer, score, signal }: Revision,
): Promise<Reading> {
  const isWritten = writtenIn(canvas, maskId);
  const found = tokens.findIndex((token, i) => isWritten(i) && endIds.includes(token));
  const end = found < 0 ? tokens.length : found;
  const words = wordsIn(tokens, end, tokenizer);
  const { nats } = await tokenCosts(score, { x0: tokens, maskId, words, signal });
  return { costs: nats.map((cost, i) => (isWritten(i) && i < end ? cost : 0)), words, end };
}

const writtenIn =
  (canvas: Int32Array, maskId: number) =>
  (i: number): boolean =>
    i >= canvas.length || canvas[i] === maskId;

/** The words of a text that ends somewhere; where they can't be told from the text, each token is one. */
function wordsIn(tokens: Int32Array, end: number, tokenizer: Tokenizer): Int32Array {
  const ids = [...tokens.subarray(0, end)];
  const text = tokenizer.decode(ids);
  const atoms = atomsOf(ids, text, tokenizer);
  return atoms
    ? wordNumbers(text, atoms, { before: 0, length: tokens.length })
    : Int32Array.from(tokens.keys());
}

/** The words that were written and are doubted, in positions: half of the text at most. */
function doubtedStretches(
  { costs, words, end }: Reading,
  { canvas, maskId, threshold }: Revision,
): readonly TextSpan[] {
  const isWritten = writtenIn(canvas, maskId);
  const written: { start: number; end: number; nats: number }[] = [];
  for (let i = 0, given = false; i < end; i++) {
    const isSame = i > 0 && words[i] === words[i - 1];
    // a word that was begun by what was given stays as it is
    given = !isWritten(i) || (isSame && given);
    const last = written.at(-1);
    if (given) continue;
    if (isSame && last) {
      last.end = i + 1;
      last.nats = Math.max(last.nats, costs[i]);
    } else written.push({ start: i, end: i + 1, nats: costs[i] });
  }
  const open = written.map(({ nats, ...place }) => ({
    ...place,
    probability: Math.exp(-nats),
    cost: place.end - place.start,
  }));
  const room = Math.floor(mostRewritten * open.reduce((sum, { cost }) => sum + cost, 0));
  return leastLikely(open, { threshold, room });
}
