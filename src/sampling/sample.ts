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
  /** Instead: steps for each block. */
  stepsPerBlock?: number;
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
  /** x_t, with `maskId` wherever there is noise, whatever the noise is   [L] */
  readonly tokens: Int32Array;
  /** The positions in which `tokens` isn't what it was, ascending. */
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
  const wanted = blocks.flatMap(({ positions }) => positions);
  const shares = divideSteps(
    options,
    blocks.map(({ positions }) => positions.length),
  );
  const tail = tailStart(Int32Array.from(canvas), maskId);
  let xt = noisy(Int32Array.from(canvas), wanted, noise, uniforms(seed, 'noise', 0));
  let confidence = new Float64Array(xt.length).fill(NaN);
  const [margin, entropy] = [confidence.slice(), confidence.slice()];
  const likeliest = xt.slice();
  const lost = new Set(wanted); // where there is noise
  let tokens = showing(xt, lost, maskId);
  let step = 0;
  let ended = false;

  yield { step, block: 0, t: 1, tokens, changed: [], confidence };

  for (const [index, { positions, start, end }] of blocks.entries()) {
    if (ended) break;
    const block = { index, start, end };
    const later = blocks.slice(index + 1).flatMap((other) => other.positions);
    const planned = counts(positions.length, shares[index]);
    const times = timesteps(shares[index], strategy.corrections);
    let logits: NdArray | undefined;
    let steady = 0;

    for (const [k, [t, s]] of times.entries()) {
      signal?.throwIfAborted();
      const masked = noise.open(xt, positions);
      if (t > 0 && masked.length === 0 && strategy.corrections) continue; // revealed early: on to the corrections
      const asked = strategy.asks?.({ positions, masked }) ?? masked;
      const rows = Int32Array.from(asked);

      // while nothing changed, the predictor's last answer holds
      logits ??= rows.length > 0 ? await predict(xt, rows, { block, t, signal }) : undefined; // p_θ(x_0 | x_t)   [R, V]
      const x0 = xt.slice();
      confidence = confidence.slice();
      if (logits) {
        const prediction = decode({ logits, rows, xt, t }, uniforms(seed, 'token', step));
        const same = k > 0 && asked.every((i, r) => prediction.likeliest[r] === likeliest[i]);
        steady = same ? steady + 1 : 0;
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
      for (const i of transition.noised ?? []) lost.add(i);
      for (const i of transition.written) lost.delete(i);
      const written = k === times.length - 1 || (transition.done ?? noise.open(xs, positions).length === 0);
      if (written || !strategy.rewrites) {
        const open = noise.open(xs, written ? later : [...positions, ...later]);
        ended = endText(xs, confidence, { open, endIds, tail });
        if (ended) lost.clear();
      }
      const done = written || ended;

      // a token that was written as it was is news to a predictor with a memory
      const isSame = transition.written.length === 0 && xs.every((token, i) => token === xt[i]);
      if (!isSame) logits = undefined;
      xt = xs;
      const before = tokens;
      tokens = showing(xt, lost, maskId);
      const changed = [...tokens.keys()].filter((i) => tokens[i] !== before[i]);
      yield { step, block: index, t: done ? 0 : s, tokens, changed, confidence };
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

/** A canvas as it is shown: no noise is a token to anybody but the network. */
function showing(xt: Int32Array, lost: ReadonlySet<number>, maskId: number): Int32Array {
  const tokens = xt.slice();
  for (const i of lost) tokens[i] = maskId;
  return tokens;
}

/** A canvas at t = 1: where text is wanted there is noise. */
function noisy(canvas: Int32Array, positions: readonly number[], noise: Noise, uniform: Uniform): Int32Array {
  for (const i of positions) canvas[i] = noise.draw(i, uniform);
  return canvas;
}

/** The steps of each block: as many as its share of the tokens, at least one, and `steps` in all; or as many for each. */
function divideSteps(
  { steps: given, stepsPerBlock }: Pick<SampleOptions, 'steps' | 'stepsPerBlock'>,
  sizes: readonly number[],
): number[] {
  if (stepsPerBlock !== undefined) {
    if (given !== undefined)
      throw new InvalidOptionError(
        'stepsPerBlock',
        'is given instead of steps, not beside it',
        stepsPerBlock,
      );
    if (!(Number.isSafeInteger(stepsPerBlock) && stepsPerBlock >= 1))
      throw new InvalidOptionError('stepsPerBlock', 'must be a whole number, at least 1', stepsPerBlock);
    return sizes.map(() => stepsPerBlock);
  }
  const blocks = sizes.length;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const steps = given ?? total;
  if (!(Number.isSafeInteger(steps) && steps >= blocks)) {
    throw new InvalidOptionError('steps', `must be at least one for each of the ${blocks} blocks`, steps);
  }
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
 * If all tokens up to the first end token of the tail are certain, what is open behind it becomes that end token: nobody
 * will read it, and no step is spent on it.
 *
 * @param open  the positions that aren't certain, in this block and behind it
 * @returns     whether the text has ended
 */
function endText(
  xs: Int32Array,
  confidence: Float64Array,
  { open, endIds, tail }: { open: readonly number[]; endIds: readonly number[]; tail: number },
): boolean {
  const end = xs.findIndex((token, i) => i >= tail && endIds.includes(token));
  if (end < 0 || open.some((i) => i <= end)) return false;
  for (const i of open) {
    xs[i] = xs[end];
    confidence[i] = NaN;
  }
  return true;
}
