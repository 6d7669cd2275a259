import { causal } from '../../model/attention-pattern.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Pair } from './pairs.ts';

/** For each pair, whether its second part is written given the first, and the first given the second. */
export interface AskedPairs {
  readonly forward: readonly boolean[];
  readonly backward: readonly boolean[];
}

/** Asks a model that learned pairs of characters for each part, given the other; the likeliest tokens answer. */
export async function askPairs(
  model: Model,
  pairs: readonly Pair[],
  signal?: AbortSignal,
): Promise<AskedPairs> {
  const isCausal = model.config.attention === causal;
  const likeliest = { temperature: 0, signal } as const;
  const asked = await Promise.all(
    pairs.map(async ({ first, second, between, end }) => {
      const [before, after] = [{ length: [...first].length }, { length: [...second].length }];
      // a causal model can't look behind a hole: it is asked to go on from the second part
      const [onward, back] = isCausal
        ? [
            model.generate({ prompt: first + between, ...after, endless: true, ...likeliest }),
            model.generate({ prompt: second + between, ...before, endless: true, ...likeliest }),
          ]
        : [
            model.infill({ parts: [first + between, after, end], complete: true, ...likeliest }),
            model.infill({ parts: [before, between + second + end], complete: true, ...likeliest }),
          ];
      return [
        (await onward).text.startsWith(first + between + second),
        (await back).text.startsWith(isCausal ? second + between + first : first),
      ] as const;
    }),
  );
  return { forward: asked.map(([forward]) => forward), backward: asked.map(([, backward]) => backward) };
}
