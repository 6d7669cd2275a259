import { existsSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from '../../data/read-lines.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { FileError } from '../../base/errors.ts';

/** The answer to a line of a batch, as OpenAI writes it down. */
export interface BatchResult {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: object;
  } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Whether a request of a batch has no answer. */
export const hasFailed = ({ response, error }: BatchResult): boolean =>
  error !== null || response?.status_code !== 200;

/** Bytes are asked of the disk this often at most. */
const syncMs = 1000;

/**
 * A file of results, a line each, in the order of the requests: it only grows, and what a killed program left of a last line
 * is cut off when it is opened again.
 */
export class ResultFile {
  readonly path: string;
  /** The results that were there, whole. */
  readonly done: number;
  readonly #file: FileHandle;
  readonly #clock: () => number;
  #bytes: number;
  #syncedMs: number;

  private constructor(
    path: string,
    file: FileHandle,
    at: { done: number; bytes: number },
    clock: () => number,
  ) {
    this.path = path;
    this.#file = file;
    this.done = at.done;
    this.#bytes = at.bytes;
    this.#clock = clock;
    this.#syncedMs = clock();
  }

  /** @throws FileError  for one that can't be written, or isn't of results */
  static async open(path: string, clock: () => number): Promise<ResultFile> {
    try {
      const file = await open(path, existsSync(path) ? 'r+' : 'wx+');
      const whole = await wholeLines(path);
      await file.truncate(whole.bytes);
      return new ResultFile(path, file, whole, clock);
    } catch (error) {
      throw fileProblem(error, path, 'a file that results can be written to');
    }
  }

  async write(result: BatchResult): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(result)}\n`);
    try {
      for (let at = 0; at < line.length;)
        at += (await this.#file.write(line, at, line.length - at, this.#bytes + at)).bytesWritten;
      this.#bytes += line.length;
      if (this.#clock() - this.#syncedMs >= syncMs) await this.#sync();
    } catch (error) {
      throw fileProblem(error, this.path, 'room for the results');
    }
  }

  async close(): Promise<void> {
    await this.#sync();
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    await this.#file.datasync();
    this.#syncedMs = this.#clock();
  }
}

/** The lines at the beginning of a file that are whole results. */
async function wholeLines(path: string): Promise<{ done: number; bytes: number }> {
  let [done, bytes] = [0, 0];
  for await (const line of readLines({ path, kind: 'jsonl', gzip: false })) {
    if (line.reason !== undefined || !line.terminated || parsed(line.text) === undefined) break;
    done++;
    bytes += Buffer.byteLength(line.text) + 1;
  }
  return { done, bytes };
}

/** The results in a file, in their order. @param from  the first of them that is wanted */
export async function* resultsIn(path: string, from = 0): AsyncGenerator<BatchResult, void, void> {
  for await (const line of readLines({ path, kind: 'jsonl', gzip: false })) {
    const result = line.reason === undefined ? parsed(line.text) : undefined;
    if (!result) throw new FileError(path, 'lines of results', `something else at line ${line.number}`);
    if (line.number > from) yield result;
  }
}

function parsed(text: string): BatchResult | undefined {
  try {
    const value = JSON.parse(text) as BatchResult;
    return typeof value.custom_id === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where the results of a batch are. */
export const resultsPath = (folder: string): string => join(folder, 'results.jsonl');

/** Where results are asked for again, until they take the place of the others. */
export const retryPath = (folder: string): string => join(folder, 'retry.jsonl');

/** Puts the results that were asked for again in the place of the others. */
export const replaceResults = (folder: string): Promise<void> =>
  rename(retryPath(folder), resultsPath(folder));
