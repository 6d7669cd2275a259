import { integerBelow, type Uniform, uniforms } from '../src/base/random.ts';
import { controlMarks, suffixFirst } from '../src/data/fill-in-the-middle.ts';
import type { Tokenizer } from '../src/tokenizer/tokenizer.ts';

/** A hole in a text, `to` excluded. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Tokens of a row beside those of a window: three marks, the end, and some where a hole cuts a token in two. */
const apart = 8;
/** Windows are of different lengths, or the place of a token would tell how long the hole is. */
const shortest = 96;

/**
 * Rows for a causal model that fills holes: windows of sources, one after the other, half of them as they are, half rearranged to
 * after, before, middle. A hole is a line, the rest of one, or, once in five times, a stretch of at most 100 characters.
 *
 * @param length  tokens of a row at most, with the end of the text
 */
export function* fimRows(
  sources: readonly string[],
  tokenizer: Tokenizer,
  { length }: { readonly length: number },
): Generator<string> {
  const longest = length - apart;
  for (const [n, source] of sources.entries()) {
    const ids = tokenizer.encode(source);
    const uniform = uniforms(0, 'synthetic', 3, n);
    for (let [at, k] = [-integerBelow(longest, uniform(0)), 1]; at < ids.length; k++) {
      const draw: Uniform = (i) => uniform(8 * k + i);
      const isPlain = draw(0) < 0.5;
      const end = at + (isPlain ? longest : shortest + integerBelow(longest - shortest + 1, draw(1)));
      const text = tokenizer.decode(ids.slice(Math.max(0, at), Math.max(0, end)));
      at = end;
      // a window may cut a character in two
      if (text.trim() === '' || text.includes('\ufffd')) continue;
      yield isPlain
        ? text
        : rearranged(
            text,
            holeIn(text, (i) => draw(i + 2)),
          );
    }
  }
}

function rearranged(text: string, { from, to }: Span): string {
  const gap = { before: text.slice(0, from), after: text.slice(to) };
  return suffixFirst(gap, controlMarks) + text.slice(from, to);
}

function holeIn(text: string, uniform: Uniform): Span {
  const lines = codeLines(text);
  const kind = uniform(0);
  if (kind < 0.2 || lines.length === 0) {
    const from = integerBelow(text.length, uniform(1));
    return { from, to: Math.min(text.length, from + 1 + integerBelow(100, uniform(2))) };
  }
  const line = lines[integerBelow(lines.length, uniform(1))];
  const inside = placesIn(text.slice(line.from, line.to)).filter((i) => line.from + i < line.to);
  if (kind < 0.6 || inside.length === 0) return line;
  return { from: line.from + inside[integerBelow(inside.length, uniform(2))], to: line.to };
}

/** The lines of a text that are code and no comment, without the spaces around them, if they have 8 characters. */
export function codeLines(text: string): Span[] {
  const found: Span[] = [];
  let at = 0;
  for (const line of text.split('\n')) {
    const code = line.trim();
    const from = at + line.indexOf(code);
    if (code.length >= 8 && !/^(\/\/|\/\*|\*)/.test(code)) found.push({ from, to: from + code.length });
    at += line.length + 1;
  }
  return found;
}

/** Where the rest of a line may begin: between two words, not at its beginning, but perhaps at its end. */
export const placesIn = (code: string): number[] =>
  [...code.matchAll(/(?<=\w)\b|(?<=[ (=,])\b/g)].map(({ index }) => index).filter((i) => i > 0);
