import { patternFinder } from '../oniguruma/matcher.ts';
import { escapeForRegex } from '../added-tokens.ts';

/** A stretch of a text, and whether it matched. */
export interface Stretch {
  readonly text: string;
  readonly isMatch: boolean;
}

/** The function that cuts a text into what matches and what doesn't, in order. */
export type Cutter = (text: string) => Stretch[];

/** What becomes of matches; what is taken away is empty. */
export type Behaviour = (stretches: readonly Stretch[]) => string[];

/** `pattern` of a `tokenizer.json`: a text as it is, or a regular expression of Oniguruma. */
export interface PatternJson {
  readonly String?: string;
  readonly Regex?: string;
}

/** @throws Error  for what is no pattern, or one that isn't supported */
export function cutterOf(pattern: PatternJson | undefined): Cutter {
  const { String: literal, Regex: expression } = pattern ?? {};
  if (typeof expression === 'string') return betweenMatches(patternFinder(expression));
  if (typeof literal !== 'string') throw new Error('a pattern is neither a String nor a Regex');
  if (literal === '') return betweenMatches(patternFinder(''));
  const plain = new RegExp(escapeForRegex(literal), 'gu');
  return betweenMatches((text) =>
    Array.from(text.matchAll(plain), ({ 0: { length }, index }) => [index, index + length] as const),
  );
}

function betweenMatches(find: (text: string) => readonly (readonly [number, number])[]): Cutter {
  return (text) => {
    const stretches: Stretch[] = [];
    if (text === '') return stretches;
    let from = 0;
    for (const [start, end] of find(text)) {
      if (start > from) stretches.push({ text: text.slice(from, start), isMatch: false });
      stretches.push({ text: text.slice(start, end), isMatch: true });
      from = end;
    }
    if (from < text.length) stretches.push({ text: text.slice(from), isMatch: false });
    return stretches;
  };
}

/** Each character of a class of JavaScript is a match by itself. */
export function characterCutter(characterClass: string): Cutter {
  const pattern = new RegExp(characterClass, 'gu');
  return betweenMatches((text) =>
    Array.from(text.matchAll(pattern), ({ 0: { length }, index }) => [index, index + length] as const),
  );
}

/** Cuts at the same places, with what lay between the matches as the matches. */
export const inverted =
  (cut: Cutter): Cutter =>
  (text) =>
    cut(text).map(({ text: part, isMatch }) => ({ text: part, isMatch: !isMatch }));

/** What Hugging Face's tokenizers may do with matches, by its name in a file. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  Isolated: (stretches) => stretches.map(({ text }) => text),
  Removed: (stretches) => stretches.map(({ text, isMatch }) => (isMatch ? '' : text)),
  Contiguous: (stretches) => joined(stretches, ({ isMatch }, previous) => isMatch === previous.isMatch),
  MergedWithPrevious: (stretches) =>
    joined(stretches, ({ isMatch }, previous) => isMatch && !previous.isMatch),
  MergedWithNext: (stretches) => joined(stretches, ({ isMatch }, previous) => previous.isMatch && !isMatch),
};

/** Stretches, put together with the one before where that is asked for. */
function joined(
  stretches: readonly Stretch[],
  belongs: (stretch: Stretch, previous: Stretch) => boolean,
): string[] {
  const texts: string[] = [];
  for (const [i, stretch] of stretches.entries()) {
    if (i > 0 && belongs(stretch, stretches[i - 1])) texts.push(texts.pop()! + stretch.text);
    else texts.push(stretch.text);
  }
  return texts;
}
