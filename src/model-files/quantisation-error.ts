import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { rowsOf } from '../diffusion/clean-windows.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { bytesText } from '../base/format-bytes.ts';
import type { Canvas } from '../likelihood/scored-canvas.ts';
import { divergence, type Divergence } from '../likelihood/divergence.ts';
import { causalScoring, diffusionScoring, type ValidationScoring } from '../likelihood/validation.ts';
import { causal } from '../model/attention-pattern.ts';
import { type OpenedModel, openModel } from '../model/open.ts';
import { shippedModel } from './locate.ts';
import { type LoadedTokenizer, requireMaskId } from '../tokenizer/load.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';

/** Canvases: so many windows of a text, so many tokens long, each masked so many times. */
const windowCount = 4;
const windowLength = 128;
const draws = 4;

/** A text cut into canvases, for a model and the copies of it. */
export interface Comparison {
  /**
   * Runs the model, then a copy of it: never are both in memory. Each reads so many canvases as it gets done in half of the time,
   * one at least.
   *
   * @param seconds  Default: until all are read
   */
  measure(copy: string, options?: { seconds?: number; signal?: AbortSignal }): Promise<Divergence>;
}

/**
 * Prepares to measure what is lost by rounding a model's weights.
 *
 * @param text  Default: the beginning of the stories that ship
 * @throws InvalidOptionError  when the text is empty, or the model is larger than memory
 * @throws FileError           when it has no tokenizer, or not the special tokens that it needs
 */
export async function prepareComparison(source: OpenedModel, text: string = stories()): Promise<Comparison> {
  const { weights, config } = source;
  if (weights.totalBytes > 0.9 * totalmem()) {
    const problem = `must be off for a model of ${bytesText(weights.totalBytes)} on a machine with ${bytesText(totalmem())} of memory`;
    throw new InvalidOptionError('compare', problem, true);
  }
  const tokenizer = await loadTokenizer(weights.directory);
  const ids = tokenizer.encode(text);
  const L = Math.min(windowLength, config.transformer.maxLength, ids.length);
  if (L === 0) throw new InvalidOptionError('text', 'must have a token at least', text);
  const B = Math.min(windowCount, Math.floor(ids.length / L));
  const x0 = { shape: [B, L], data: Int32Array.from(ids.slice(0, B * L)) };
  const scoring = scoringOf(source, tokenizer);
  const windows = rowsOf(x0).map((window, index) => scoring.canvases(window, index));

  return {
    async measure(copy, { seconds = Infinity, signal } = {}) {
      // all windows once, then all of them again: what is read in a short time is of many
      const canvases = Array.from({ length: draws }, (_, d) => windows.flatMap((all) => all[d] ?? [])).flat();
      const each = { seconds: seconds / 2, signal };
      // 16 bits as they are: the same numbers in half the memory
      const reference = await logitsOf(source.weights.directory, 'f16', canvases, each);
      const other = await logitsOf(copy, undefined, canvases.slice(0, reference.size), each);
      const read = windows.map((all) => all.filter((canvas) => other.has(canvas)));
      const some = read.filter((all) => all.length > 0);
      return divergence(
        some,
        some.length * L,
        (canvas) => reference.get(canvas)!,
        (canvas) => other.get(canvas)!,
      );
    },
  };
}

function scoringOf({ config }: OpenedModel, tokenizer: LoadedTokenizer): ValidationScoring {
  if (config.transformer.attention !== causal)
    return diffusionScoring({ maskId: requireMaskId(tokenizer, tokenizer.path), draws, seed: 0 });
  // what is read before the first token counts little; every tokenizer has a token 0
  return causalScoring({ startId: tokenizer.endId ?? 0 });
}

async function logitsOf(
  directory: string,
  weights: 'f16' | undefined,
  canvases: readonly Canvas[],
  { seconds, signal }: { readonly seconds: number; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<Canvas, Float32Array>> {
  const start = performance.now();
  const { network } = await openModel(directory, { weights });
  const logits = new Map<Canvas, Float32Array>();
  try {
    for (const canvas of canvases) {
      if (logits.size > 0 && performance.now() - start > 1000 * seconds) break;
      const { tokens, rows } = canvas;
      const { data } = await network.logits({ shape: [1, tokens.length], data: tokens }, rows, { signal });
      logits.set(canvas, data);
    }
  } finally {
    await network.close();
  }
  return logits;
}

function stories(): string {
  const lines = gunzipSync(readFileSync(join(shippedModel, 'stories.jsonl.gz')))
    .toString()
    .split('\n', 8);
  return lines.map((line) => (JSON.parse(line) as { text: string }).text).join('\n\n');
}
