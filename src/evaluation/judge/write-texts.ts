import type { GenerateRequest, Model } from '../../language-model/language-model.ts';
import { type SampleStats, together } from '../../sampling/stats.ts';

/** Texts that a model wrote, in the order they were asked for, and what they cost in all. */
export interface WrittenTexts {
  readonly texts: readonly string[];
  readonly stats: SampleStats;
}

/** How many texts are written at once, and who is told of them. */
export interface WritingOptions {
  readonly sideBySide?: number;
  readonly onText?: (written: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes a text for each request.
 *
 * @param sideBySide  samples that run at the same time, sharing forwards. Default: 4
 * @param onText      is told how many stand
 */
export async function writeTexts(
  model: Model,
  requests: readonly GenerateRequest[],
  { sideBySide = 4, onText, signal }: WritingOptions = {},
): Promise<WrittenTexts> {
  const texts: string[] = Array.from({ length: requests.length });
  const stats: SampleStats[] = Array.from({ length: requests.length });
  let [next, written] = [0, 0];
  async function write(): Promise<void> {
    for (let k = next++; k < requests.length; k = next++) {
      const generation = await model.generate({ ...requests[k], signal });
      texts[k] = generation.text;
      stats[k] = generation.stats;
      onText?.(++written);
    }
  }
  const begin = performance.now();
  await Promise.all(Array.from({ length: Math.min(sideBySide, requests.length) }, write));
  // what ran side by side took no longer than all of it
  const ms = performance.now() - begin;
  const sum = together(stats);
  return { texts, stats: { ...sum, ms, tokensPerSecond: ms === 0 ? 0 : (1000 * sum.tokens) / ms } };
}
