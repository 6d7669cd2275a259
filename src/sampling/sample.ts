import type { NdArray } from '../array.ts';
import { InvalidOptionError } from '../errors.ts';
import { uniforms } from '../random.ts';
import { layBlocks, tailStart } from './canvas.ts';
import { evenly, type RevealCounts } from './counts.ts';
import { type Decode, decoder } from './decode.ts';
import type { MaskPredictor } from './predictor.ts';
import { lowConfidence, type Strategy } from './strategies.ts';

export interface SampleOptions {
  maskId: number;
  /** Steps for the whole canvas, the most that will be used; a multiple of the number of blocks. Default: one a token. */
  steps?: number;
  /** Semi-autoregressive sampling, block after block; divides the number of masked tokens. Default: one block. */
  blockLength?: number;
  /** Which predicted tokens are kept in a step. Default: the surest. */
  strategy?: Strategy;
  /** How many tokens a step reveals, for the strategies that ask. Default: the same number each. */
  counts?: RevealCounts;
  /** From logits to tokens. Default: the likeliest token that isn't [MASK]. */
  decode?: Decode;
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
 * text with holes. What is given never changes, and a token that was revealed stays.
 *
 * At t = 0 no [MASK] is left, as long as `decode` predicts none. With `endIds`, tokens behind a certain end token are
 * not predicted: they become that end token.
 *
 * @param predict  the mask predictor; asked only for the masked positions of the active block
 * @param canvas   given tokens, and `maskId` where it's to write    [L]
 * @yields         the canvas at the start and after every step
 * @throws InvalidOptionError  before the predictor is called
 */
export async function* sample(
  predict: MaskPredictor,
  canvas: ArrayLike<number>,
  options: SampleOptions,
): AsyncGenerator<Frame, void, void> {
  const { maskId, strategy = lowConfidence, counts = evenly, seed = 0, endIds = [], signal } = options;
  const decode = options.decode ?? decoder({ forbidden: [maskId] });
  let xt = Int32Array.from(canvas);
  const blocks = layBlocks(xt, options);
  const stepsPerBlock = divideSteps(options.steps ?? blocks.flat().length, blocks.length);
  const tail = tailStart(xt, maskId);
  let confidence = new Float64Array(xt.length).fill(NaN);
  const [margin, entropy] = [confidence.slice(), confidence.slice()];
  let step = 0;

  yield { step, block: 0, t: 1, tokens: xt, changed: [], confidence };

  for (const [block, positions] of blocks.entries()) {
    const planned = counts(positions.length, stepsPerBlock);
    let logits: NdArray | undefined;

    for (const [k, [t, s]] of timesteps(stepsPerBlock).entries()) {
      signal?.throwIfAborted();
      const masked = positions.filter((i) => xt[i] === maskId);
      if (masked.length === 0) break;
      const rows = Int32Array.from(masked);
      const tokenNoise = uniforms(seed, 'token', step);
      const uniform = uniforms(seed, 'remask', step);

      // the predictor isn't told the time: while nothing was revealed, its last answer holds
      logits ??= await predict(xt, rows, signal); // p_θ(x_0 | x_t)   [R, V]
      const prediction = decode(logits, rows, tokenNoise);

      const x0 = xt.slice();
      confidence = confidence.slice();
      masked.forEach((i, r) => {
        x0[i] = prediction.tokens[r];
        confidence[i] = prediction.confidence[r];
        margin[i] = prediction.margin[r];
        entropy[i] = prediction.entropy[r];
      });

      const xs = xt.slice();
      const kept =
        s > 0 ? strategy({ masked, confidence, margin, entropy, t, s, count: planned[k], uniform }) : masked;
      for (const i of kept) xs[i] = x0[i];
      endText(xs, confidence, { maskId, endIds, tail });

      const changed = [...xs.keys()].filter((i) => xs[i] !== xt[i]);
      if (changed.length > 0) logits = undefined;
      xt = xs;
      step += 1;
      const written = positions.every((i) => xt[i] !== maskId);
      yield { step, block, t: written ? 0 : s, tokens: xt, changed, confidence };
    }
  }
}

function divideSteps(steps: number, blocks: number): number {
  if (!(Number.isSafeInteger(steps) && steps >= 1 && steps % blocks === 0)) {
    throw new InvalidOptionError('steps', `must be a multiple of the number of blocks (${blocks})`, steps);
  }
  return steps / blocks;
}

/** Uniform steps t → s from 1 to 0, each as an exact fraction of `n`: no sum of rounding errors. */
function timesteps(n: number): (readonly [t: number, s: number])[] {
  return Array.from({ length: n }, (_, k) => [(n - k) / n, (n - k - 1) / n] as const);
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
