import { z } from 'zod';
import { counted, grouped } from '../../base/format-count.ts';
import { duration } from '../../base/format-duration.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { packageVersion } from '../../base/package-root.ts';
import type { BatchProgress } from '../../server/batch-api/batch.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { serveOptions } from './serve.ts';

const { model, adapter, device, weights } = serveOptions.shape;

const options = z.strictObject({
  input: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('a file of requests, a line each, as for the batches of OpenAI (.jsonl, .jsonl.gz)'),
  out: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('the folder of the results; the same command resumes in it'),
  model,
  adapter,
  device,
  weights,
  shard: z
    .string()
    .optional()
    .meta({ placeholder: 'i/n' })
    .describe('the share that is answered here, from 0/n on [as the array of Slurm says, else all]'),
  shards: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe(
      'how many shares there are, where JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID says which this is',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(16)
    .describe('requests that are answered at once, and share forwards'),
  seed: z.int().min(0).default(0).describe('what the seeds of requests that have none are made from'),
  retryFailed: z.boolean().default(false).describe('asks again for what has failed'),
});

const command: Command<typeof options> = {
  summary: 'Answers a file of requests, or a share of it; resumes where it was stopped',
  options,
  positionals: ['input'],
  examples: [
    ['unmask batch requests.jsonl --out answers', 'answers all requests: answers/results.jsonl'],
    ['unmask batch requests.jsonl --out answers --shard 1/4', 'the second quarter, beside three others'],
    ['unmask batch requests.jsonl --out answers --retry-failed', 'asks again for what has failed'],
  ],
  async run(asked, io) {
    const { input, out, shard, shards, concurrency, seed, retryFailed } = asked;
    if (input === undefined) throw new UsageError(`--input is needed: ${options.shape.input.description}`);
    if (out === undefined) throw new UsageError(`--out is needed: ${options.shape.out.description}`);
    const { findShare } = await import('../../server/batch-api/share.ts');
    const share = findShare({ shard, shards }, io.env);
    // help and mistakes don't wait for the engine
    const { runBatch } = await import('../../server/batch-api/batch.ts');
    const { service } = await openModels(asked, io);
    const view = new BatchView(io);
    try {
      const { results, failed, requests } = await runBatch(service, {
        input,
        out,
        share,
        concurrency,
        seed,
        retryFailed,
        signal: io.signal,
        tell: (progress) => view.show(progress),
      });
      view.end();
      if (failed > 0)
        io.stderr.write(
          `${grouped(failed)} of ${counted(requests, 'request')} failed; the same command with --retry-failed asks for them again\n`,
        );
      io.stdout.write(`${results}\n`);
    } catch (error) {
      view.end();
      if (io.signal.aborted) io.stderr.write('stopped; the same command goes on\n');
      throw error;
    } finally {
      await service.engine.close();
    }
  },
};

export default command;

/** The models in a thread of their own, with the routes that answer and no socket. */
async function openModels(
  {
    model,
    adapter,
    device,
    weights,
    concurrency,
  }: Pick<z.output<typeof options>, 'model' | 'adapter' | 'device' | 'weights' | 'concurrency'>,
  io: Io,
) {
  const [{ openService }, { catalogOf }, { jsonLog }, { limits }, { shippedModels }] = await Promise.all([
    import('../../server/http/server.ts'),
    import('../../server/http/catalog.ts'),
    import('../../server/http/log.ts'),
    import('../../server/http/limits.ts'),
    import('../../model-files/locate.ts'),
  ]);
  const models = catalogOf(model ?? Object.values(shippedModels));
  if (adapter !== undefined && models.size > 1)
    throw new InvalidOptionError('adapter', `belongs to one model, and ${models.size} are there`, adapter);
  const now = (): Date => new Date();
  const log = jsonLog(io.stderr, now);
  return openService({
    models,
    load: { device, weights, adapter },
    host: 'localhost',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency,
    waiting: concurrency,
    // nobody waits for an answer, nor comes back later
    limits: { ...limits, queueMs: longestMs, generationMs: longestMs, refusalMs: 0 },
    idleMs: longestMs,
    log: (level, event, fields) => {
      if (level === 'error') log(level, event, fields);
    },
    version: packageVersion(),
    now,
    clock: () => performance.now(),
  });
}

/** The longest that a timer can wait. */
const longestMs = 2 ** 31 - 1;

/** How far a batch is: on a terminal one live line, elsewhere one now and then. */
class BatchView {
  readonly #status: StatusLine;
  #beganMs: number | undefined;
  #doneBefore = 0;

  constructor({ stderr }: Io) {
    this.#status = new StatusLine(stderr, () => performance.now(), { liveMs: 100, plainMs: 10_000 });
  }

  show({ requests, done, failed, tokens }: BatchProgress): void {
    const ms = performance.now();
    if (this.#beganMs === undefined) this.#doneBefore = done;
    this.#beganMs ??= ms;
    if (done < requests && !this.#status.isDue) return;
    const elapsedMs = ms - this.#beganMs;
    const answered = done - this.#doneBefore;
    const parts = [
      `${grouped(done)}/${grouped(requests)} requests`,
      failed > 0 ? `${grouped(failed)} failed` : '',
      tokens > 0 ? `${grouped(Math.round((1000 * tokens) / elapsedMs))} tokens/s` : '',
      answered > 0 && done < requests ? `${duration((elapsedMs * (requests - done)) / answered)} left` : '',
    ];
    this.#status.show(parts.filter(Boolean).join('  '));
  }

  end(): void {
    this.#status.end();
  }
}
