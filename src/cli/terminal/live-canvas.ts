import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { counted } from '../../base/format-count.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { FlatSamplingOptions } from '../../sampling/options.ts';
import type { Frame } from '../../sampling/sample.ts';
import type { SampleStats } from '../../sampling/stats.ts';
import { strategyNamed } from '../../sampling/strategy-table.ts';
import { colorsFor } from './colors.ts';
import type { Io, Output } from '../command.ts';
import { CanvasView } from './canvas-view.ts';
import { widthOf } from './width.ts';
import { linesFor } from './wrap.ts';

/** The option of every command that shows frames. */
export const frameMs = z
  .number()
  .min(0)
  .max(10_000)
  .default(40)
  .meta({ placeholder: 'ms' })
  .describe('the shortest time that a frame stays on a terminal');

/** Frames in place on a terminal. */
export interface LiveCanvas {
  readonly view: CanvasView;
  /** Draws a frame, and waits until it may be drawn over. */
  show(frame: Frame, signal?: AbortSignal): Promise<void>;
}

/**
 * Undefined where stdout isn't a terminal that frames can be drawn on.
 *
 * @param sampling  as it is asked for, where the steps in all are to be told
 */
export function liveCanvas(
  model: Model,
  frameMs: number,
  io: Io,
  sampling?: Partial<FlatSamplingOptions>,
): LiveCanvas | undefined {
  if (!io.stdout.isTTY || io.env.TERM === 'dumb') return undefined;
  const view = new CanvasView(io.stdout, io.env, model);
  let steps: number | undefined;
  return {
    view,
    async show(frame, signal = io.signal) {
      if (frame.step === 0 && sampling) steps = stepsInAll(model, sampling, frame.tokens);
      view.show({ ...frame, steps });
      await wait(frameMs, undefined, { signal });
    },
  };
}

/** The denoising steps that a canvas takes at most; undefined where the model or the strategy decides while it writes. */
function stepsInAll(
  { defaults, maskId }: Model,
  sampling: Partial<FlatSamplingOptions>,
  canvas: Int32Array,
): number | undefined {
  const { strategy = 'low-confidence', steps, stepsPerBlock, grow } = { ...defaults, ...sampling };
  if (strategyNamed(strategy).dial !== 'steps' || stepsPerBlock !== undefined || grow) return undefined;
  return steps ?? canvas.filter((id) => id === maskId).length;
}

/** Facts in a line; on a terminal where they don't fit, in several. */
export function brokenAtDots(facts: readonly string[], output: Output): string[] {
  const { isTTY, columns = 80 } = output;
  const lines: string[] = [];
  for (const fact of facts) {
    const longer = [lines.at(-1), fact].filter((part) => part !== undefined).join(' · ');
    if (lines.length > 0 && (!isTTY || widthOf(longer) <= columns)) lines[lines.length - 1] = longer;
    else lines.push(...linesFor(fact, output));
  }
  return lines;
}

/** What a text cost, as a dim line for stderr. */
export function statisticsLine(seed: number, stats: SampleStats, notes: readonly string[], io: Io): string {
  const parts = [
    `seed ${seed}`,
    `${counted(stats.tokens, 'token')} in ${counted(stats.forwards, 'forward')} (${stats.tokensPerForward.toFixed(1)} a forward)`,
    `${(stats.ms / 1000).toFixed(1)} s`,
    ...(stats.ms > 0 ? [`${((1000 * stats.tokens) / stats.ms).toFixed(0)} tokens/s`] : []),
    ...notes,
  ];
  const { dim } = colorsFor(io.stderr, io.env);
  return `${brokenAtDots(parts, io.stderr).map(dim).join('\n')}\n`;
}
