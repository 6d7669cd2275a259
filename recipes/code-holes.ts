import { transformSync } from 'esbuild';
import { integerBelow, uniforms } from '../src/base/random.ts';
import type { Gap } from '../src/data/fill-in-the-middle.ts';
import { codeLines, placesIn } from './fim-rows.ts';

/** A hole in a file, and what stood there: the characters from `from` to before `to`. */
export interface CodeHole {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Characters that a model sees at either side of a hole. */
const sides = 240;

/** What a model sees around a hole. */
export const around = ({ text, from, to }: CodeHole): Gap => ({
  before: text.slice(Math.max(0, from - sides), from),
  after: text.slice(to, to + sides),
});

/** Whether a file is TypeScript by its grammar. */
export function parses(code: string): boolean {
  try {
    transformSync(code, { loader: 'ts', logLevel: 'silent' });
    return true;
  } catch {
    return false;
  }
}

/** Holes of a kind, drawn from all lines of all files alike: the rest of a line begins in the middle of its places between words. */
export function holesOf(
  files: readonly string[],
  kind: 'rest of a line' | 'whole line',
  count: number,
): CodeHole[] {
  const all = files.flatMap((text) =>
    codeLines(text).flatMap((line): CodeHole[] => {
      if (kind === 'whole line') return [{ text, ...line }];
      const inside = placesIn(text.slice(line.from, line.to));
      const from = line.from + (inside[Math.floor(inside.length / 2)] ?? 0);
      return from > line.from && from < line.to ? [{ text, from, to: line.to }] : [];
    }),
  );
  const uniform = uniforms(0, 'evaluation', kind.length);
  return Array.from({ length: count }, (_, k) => all[integerBelow(all.length, uniform(k))]);
}
