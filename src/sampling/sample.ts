import type { NdArray } from '../base/array.ts';
import { uniforms } from '../base/random.ts';
import { type BlockLayout, layBlocks } from './canvas.ts';
import { CanvasState, type CanvasFrameView } from './canvas-state.ts';
import { decoder, type LongDecode, type Prediction } from './decode.ts';
import type { Grow } from './growth.ts';
import { absorbing, type Noise } from './noise.ts';
import { BlockPlan, stepsByBlock } from './plan.ts';
import type { PredictionState } from './prediction-state.ts';
import type { MaskPredictor } from './predictor.ts';
import type { Resize } from './resize.ts';
import { evenly, type RevealCounts } from './reveal-counts.ts';
import { lowConfidence, type ReverseStep, type Strategy, type Transition, unmasking } from './strategies.ts';

/** How a canvas is sampled, by functions; `model.sample` makes them of names. */
export interface SampleOptions {
  maskId: number;
  /**
   * Steps for the whole canvas, the most that will be used: each block has its share, at least one. Default: one a token.
   * A block that is added later has as many again, and masks that are inserted come with steps at the same rate.
   */
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
  decode?: LongDecode;
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
export interface Frame extends CanvasFrameView {
  readonly step: number;
  /** Which block was written, counted from 0. */
  readonly block: number;
  /** The time that this block has reached: 1 is all masked, 0 is written. */
  readonly t: number;
  /** Where a text that was written is revised: which time that is, from 1. */
  readonly pass?: number;
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
 * @param given    a canvas: tokens, and `maskId` where it's to write    [L]
 * @yields         the canvas at the start and after every step
 * @throws InvalidOptionError  before the predictor is called
 */
export async function* sample(
  predict: MaskPredictor,
  given: ArrayLike<number>,
  options: SampleOptions,
): AsyncGenerator<Frame, void, void> {
  const { maskId, counts = evenly, resize, grow, seed = 0, endIds = [], signal } = options;
  const { strategy = unmasking(lowConfidence), decode = decoder({ forbidden: [maskId] }) } = options;
  const { rewrites, corrections } = strategy;
  const canvas = beginCanvas(Int32Array.from(given), options, strategy);
  const stepsOf = stepsByBlock(options, canvas.blocks);
  let step = 0;
  yield { step, block: 0, t: 1, ...canvas.view(0) };

  for (let index = 0; index < canvas.blocks.length && !canvas.hasEnded; index++) {
    const { length } = canvas.blocks[index].positions;
    const plan = new BlockPlan({ length, steps: stepsOf(index, length), counts, corrections });
    let logits: NdArray | undefined;
    let steady = -1; // nothing is the same as before in the first step

    while (plan.next) {
      signal?.throwIfAborted();
      const { t, s, count } = plan.next;
      const { positions, start, end } = canvas.blocks[index];
      const masked = canvas.openIn(index);
      if (t > 0 && masked.length === 0 && corrections) {
        plan.advance(); // revealed early: on to the corrections
        continue;
      }

      // p_θ(x_0 | x_t), and x̂_0 of it; while nothing changed, the predictor's last answer holds
      const { xt, moves, inserted } = canvas;
      const asked = strategy.asks?.({ positions, masked }) ?? masked;
      const rows = Int32Array.from(asked);
      const context = { block: { index, start, end }, t, moves, signal };
      if (rows.length > 0) logits ??= await predict(xt, rows, context); // [R, V]
      const prediction =
        logits && (await decode({ logits, rows, xt, t, inserted }, uniforms(seed, 'token', step)));
      steady = steady >= 0 && saysTheSame(prediction, asked, canvas.predicted) ? steady + 1 : 0;
      const x0 = canvas.predict(asked, prediction);

      // x_s ~ q(x_s | x_t, x̂_0), and another length where the text wants it
      const reverse = { positions, masked, asked, xt, x0, ...canvas.predicted, steady, t, s, count };
      const transition = choose(strategy, { ...reverse, uniform: uniforms(seed, 'remask', step) });
      const noise = uniforms(seed, 'noise', ++step);
      const isNews = canvas.apply(transition, x0, noise);
      const isResized = resize !== undefined && canvas.resize(resize, index, noise);
      if (isNews || isResized) logits = undefined;

      const open = canvas.openIn(index).length;
      const isWritten = isResized ? open === 0 : plan.isAtLast || (transition.done ?? open === 0);
      if (isWritten || !rewrites) canvas.endText(endIds, isWritten ? index + 1 : index);
      if (isWritten || canvas.hasEnded) plan.end();
      else if (isResized) plan.restart(open, canvas.blocks[index].positions.length);
      else plan.advance();
      yield { step, block: index, t: plan.next?.t ?? 0, ...canvas.view(plan.next ? index : index + 1) };
    }

    if (grow && canvas.isLast(index)) canvas.grow(grow, uniforms(seed, 'noise', step));
  }
}

/** The canvas at t = 1. */
function beginCanvas(tokens: Int32Array, options: SampleOptions, { rewrites }: Strategy): CanvasState {
  const { maskId, noise = absorbing(maskId), layout = layBlocks, seed = 0 } = options;
  const blocks = layout(tokens, options);
  return new CanvasState(tokens, { maskId, noise, blocks, rewrites, uniform: uniforms(seed, 'noise', 0) });
}

/** Whether the likeliest tokens are those of the prediction before. */
function saysTheSame(
  prediction: Prediction | undefined,
  asked: readonly number[],
  { likeliest }: PredictionState,
): boolean {
  return asked.every((i, r) => prediction?.likeliest[r] === likeliest[i]);
}

/** What the strategy makes of the block; in the step to s = 0 what is still noise is written as predicted. */
function choose(strategy: Strategy, step: ReverseStep): Transition {
  if (step.t === 0 || step.s > 0) return strategy.step(step);
  return strategy.finish?.(step) ?? { written: step.masked };
}
