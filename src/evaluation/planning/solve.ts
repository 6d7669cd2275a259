import type { Model } from '../../language-model/language-model.ts';
import type { SamplingRequest } from '../../sampling/options.ts';
import type { SampleStats } from '../../sampling/stats.ts';
import { writeTexts, type WritingOptions } from '../judge/write-texts.ts';
import { type Mean, plainMean } from '../mean.ts';
import type { Puzzle, PuzzleKind } from './puzzle.ts';

/** What a model makes of puzzles. */
export interface Solving {
  /** The share that it solves, by the rules. */
  readonly solved: Mean;
  readonly answers: readonly {
    readonly puzzle: Puzzle;
    readonly answer: string;
    readonly isSolved: boolean;
  }[];
  readonly stats: SampleStats;
}

/**
 * Asks a model puzzles, each as the only turn of a conversation.
 *
 * @param sampling  how it answers; what is absent is as the model says
 */
export async function solvePuzzles(
  model: Model,
  kind: PuzzleKind,
  puzzles: readonly Puzzle[],
  { sampling, ...options }: WritingOptions & { readonly sampling?: SamplingRequest } = {},
): Promise<Solving> {
  const requests = puzzles.map(({ prompt }, seed) => ({
    seed,
    ...sampling,
    messages: [{ role: 'user', content: prompt } as const],
  }));
  const { texts, stats } = await writeTexts(model, requests, options);
  const answers = texts.map((text, k) => {
    const answer = text.trim();
    return { puzzle: puzzles[k], answer, isSolved: kind.isSolved(puzzles[k].prompt, answer) };
  });
  return { solved: plainMean(answers.map(({ isSolved }) => Number(isSolved))), answers, stats };
}
