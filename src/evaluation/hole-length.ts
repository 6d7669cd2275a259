import { type Uniform } from '../random.ts';
import type { RowScorer } from './scorer.ts';

export interface HoleContext {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly maskId: number;
  readonly uniform: Uniform;
  readonly signal?: AbortSignal;
}
export async function likeliestLength(
  _score: RowScorer,
  _context: HoleContext,
  { least, most }: { least: number; most: number },
): Promise<{ length: number; forwards: number }> {
  return { length: Math.round((least + most) / 2), forwards: 0 };
}
