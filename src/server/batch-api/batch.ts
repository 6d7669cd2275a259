import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import { nodeFs, replaceFile } from '../../checkpoint/durable-fs.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { tryLock } from '../../checkpoint/lock.ts';
import { requireOwnFiles } from '../../checkpoint/own-files.ts';
import { readWhole } from '../../checkpoint/read-whole.ts';
import { makeApp } from '../http/app.ts';
import { HttpError } from '../http/http-error.ts';
import { routes } from '../http/routes.ts';
import { loadedFacts, type Service } from '../http/service.ts';
import { type BatchInput, type BatchLine, batchLines, surveyBatch } from './batch-lines.ts';
import { inOrder } from './in-order.ts';
import {
  type BatchResult,
  hasFailed,
  replaceResults,
  ResultFile,
  resultsIn,
  resultsPath,
  retryPath,
} from './results.ts';
import { requestsOf, type Share, shareFolder } from './share.ts';

/** What is answered, where to, and how. */
export interface BatchOptions {
  /** The file of requests. */
  readonly input: string;
  /** The folder of the results. */
  readonly out: string;
  readonly share: Share;
  /** Requests that are answered at once. */
  readonly concurrency: number;
  /** What the seeds of requests without one are made from. */
  readonly seed: number;
  /** Asks again for what has failed. */
  readonly retryFailed: boolean;
  readonly signal: AbortSignal;
  readonly tell: (progress: BatchProgress) => void;
}

/** How far a share is. */
export interface BatchProgress {
  /** Requests of this share. */
  readonly requests: number;
  /** Of them, those that have their result. */
  readonly done: number;
  /** Of those, the ones that have failed. */
  readonly failed: number;
  /** Tokens that were written by this program. */
  readonly tokens: number;
}

/** What came of a share. */
export interface BatchOutcome extends BatchProgress {
  /** The file of results. */
  readonly results: string;
}

/**
 * Answers a file of requests, or a share of it, by the routes of the server: a result for each, in order. It goes on where it
 * was stopped, however it was; each request gets the result that it would get on any other machine.
 *
 * @throws FileError           for files that can't be read or written, or belong to another batch
 * @throws UnsupportedError    where the model can't be loaded
 * @throws the signal's reason when it is aborted; what is done stays done
 */
export async function runBatch(service: Service, options: BatchOptions): Promise<BatchOutcome> {
  const { out, share, signal } = options;
  const input = await surveyBatch(options.input, signal);
  const folder = join(out, shareFolder(share));
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileProblem(error, folder, 'a folder that results can be written to');
  });
  const lock = await tryLock(folder, 'a folder of results', { signal });
  if (!lock)
    throw new FileError(folder, 'a share that no other program is at', 'one at work', 'wait for its end');
  try {
    await requireOwnFiles(
      folder,
      [resultsPath(folder), retryPath(folder)].map((path) => basename(path)),
    );
    await checkManifest(folder, manifestOf(input, options, service));
    await waitForModel(service, signal);
    const first = await new BatchRun(service, options, input, folder).run(resultsPath(folder));
    if (!options.retryFailed || (first.failed === 0 && !existsSync(retryPath(folder)))) return first;
    const again = await new BatchRun(service, options, input, folder).run(
      retryPath(folder),
      resultsPath(folder),
    );
    await replaceResults(folder);
    return { ...again, results: first.results, tokens: first.tokens + again.tokens };
  } finally {
    await lock.release();
  }
}

/** What results depend on: they are of one batch where it is the same. */
const manifestOf = (
  input: BatchInput,
  { share, seed }: BatchOptions,
  { models, version }: Service,
): object => ({
  format: 1,
  requests: input.lines,
  sha256: input.sha256,
  share,
  seed,
  models: Object.fromEntries(Array.from(models, ([name, { sizeBytes }]) => [name, sizeBytes])),
  unmask: version,
});

async function checkManifest(folder: string, mine: object): Promise<void> {
  const path = join(folder, 'batch.json');
  const text = `${JSON.stringify(mine, undefined, 2)}\n`;
  if (!existsSync(path)) return replaceFile(nodeFs, path, Buffer.from(text));
  const there = Buffer.from(await readWhole(path, 2 ** 24)).toString('utf8');
  if (there === text) return;
  const values = (json: string): string[] => json.split('\n').map((line) => line.trim());
  const differing = values(there).find((line) => !values(text).includes(line)) ?? 'nothing that is known';
  throw new FileError(
    path,
    'the batch that was begun here: the same requests, models, seed, share and version',
    differing.replace(/,$/, ''),
    'give another --out',
  );
}

async function waitForModel(service: Service, signal: AbortSignal): Promise<void> {
  const [first] = service.models.keys();
  await loadedFacts(service, first, signal).catch((error: unknown) => {
    throw error instanceof HttpError ? new UnsupportedError(error.message) : error;
  });
}

/** Statuses that say nothing about the request: it is asked again after a while. */
const passing = new Set([429, 503]);
const againMs = [1000, 4000, 16_000];

/** One pass over the requests of a share. */
class BatchRun {
  readonly #service: Service;
  readonly #options: BatchOptions;
  readonly #input: BatchInput;
  readonly #folder: string;

  constructor(service: Service, options: BatchOptions, input: BatchInput, folder: string) {
    this.#service = service;
    this.#options = options;
    this.#input = input;
    this.#folder = folder;
  }

  /**
   * @param path    the results
   * @param before  results of which those that have not failed are taken as they are
   */
  async run(path: string, before?: string): Promise<BatchOutcome> {
    const { share, concurrency, signal, tell } = this.#options;
    const [from, to] = requestsOf(share, this.#input.lines);
    const file = await ResultFile.open(path, this.#service.clock);
    let [done, failed, tokens] = [file.done, 0, 0];
    for await (const result of resultsIn(path)) if (hasFailed(result)) failed++;
    const report = (): BatchProgress => ({ requests: to - from, done, failed, tokens });
    try {
      tell(report());
      const old = before === undefined ? undefined : resultsIn(before, file.done);
      await inOrder(
        this.#asked([from + file.done, to], old),
        { most: concurrency },
        async ({ line, known }) => known ?? this.#answer(line),
        async (result) => {
          await file.write(result);
          done++;
          if (hasFailed(result)) failed++;
          tokens += tokensOf(result);
          tell(report());
        },
      );
      signal.throwIfAborted();
      return { ...report(), results: resultsPath(this.#folder) };
    } finally {
      await file.close();
    }
  }

  /** The requests, each with the result that is kept, if there is one. */
  async *#asked(
    range: readonly [number, number],
    old: AsyncGenerator<BatchResult, void> | undefined,
  ): AsyncGenerator<{ readonly line: BatchLine; readonly known?: BatchResult }, void> {
    for await (const line of batchLines(this.#input, range, this.#options.signal)) {
      const { value } = (await old?.next()) ?? {};
      if (value && value.custom_id !== line.id)
        throw new FileError(
          resultsPath(this.#folder),
          `the result of ${line.id}`,
          `that of ${value.custom_id}`,
        );
      yield { line, ...(value && !hasFailed(value) && { known: value }) };
    }
  }

  async #answer(line: BatchLine): Promise<BatchResult> {
    const key = createHash('sha256').update(`${this.#options.seed} ${line.id}`).digest();
    const common = { id: `batch_req_${key.toString('hex', 0, 12)}`, custom_id: line.id };
    const refused = (message: string): BatchResult => ({
      ...common,
      response: null,
      error: { code: 'invalid_request', message },
    });
    if ('problem' in line) return refused(line.problem);
    const route = routes.find(({ path }) => path === line.url);
    if (!route || !('answer' in route) || !/^\/(v1|unmask)\//.test(line.url))
      return refused(`url: must be a route below /v1 or /unmask that writes, not ${line.url}`);
    const request_id = key.toString('hex', 16, 28);
    // nothing of a result depends on who asked when
    const service = {
      ...this.#service,
      newId: () => request_id,
      newSeed: () => key.readUInt32LE(12),
      nowMs: () => 0,
    };
    const { status, json } = await this.#ask(service, line);
    return { ...common, response: { status_code: status, request_id, body: json }, error: null };
  }

  async #ask(
    service: Service,
    { url, body }: { readonly url: string; readonly body: object },
  ): Promise<{ status: number; json: object }> {
    const { signal } = this.#options;
    const app = makeApp(service, routes);
    const host = `localhost:${service.admission().port}`;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const response = await app.request(`http://${host}${url}`, {
        method: 'POST',
        headers: { host, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal]), // each listens to its own
      });
      const json = (await response.json()) as object;
      signal.throwIfAborted(); // what was called off is no result
      if (!passing.has(response.status) || attempt >= againMs.length)
        return { status: response.status, json };
      await wait(againMs[attempt], undefined, { signal });
    }
  }
}

/** Tokens that an answer has. */
function tokensOf({ response }: BatchResult): number {
  const usage = (response?.body as { usage?: { completion_tokens?: number } } | undefined)?.usage;
  return usage?.completion_tokens ?? 0;
}
