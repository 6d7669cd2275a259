import type { NdArray } from '../base/array.ts';
import { type Uniform, uniforms } from '../base/random.ts';
import { movedCandidates } from './candidates.ts';
import { type BlockLayout, layBlocks, type BlockSpan, tailStart } from './canvas.ts';
import { evenly, type RevealCounts } from './reveal-counts.ts';
import { type Candidates, type Decode, decoder } from './decode.ts';
import type { Grow } from './growth.ts';
import { moved, nothingPredicted, withPrediction } from './prediction-state.ts';
import { absorbing, type Noise } from './noise.ts';
import { divideSteps, type PlannedStep, planSteps } from './plan.ts';
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
  /** x_t, with `maskId` wherever there is noise, whatever the noise is   [L] */
  readonly tokens: Int32Array;
  /** The positions in which `tokens` isn't what it was, ascending. */
  readonly changed: readonly number[];
  /** Positions from the left that no later step changes. */
  readonly final: number;
  /** Where this step resized the canvas: the position of each in the frame before, or −1 for a new mask   [L] */
  readonly sources?: readonly number[];
  /** p_θ(x̂_0^i | x_t) when position i was last predicted; NaN where it never was.   [L] */
  readonly confidence: Float64Array;
  /** What the step that led here chose from, by position in `tokens`, where `decode` tells it. */
  readonly candidates?: Candidates;
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
  const { maskId, strategy = unmasking(lowConfidence), counts = evenly, seed = 0, endIds = [] } = options;
  const {
    decode = decoder({ forbidden: [maskId] }),
    noise = absorbing(maskId),
    layout = layBlocks,
  } = options;
  const { resize, grow, signal } = options;
  const blocks = layout(Int32Array.from(canvas), options);
  const wanted = blocks.flatMap(({ positions }) => positions);
  const shares = divideSteps(
    options,
    blocks.map(({ positions }) => positions.length),
  );
  let tail = tailStart(Int32Array.from(canvas), maskId);
  let xt = noisy(Int32Array.from(canvas), wanted, noise, uniforms(seed, 'noise', 0));
  let latest = nothingPredicted(xt);
  let lost = new Set(wanted); // where there is noise
  let tokens = showing(xt, lost, maskId);
  let [step, moves, inserted] = [0, 0, 0];
  let ended = false;

  /** What stands before the first noise, or before the block that may be rewritten. */
  const finalBefore = (block: BlockSpan | undefined): number => {
    if (strategy.rewrites) return block?.positions[0] ?? xt.length;
    const first = xt.findIndex((_, i) => lost.has(i));
    return first < 0 ? xt.length : first;
  };

  yield { step, block: 0, t: 1, tokens, changed: [], final: wanted[0], confidence: latest.confidence };

  for (let index = 0; index < blocks.length && !ended; index++) {
    const [length, share] = [blocks[index].positions.length, shares[index] ?? shares[0]];
    const planFrom = (t: number, open: number): PlannedStep[] => {
      const steps = Math.ceil((share * open) / length);
      return planSteps({ t, steps, counts: counts(open, steps), corrections: strategy.corrections });
    };
    let left = planFrom(1, length);
    let logits: NdArray | undefined;
    let steady = -1; // nothing is the same as before in the first step

    while (left.length > 0) {
      signal?.throwIfAborted();
      const { t, s, count } = left[0];
      const { positions, start, end } = blocks[index];
      const masked = noise.open(xt, positions);
      if (t > 0 && masked.length === 0 && strategy.corrections) {
        left = left.slice(1); // revealed early: on to the corrections
        continue;
      }
      const asked = strategy.asks?.({ positions, masked }) ?? masked;
      const rows = Int32Array.from(asked);

      // while nothing changed, the predictor's last answer holds
      const context = { block: { index, start, end }, t, moves, signal };
      logits ??= rows.length > 0 ? await predict(xt, rows, context) : undefined; // p_θ(x_0 | x_t)   [R, V]
      const seen = logits && { logits, rows, xt, t, inserted };
      const prediction = seen && decode(seen, uniforms(seed, 'token', step));
      const x0 = xt.slice();
      for (const [r, i] of asked.entries()) x0[i] = prediction!.tokens[r];
      const isSame = steady >= 0 && asked.every((i, r) => prediction!.likeliest[r] === latest.likeliest[i]);
      steady = isSame ? steady + 1 : 0;
      latest = withPrediction(latest, asked, prediction);
      let candidates = prediction?.candidates;

      const uniform = uniforms(seed, 'remask', step);
      const reverse = { positions, masked, asked, xt, x0, ...latest, steady, t, s, count, uniform };
      const transition = t > 0 && s === 0 ? (strategy.finish ?? reveal)(reverse) : strategy.step(reverse);
      step += 1;
      const draw = (i: number): number => noise.draw(i, uniforms(seed, 'noise', step));
      let xs = apply(xt, transition, x0, draw);
      for (const i of transition.noised ?? []) lost.add(i);
      for (const i of transition.written) lost.delete(i);

      const sources = resize?.({ xs, positions, tail, inserted });
      if (sources) {
        xs = Int32Array.from(sources, (i, to) => (i < 0 ? draw(to) : xs[i]));
        xt = Int32Array.from(sources, (i) => xt[i] ?? -1); // a new mask wasn't there
        tokens = Int32Array.from(sources, (i) => tokens[i] ?? -1);
        latest = moved(latest, sources);
        candidates &&= movedCandidates(candidates, sources);
        lost = new Set([...sources.keys()].filter((to) => sources[to] < 0 || lost.has(sources[to])));
        for (let b = index; b < blocks.length; b++) blocks[b] = movedBlock(blocks[b], sources, b === index);
        tail = tail === 0 ? 0 : sources.indexOf(tail - 1) + 1;
        inserted += sources.filter((i) => i < 0).length;
        moves += 1;
      }

      const open = noise.open(xs, blocks[index].positions);
      const isLast = left.length === 1 && !sources;
      const written =
        isLast || (transition.done !== undefined && !sources ? transition.done : open.length === 0);
      if (written || !strategy.rewrites) {
        const later = blocks.slice(index + 1).flatMap((block) => block.positions);
        ended = endText(xs, latest.confidence, {
          open: noise.open(xs, written ? later : [...blocks[index].positions, ...later]),
          endIds,
          tail,
        });
        if (ended) lost.clear();
      }
      const done = written || ended;
      left = done
        ? []
        : sources
          ? planFrom(open.length / blocks[index].positions.length, open.length)
          : left.slice(1);

      // a token that was written as it was is news to a predictor with a memory
      const isNews = sources || transition.written.length > 0 || xs.some((token, i) => token !== xt[i]);
      if (isNews) logits = undefined;
      xt = xs;
      const before = tokens;
      tokens = showing(xt, lost, maskId);
      const changed = [...tokens.keys()].filter((i) => tokens[i] !== before[i]);
      const reached = done ? 0 : (left[0]?.t ?? s);
      const { confidence } = latest;
      const final = finalBefore(ended ? undefined : blocks[done ? index + 1 : index]);
      yield {
        step,
        block: index,
        t: reached,
        tokens,
        changed,
        final,
        ...(sources && { sources }),
        confidence,
        ...(candidates && { candidates }),
      };
    }

    const added = (!ended && index === blocks.length - 1 && grow?.({ tokens: xt, tail })) || 0;
    if (added > 0) {
      const positions = Array.from({ length: added }, (_, n) => xt.length + n);
      blocks.push({ start: xt.length, end: xt.length + added, positions });
      const sources = Array.from({ length: xt.length + added }, (_, i) => (i < xt.length ? i : -1));
      const grown = Int32Array.from(sources, (i) => xt[i]);
      xt = noisy(grown, positions, noise, uniforms(seed, 'noise', step));
      latest = moved(latest, sources);
      for (const i of positions) lost.add(i);
      tokens = showing(xt, lost, maskId);
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

/** Where a block is after its canvas was resized; new masks belong to the block that is written. */
function movedBlock(
  { positions: were }: BlockSpan,
  sources: readonly number[],
  isWritten: boolean,
): BlockSpan {
  const mine = new Set(were);
  const positions = [...sources.keys()].filter((to) => (sources[to] < 0 ? isWritten : mine.has(sources[to])));
  return { start: positions[0] ?? 0, end: (positions.at(-1) ?? -1) + 1, positions };
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
