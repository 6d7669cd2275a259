import type { NdArray } from '../array.ts';
import { InvalidOptionError } from '../errors.ts';
import { type Uniform, uniforms } from '../random.ts';
import { type BlockLayout, layBlocks, tailStart } from './canvas.ts';
import { evenly, type RevealCounts } from './counts.ts';
import { type Certainty, type Decode, decoder } from './decode.ts';
import { absorbing, type Noise } from './noise.ts';
import type { Grow } from './growth.ts';
import type { MaskPredictor } from './predictor.ts';
import type { Resize } from './resize.ts';
import { lowConfidence, type ReverseStep, type Strategy, type Transition, unmasking } from './strategies.ts';

export interface SampleOptions {
  maskId: number;
  /**
   * Steps for the whole canvas, the most that will be used: each block has its share, at least one. Default: one a token.
   * Masks that are added later come with steps at the same rate.
   */
  steps?: number;
  /** Semi-autoregressive sampling, block after block; the last may be shorter. Default: one block. */
  blockLength?: number;
  /** Where blocks begin. Default: at the first mask, wherever that is. */
  layout?: BlockLayout;
  /** What becomes of a block in a step. Default: the surest predicted tokens are kept. */
  strategy?: Strategy;
  /** How many tokens a step reveals, for the strategies that ask. Default: the same number each. */
  counts?: RevealCounts;
  /** From logits to tokens. Default: the likeliest token that isn't [MASK]. */
  decode?: Decode;
  /** What the forward process makes of a token. Default: [MASK]. */
  noise?: Noise;
  /** Which positions go and where masks are inserted after a step. Default: all stay. */
  resize?: Resize;
  /** How many masks follow the last block once it is written, as a block of their own. Default: none. */
  grow?: Grow;
  /** Same seed, same text. Default: 0. */
  seed?: number;
  /** Tokens that end the text: once all up to the first is certain, the loop stops. Default: it never stops early. */
  endIds?: readonly number[];
  signal?: AbortSignal;
}

/** What a reader of the stream sees: the canvas before the first step (step 0) and after each. */
export interface Frame {
  readonly step: number;
  /** Which block was written, counted from 0. */
  readonly block: number;
  /** The time that this block has reached: 1 is all masked, 0 is written. */
  readonly t: number;
  /** x_t   [L] */
  readonly tokens: Int32Array;
  /** The positions that this step changed, ascending. */
  readonly changed: readonly number[];
  /** Positions from the left that no later step changes. */
  readonly final: number;
  /** Where this step resized the canvas: the position of each in the frame before, or −1 for a new mask   [L] */
  readonly sources?: readonly number[];
  /** p_θ(x̂_0^i | x_t) when position i was last predicted; NaN where it never was.   [L] */
  readonly confidence: Float64Array;
}

/**
 * The reverse process, from the masks of a canvas (t = 1) to its text (t = 0): LLaDA Algorithms 4 and 5, inside
 * semi-autoregressive blocks.
 *
 * An async generator, and the only sampling loop there is. The canvas may be any: a prompt and an answer to write, or
 * text with holes. What is given never changes; whether a token that was written may is the strategy's to say.
 *
 * At t = 0 no [MASK] is left, as long as `decode` predicts none. With `endIds`, tokens behind a certain end token are
 * not predicted: they become that end token.
 *
 * @param predict  the mask predictor; asked only for positions of the active block
 * @param canvas   given tokens, and `maskId` where it's to write    [L]
 * @yields         the canvas at the start and after every step
 * @throws InvalidOptionError  before the predictor is called
 */
export async function* sample(
  predict: MaskPredictor,
  canvas: ArrayLike<number>,
  options: SampleOptions,
): AsyncGenerator<Frame, void, void> {
  const {
    maskId,
    strategy = unmasking(lowConfidence),
    counts = evenly,
    resize,
    grow,
    seed = 0,
    endIds = [],
    signal,
  } = options;
  const {
    decode = decoder({ forbidden: [maskId] }),
    noise = absorbing(maskId),
    layout = layBlocks,
  } = options;
  const blocks = layout(Int32Array.from(canvas), options);
  const sizes = blocks.map(({ length }) => length);
  const shares = divideSteps(options.steps ?? blocks.flat().length, sizes);
  let tail = tailStart(Int32Array.from(canvas), maskId);
  let xt = noisy(Int32Array.from(canvas), blocks.flat(), noise, uniforms(seed, 'noise', 0));
  let latest = nothingPredicted(xt);
  let [step, moves, inserted] = [0, 0, 0];

  /** What stands before the first noise, or before the block that may be rewritten. */
  const finalWith = (rest: readonly (readonly number[])[]): number =>
    (strategy.rewrites ? rest[0]?.[0] : noise.open(xt, rest.flat())[0]) ?? xt.length;

  const [[first]] = blocks;
  yield { step, block: 0, t: 1, tokens: xt, changed: [], final: first, confidence: latest.confidence };

  for (let index = 0; index < blocks.length; index++) {
    const [length, share] = [blocks[index].length, shares[index] ?? shares[0]];
    const planFrom = (t: number, masked: number): Planned[] => {
      const steps = Math.ceil((share * masked) / length);
      return timesteps({ t, steps, counts: counts(masked, steps), corrections: strategy.corrections });
    };
    let left = planFrom(1, length);
    let logits: NdArray | undefined;
    let steady = 0;

    while (left.length > 0) {
      signal?.throwIfAborted();
      const { t, s, count } = left[0];
      const positions = blocks[index];
      const masked = noise.open(xt, positions);
      if (t === 1 && masked.length === 0) break; // an end token in an earlier block ended the text
      if (t > 0 && masked.length === 0 && strategy.corrections) {
        left = left.slice(1); // revealed early: on to the corrections
        continue;
      }
      const asked = strategy.asks?.({ positions, masked }) ?? masked;
      const rows = Int32Array.from(asked);

      // while nothing changed, the predictor's last answer holds
      const moment = { block: { index, start: positions[0], end: positions.at(-1)! + 1 }, t, moves, signal };
      logits ??= rows.length > 0 ? await predict(xt, rows, moment) : undefined; // p_θ(x_0 | x_t)   [R, V]
      const x0 = xt.slice();
      latest = withOwnConfidence(latest);
      if (logits) {
        const prediction = decode({ logits, rows, xt, t, inserted }, uniforms(seed, 'token', step));
        steady = asked.every((i, r) => prediction.likeliest[r] === latest.likeliest[i]) ? steady + 1 : 0;
        for (const [r, i] of asked.entries()) {
          x0[i] = prediction.tokens[r];
          latest.likeliest[i] = prediction.likeliest[r];
          latest.confidence[i] = prediction.confidence[r];
          latest.margin[i] = prediction.margin[r];
          latest.entropy[i] = prediction.entropy[r];
        }
      }

      const uniform = uniforms(seed, 'remask', step);
      const reverse = { positions, masked, asked, xt, x0, ...latest, steady, t, s, count, uniform };
      const transition = t > 0 && s === 0 ? (strategy.finish ?? reveal)(reverse) : strategy.step(reverse);
      step += 1;
      const draw = (i: number): number => noise.draw(i, uniforms(seed, 'noise', step));
      let xs = apply(xt, transition, x0, draw);
      if (!strategy.rewrites) endText(xs, latest.confidence, { maskId, endIds, tail });

      const sources = resize?.({ xs, positions, tail, inserted });
      if (sources) {
        xs = Int32Array.from(sources, (i, to) => (i < 0 ? draw(to) : xs[i]));
        latest = moved(latest, sources);
        xt = Int32Array.from(sources, (i) => xt[i] ?? -1); // a new mask wasn't there
        for (let b = index; b < blocks.length; b++) blocks[b] = movedBlock(blocks[b], sources, b === index);
        tail = tail === 0 ? 0 : sources.indexOf(tail - 1) + 1;
        inserted += sources.filter((i) => i < 0).length;
        moves += 1;
      }

      const open = noise.open(xs, blocks[index]);
      const done = sources ? open.length === 0 : left.length === 1 || (transition.done ?? open.length === 0);
      if (strategy.rewrites && done) endText(xs, latest.confidence, { maskId, endIds, tail });
      left = done ? [] : sources ? planFrom(open.length / blocks[index].length, open.length) : left.slice(1);
      const changed = [...xs.keys()].filter((i) => xs[i] !== xt[i]);
      if (sources || changed.length > 0) logits = undefined;
      xt = xs;
      const reached = done ? 0 : (left[0]?.t ?? s);
      const { confidence } = latest;
      const final = finalWith(blocks.slice(done ? index + 1 : index));
      const change = { changed, ...(sources && { sources }), final };
      yield { step, block: index, t: reached, tokens: xt, ...change, confidence };
    }

    const added = (index === blocks.length - 1 && grow?.({ tokens: xt, tail })) || 0;
    if (added > 0) {
      blocks.push(Array.from({ length: added }, (_, n) => xt.length + n));
      const sources = Array.from({ length: xt.length + added }, (_, i) => (i < xt.length ? i : -1));
      xt = noisy(
        Int32Array.from(sources, (i) => xt[i]),
        blocks[index + 1],
        noise,
        uniforms(seed, 'noise', step),
      );
      latest = moved(latest, sources);
    }
  }
}

/** The step to s = 0: what is still noise is written as predicted. */
const reveal = ({ masked }: ReverseStep): Transition => ({ written: masked });

/** The canvas at s. */
function apply(
  xt: Int32Array,
  { written, noised = [], tokens }: Transition,
  x0: Int32Array,
  draw: (i: number) => number,
): Int32Array {
  const xs = xt.slice();
  for (const i of noised) xs[i] = draw(i);
  for (const i of written) xs[i] = (tokens ?? x0)[i];
  return xs;
}

/** A canvas at t = 1: where text is wanted there is noise. */
function noisy(canvas: Int32Array, positions: readonly number[], noise: Noise, uniform: Uniform): Int32Array {
  for (const i of positions) canvas[i] = noise.draw(i, uniform);
  return canvas;
}

/** The steps of each block: as many as its share of the tokens, at least one, and `steps` in all. */
function divideSteps(steps: number, sizes: readonly number[]): number[] {
  const blocks = sizes.length;
  if (!(Number.isSafeInteger(steps) && steps >= blocks)) {
    throw new InvalidOptionError('steps', `must be at least one for each of the ${blocks} blocks`, steps);
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let [tokens, end] = [0, 0];
  return sizes.map((size, index) => {
    tokens += size;
    const begin = end;
    end = Math.max(begin + 1, Math.min(Math.round((steps * tokens) / total), steps - (blocks - 1 - index)));
    return end - begin;
  });
}

/** A step that is to come. */
type Planned = Pick<ReverseStep, 't' | 's' | 'count'>;

/** Uniform steps from t to 0, each as an exact fraction: no sum of rounding errors; then some at t = 0. */
function timesteps({
  t,
  steps: n,
  counts,
  corrections = 0,
}: {
  t: number;
  steps: number;
  counts: readonly number[];
  corrections?: number;
}): Planned[] {
  return Array.from({ length: n + corrections }, (_, k) => ({
    t: (t * Math.max(0, n - k)) / n,
    s: (t * Math.max(0, n - k - 1)) / n,
    count: counts[k] ?? 0,
  }));
}

/** What is known of each position since it was predicted last   [L] */
type Latest = Certainty & Pick<ReverseStep, 'likeliest'>;

const nothingPredicted = (xt: Int32Array): Latest => ({
  confidence: new Float64Array(xt.length).fill(NaN),
  margin: new Float64Array(xt.length).fill(NaN),
  entropy: new Float64Array(xt.length).fill(NaN),
  likeliest: xt.slice(),
});

/** The same with another array of confidence: each frame has its own, and keeps it. */
const withOwnConfidence = (latest: Latest): Latest => ({ ...latest, confidence: latest.confidence.slice() });

/** The same where positions have moved; of a new mask nothing is known. */
const moved = ({ confidence, margin, entropy, likeliest }: Latest, sources: readonly number[]): Latest => ({
  confidence: Float64Array.from(sources, (i) => confidence[i]), // [−1] is undefined, which becomes NaN
  margin: Float64Array.from(sources, (i) => margin[i]),
  entropy: Float64Array.from(sources, (i) => entropy[i]),
  likeliest: Int32Array.from(sources, (i) => likeliest[i] ?? -1),
});

/** Where the positions of a block are now; new masks belong to the block that is written. */
function movedBlock(positions: readonly number[], sources: readonly number[], isWritten: boolean): number[] {
  const mine = new Set(positions);
  return [...sources.keys()].filter((to) => (sources[to] < 0 ? isWritten : mine.has(sources[to])));
}

/**
 * If all tokens up to the first end token of the tail are certain, the masks behind it become that end token: nobody
 * will read them, and no step is spent on them.
 */
function endText(
  xs: Int32Array,
  confidence: Float64Array,
  { maskId, endIds, tail }: { maskId: number; endIds: readonly number[]; tail: number },
): void {
  const end = xs.findIndex((token, i) => token === maskId || (i >= tail && endIds.includes(token)));
  if (end < 0 || xs[end] === maskId) return;
  for (let i = end + 1; i < xs.length; i++) {
    if (xs[i] !== maskId) continue;
    xs[i] = xs[end];
    confidence[i] = NaN;
  }
}
