import { perForward, type Result } from '../worker/protocol.ts';

/**
 * OpenAI's usage, and what the texts cost the network.
 *
 * @param choices  texts that were written for each prompt
 */
export function usageOf(results: readonly Result[], choices = 1): object {
  const sum = (of: (result: Result) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  // a prompt is counted once, however many texts were written for it
  const prompt = results.reduce(
    (total, { promptTokens }, i) => total + (i % choices === 0 ? promptTokens : 0),
    0,
  );
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

/** How likely each of the texts was that the answer was chosen from, where it was. */
export const choicesTold = ([{ answers }]: readonly Result[]): object =>
  answers
    ? {
        unmask: {
          choices: answers.map(({ text, logprob, probability }) => ({ text, logprob, probability })),
        },
      }
    : {};
