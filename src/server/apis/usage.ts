import { perForward } from '../http/metrics.ts';
import type { Result } from '../worker/protocol.ts';

/** OpenAI's usage, and what the text cost the network. */
export function usageOf(results: readonly Result[]): object {
  const sum = (of: (result: Result) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  // the prompt is counted once, however many texts were written for it
  const prompt = results[0].promptTokens;
  const completion = sum((result) => result.completionTokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    forwards: sum((result) => result.forwards),
    steps: sum((result) => result.steps),
    tokens_per_forward: Number(
      (results.reduce((total, result) => total + perForward(result), 0) / results.length).toFixed(3),
    ),
  };
}
