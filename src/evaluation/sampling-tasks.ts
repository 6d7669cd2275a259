import { readDocuments } from '../data/documents.ts';
import { RowCounter, checkRows } from '../data/bad-rows.ts';
import { readJsonRows } from '../data/json-rows.ts';
import { findSources } from '../data/sources.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { type SamplingOutcome, outcomeOf, type Trial } from './trade-off.ts';
import type { Model } from '../language-model/language-model.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';

/** A text's beginning, and what is expected after it where there is only one right answer. */
export interface SamplingTask {
  readonly prompt: string;
  readonly answer?: string;
}

/**
 * Prompts from a file: the `prompt` and `answer` of JSON lines, or the first words of any documents that `unmask train`
 * reads, spread evenly over them.
 *
 * @throws FileError           when the file isn't there or has no usable row
 * @throws InvalidOptionError  when it has fewer than are wanted
 */
export async function readTasks(path: string, count: number, words: number): Promise<SamplingTask[]> {
  const rows = new RowCounter();
  const sources = findSources([path]);
  const tasks: SamplingTask[] = [];
  for (const source of sources) {
    if (source.kind !== 'jsonl') continue;
    for await (const row of readJsonRows(source)) {
      const value: unknown = row.reason === undefined ? row.value : undefined;
      const { prompt, answer } = (value ?? {}) as { prompt?: unknown; answer?: unknown };
      if (typeof prompt === 'string')
        tasks.push({ prompt, answer: typeof answer === 'string' ? answer : undefined });
    }
  }
  if (tasks.length === 0) {
    for await (const { text } of readDocuments(sources, rows, { separator: '\\n\\n' }))
      tasks.push({ prompt: beginningOf(text, words) });
    checkRows(rows.counts(), [path], 0.5, 'mend the rows');
  }
  if (tasks.length < count)
    throw new InvalidOptionError('count', `must be at most the ${tasks.length} documents of ${path}`, count);
  return Array.from({ length: count }, (_, k) => tasks[Math.floor((k * tasks.length) / count)]);
}

const beginningOf = (text: string, words: number): string => text.trim().split(/\s+/, words).join(' ');

/** A way to sample, by name; ways of one group differ in a parameter. */
export interface Way {
  readonly name: string;
  readonly group: string;
  readonly options: Partial<FlatSamplingOptions>;
}

/**
 * Writes a text for every task in one way, and scores it by the model itself.
 *
 * @param draws  masks drawn for each score
 */
export async function measureWay(
  model: Model,
  way: Way,
  tasks: readonly SamplingTask[],
  { draws, seed, signal }: { draws: number; seed: number; signal?: AbortSignal },
): Promise<SamplingOutcome> {
  const trials: Trial[] = [];
  for (const [k, { prompt, answer }] of tasks.entries()) {
    const { text, stats } = await model.generate({ ...way.options, prompt, seed: seed + k, signal });
    const written = text.slice(prompt.length);
    const { natsPerToken } =
      written === ''
        ? { natsPerToken: NaN }
        : await model.score({ prompt, answer: written, samples: draws, seed, signal });
    const isExact = answer === undefined ? undefined : written.trim() === answer.trim();
    trials.push({ forwards: stats.forwards, tokens: stats.tokens, ms: stats.ms, natsPerToken, isExact });
  }
  return outcomeOf(
    way.name,
    way.group,
    trials.filter(({ natsPerToken }) => !Number.isNaN(natsPerToken)),
  );
}
