import { InvalidOptionError } from '../../base/errors.ts';
import { readJsonRows } from '../../data/json-rows.ts';
import { findSources } from '../../data/sources.ts';
import { readTexts } from '../read-texts.ts';

/** The beginning of a text, and what came after it. */
export interface PromptedText {
  readonly prompt: string;
  /** The only right answer, where there is one. */
  readonly answer?: string;
  /** How the text went on. */
  readonly continuation?: string;
}

/**
 * Prompts from a file: the `prompt` and `answer` of JSON lines, or the first words of any documents that `unmask train`
 * reads, spread evenly over them.
 *
 * @throws FileError           when the file isn't there or has no usable row
 * @throws InvalidOptionError  when it has fewer than are wanted
 */
export async function readPrompts(path: string, count: number, words: number): Promise<PromptedText[]> {
  const rows = await questionsIn(path);
  const all =
    rows.length > 0 ? rows : (await readTexts(path, { separator: '\\n\\n' })).map((text) => cut(text, words));
  if (all.length < count)
    throw new InvalidOptionError('count', `must be at most the ${all.length} documents of ${path}`, count);
  return Array.from({ length: count }, (_, k) => all[Math.floor((k * all.length) / count)]);
}

async function questionsIn(path: string): Promise<PromptedText[]> {
  const found: PromptedText[] = [];
  for (const source of findSources([path])) {
    if (source.kind !== 'jsonl') continue;
    for await (const row of readJsonRows(source)) {
      const value: unknown = row.reason === undefined ? row.value : undefined;
      const { prompt, answer } = (value ?? {}) as { prompt?: unknown; answer?: unknown };
      if (typeof prompt !== 'string') continue;
      const known = typeof answer === 'string' ? answer : undefined;
      found.push({ prompt, answer: known, continuation: known });
    }
  }
  return found;
}

/** A text's first words, and the rest with the blank before it. */
function cut(text: string, words: number): PromptedText {
  const whole = text.trim();
  const [prompt] = new RegExp(`^(?:\\S+\\s+){${words - 1}}\\S+`).exec(whole) ?? [whole];
  return { prompt, continuation: whole.slice(prompt.length) };
}
