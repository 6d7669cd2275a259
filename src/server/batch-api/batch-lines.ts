import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { readLines } from '../../data/read-lines.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';

/** A line of OpenAI's batch files. */
const lineSchema = z.strictObject({
  custom_id: z.string().min(1).max(512),
  method: z.literal('POST'),
  url: z.string().max(200),
  body: z.record(z.string(), z.unknown()),
});

/** A request of a batch, or why its line is none. */
export type BatchLine =
  | { readonly id: string; readonly url: string; readonly body: Record<string, unknown> }
  | { readonly id: string; readonly problem: string };

/** What a file of requests holds: its lines, blank ones aside, and the SHA-256 of all of them. */
export interface BatchInput {
  readonly path: string;
  readonly lines: number;
  readonly sha256: string;
}

/** The texts of the lines, blank ones aside. */
async function* textsIn(path: string, signal?: AbortSignal): AsyncGenerator<string, void, void> {
  try {
    for await (const line of readLines({ path, kind: 'jsonl', gzip: path.endsWith('.gz') }, { signal })) {
      if (line.reason !== undefined)
        throw new FileError(path, 'lines of JSON in UTF-8', `line ${line.number} that is ${line.reason}`);
      if (line.text.trim() !== '') yield line.text;
    }
  } catch (error) {
    throw fileProblem(error, path, 'a file of requests that can be read');
  }
}

/**
 * Reads a file of requests once, to know how many they are.
 *
 * @throws FileError  for one that can't be read, or in which two lines have one custom_id
 */
export async function surveyBatch(path: string, signal: AbortSignal): Promise<BatchInput> {
  const hash = createHash('sha256');
  const seen = new Set<string>();
  let lines = 0;
  for await (const text of textsIn(path, signal)) {
    hash.update(text).update('\n');
    lines++;
    const { id } = parseLine(text, lines);
    if (seen.has(id))
      throw new FileError(
        path,
        'lines with a custom_id each',
        `${JSON.stringify(id)} twice, again at request ${lines}`,
      );
    seen.add(id);
  }
  return { path, lines, sha256: hash.digest('hex') };
}

/** The requests with these indices: the first, and the one behind the last. */
export async function* batchLines(
  { path }: BatchInput,
  [from, to]: readonly [number, number],
  signal: AbortSignal,
): AsyncGenerator<BatchLine, void, void> {
  let index = 0;
  for await (const text of textsIn(path, signal)) {
    if (index >= to) return;
    index++;
    if (index > from) yield parseLine(text, index);
  }
}

/** @param number  from 1 on, for a line that has no id */
function parseLine(text: string, number: number): BatchLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { id: `request ${number}`, problem: 'must be a JSON object' };
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) {
    const { custom_id: id, url, body } = parsed.data;
    return body['stream'] === true
      ? { id, problem: 'stream: must be absent or false in a batch' }
      : { id, url, body };
  }
  const given = (value as { custom_id?: unknown } | null)?.custom_id;
  const [{ path, message }] = parsed.error.issues;
  return {
    id: typeof given === 'string' && given !== '' ? given.slice(0, 512) : `request ${number}`,
    problem: `${path.join('.') || 'the line'}: ${message}`,
  };
}
