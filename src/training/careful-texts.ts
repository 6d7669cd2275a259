import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidOptionError } from '../base/errors.ts';
import { integerBelow, uniforms } from '../base/random.ts';
import { RowCounter } from '../data/bad-rows.ts';
import { readDocuments } from '../data/documents.ts';
import { findSources } from '../data/sources.ts';
import type { Model } from '../language-model/language-model.ts';

/** What a model writes to learn from. */
export interface CarefulTextOptions {
  /** How many texts there are in the end; those that the file has already are kept. */
  readonly texts: number;
  /** Real text, from whose documents the beginnings are taken. */
  readonly data: readonly string[];
  readonly field?: string;
  /** Tokens of a text, its beginning included; that has at most a quarter of them. */
  readonly length: number;
  /** Tokens of a block: one token a denoising step, block after block. */
  readonly block: number;
  readonly temperature: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onText?: (done: number, all: number) => Promise<void> | void;
}

/** Texts that are written at the same time, so that they share forwards. */
const together = 8;
/** A beginning has from one to so many words. */
const maxWords = 8;

/**
 * A model's careful texts: one token a denoising step, from the first words of real documents. One JSON line a text,
 * `{"text": …}`, in a file that grows as they are written; the same options give the same file, however often it is stopped.
 *
 * @throws InvalidOptionError  where the data has no document
 */
export async function writeCarefulTexts(
  model: Model,
  path: string,
  options: CarefulTextOptions,
): Promise<void> {
  const { texts, block, length, temperature, seed, signal, onText } = options;
  const begin = await beginnings(model, options);
  await mkdir(dirname(path), { recursive: true });
  let done = await wholeLines(path);
  while (done < texts) {
    const count = Math.min(together, texts - done);
    const written = await Promise.all(
      Array.from({ length: count }, (_, k) => {
        const prompt = begin(done + k);
        const left = length - model.tokenizer.encode(prompt).length;
        return model.generate({
          prompt,
          length: left,
          steps: left,
          blockLength: block,
          temperature,
          strategy: 'low-confidence',
          seed: seed + done + k,
          signal,
        });
      }),
    );
    await appendFile(path, written.map(({ text }) => `${JSON.stringify({ text })}\n`).join(''));
    done += count;
    await onText?.(done, texts);
  }
}

/** The beginning of text k: the first words of a document, which and how many drawn by the seed. */
async function beginnings(
  { tokenizer }: Model,
  { data, field, length, seed }: CarefulTextOptions,
): Promise<(k: number) => string> {
  const documents: string[] = [];
  for await (const { text } of readDocuments(findSources(data), new RowCounter(), {
    field,
    separator: '\\n\\n',
  }))
    documents.push(text.trim().split(/\s+/, maxWords).join(' '));
  if (documents.length === 0)
    throw new InvalidOptionError('data', 'has no document to take beginnings from', data.join(', '));
  return (k) => {
    const uniform = uniforms(seed, 'synthetic', k);
    const words = documents[integerBelow(documents.length, uniform(0))].split(' ');
    const beginning = words.slice(0, 1 + integerBelow(words.length, uniform(1)));
    while (tokenizer.encode(beginning.join(' ')).length > length / 4) beginning.pop();
    return beginning.join(' ');
  };
}

/** The lines that a file has; one that was cut off by a kill is taken away. */
async function wholeLines(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) await truncate(path, end);
  return bytes.subarray(0, end).toString().split('\n').length - 1;
}
