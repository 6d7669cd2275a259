import type { NdArray } from '../array.ts';
import { InvalidOptionError } from '../errors.ts';
import { type Uniform, uniforms } from '../random.ts';
import { type BlockLayout, layBlocks, tailStart } from './canvas.ts';
import { evenly, type RevealCounts } from './counts.ts';
import { type Decode, decoder } from './decode.ts';
import { absorbing, type Noise } from './noise.ts';
import type { MaskPredictor } from './predictor.ts';
import { lowConfidence, type ReverseStep, type Strategy, type Transition, unmasking } from './strategies.ts';

export interface SampleOptions {
  maskId: number;
  /** Steps for the whole canvas, the most that will be used: each block has its share, at least one. Default: one a token. */
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
  const tail = tailStart(Int32Array.from(canvas), maskId);
  let xt = noisy(Int32Array.from(canvas), blocks.flat(), noise, uniforms(seed, 'noise', 0));
  let confidence = new Float64Array(xt.length).fill(NaN);
  const [margin, entropy] = [confidence.slice(), confidence.slice()];
  const likeliest = xt.slice();
  let step = 0;

  yield { step, block: 0, t: 1, tokens: xt, changed: [], confidence };

  for (const [index, positions] of blocks.entries()) {
    const block = { index, start: positions[0], end: positions.at(-1)! + 1 };
    const planned = counts(positions.length, shares[index]);
    const times = timesteps(shares[index], strategy.corrections);
    let logits: NdArray | undefined;
    let steady = 0;

    for (const [k, [t, s]] of times.entries()) {
      signal?.throwIfAborted();
      const masked = noise.open(xt, positions);
      if (k === 0 && masked.length === 0) break; // an end token in an earlier block ended the text
      if (t > 0 && masked.length === 0 && strategy.corrections) continue; // revealed early: on to the corrections
      const asked = strategy.asks?.({ positions, masked }) ?? masked;
      const rows = Int32Array.from(asked);

      // while nothing changed, the predictor's last answer holds
      logits ??= rows.length > 0 ? await predict(xt, rows, { block, t, signal }) : undefined; // p_θ(x_0 | x_t)   [R, V]
      const x0 = xt.slice();
      confidence = confidence.slice();
      if (logits) {
        const prediction = decode({ logits, rows, xt, t }, uniforms(seed, 'token', step));
        steady = asked.every((i, r) => prediction.likeliest[r] === likeliest[i]) ? steady + 1 : 0;
        for (const [r, i] of asked.entries()) {
          x0[i] = prediction.tokens[r];
          likeliest[i] = prediction.likeliest[r];
          confidence[i] = prediction.confidence[r];
          margin[i] = prediction.margin[r];
          entropy[i] = prediction.entropy[r];
        }
      }

      const reverse: ReverseStep = {
        positions,
        masked,
        asked,
        xt,
        x0,
        confidence,
        margin,
        entropy,
        likeliest,
        steady,
        t,
        s,
        count: planned[k] ?? 0,
        uniform: uniforms(seed, 'remask', step),
      };
      const transition = t > 0 && s === 0 ? (strategy.finish ?? reveal)(reverse) : strategy.step(reverse);
      step += 1;
      const xs = apply(xt, transition, x0, (i) => noise.draw(i, uniforms(seed, 'noise', step)));
      if (!strategy.rewrites) endText(xs, confidence, { maskId, endIds, tail });
      const done = k === times.length - 1 || (transition.done ?? noise.open(xs, positions).length === 0);
      if (strategy.rewrites && done) endText(xs, confidence, { maskId, endIds, tail });

      const changed = [...xs.keys()].filter((i) => xs[i] !== xt[i]);
      if (changed.length > 0) logits = undefined;
      xt = xs;
      yield { step, block: index, t: done ? 0 : s, tokens: xt, changed, confidence };
      if (done) break;
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

/** Uniform steps t → s from 1 to 0, each as an exact fraction of `n`: no sum of rounding errors; then some at t = 0. */
function timesteps(n: number, corrections = 0): (readonly [t: number, s: number])[] {
  const steps = Array.from({ length: n }, (_, k) => [(n - k) / n, (n - k - 1) / n] as const);
  return [...steps, ...Array.from({ length: corrections }, () => [0, 0] as const)];
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
