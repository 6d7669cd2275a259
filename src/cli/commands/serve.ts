import { once } from 'node:events';
import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { packageVersion } from '../../base/package-root.ts';
import type { Command, Io } from '../command.ts';
import type { Service } from '../../server/http/service.ts';
import type { StudioOptions } from '../../server/studio/studio.ts';
import { fileText } from '../input.ts';
import { modelOptions } from '../load-model.ts';
import { UsageError } from '../command.ts';

const { model, adapter, ...otherModelOptions } = modelOptions;

/** The options of a server. */
export const serveOptions = z.strictObject({
  model: z
    .array(model.unwrap())
    .optional()
    .describe(
      'a model, NAME=PATH, or a directory of models; may be given again. The first is loaded at once, the others when they are asked for [stories, talk, typescript, puzzles/sudoku-4 and puzzles/paths, which ship]',
    ),
  alias: z
    .array(z.string().min(1))
    .default([])
    .meta({ placeholder: 'name' })
    .describe(
      'NAME=MODEL, another name for one of them, which a client has written into it; may be given again',
    ),
  adapter: adapter.describe(`${adapter.description}; of one model that is served alone`),
  ...otherModelOptions,
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('the address to listen on; others than this machine need a key'),
  port: z.int().min(0).max(65_535).default(8080).describe('the port to listen on; 0 takes a free one'),
  keyFile: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('a file of keys, one a line, of which a request must have one; UNMASK_API_KEY is one more'),
  allowedHost: z
    .array(z.string().min(1))
    .default([])
    .meta({ placeholder: 'name' })
    .describe('a name by which this server is called, such as that of a proxy; may be given again'),
  allowedOrigin: z
    .array(z.string().min(1))
    .default([])
    .meta({ placeholder: 'origin' })
    .describe('the origin of pages that may ask, such as https://example.org; may be given again'),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('texts that are written at the same time, and share forwards'),
  waiting: z.int().min(0).max(10_000).default(64).describe('requests that may wait; more get the status 429'),
  idleMinutes: z.number().min(0).default(10).describe('a model that nobody used for so long is unloaded'),
  quiet: z.boolean().default(false).describe('writes no log'),
});

const shownPrompt = 'Once upon a time';

const command: Command<typeof serveOptions> = {
  summary:
    'Serves models over HTTP: the APIs of OpenAI, Mercury, llama.cpp and Ollama, and the stream of unmasking',
  options: serveOptions,
  positionals: ['model'],
  examples: [
    ['unmask serve', 'the models that ship, on this machine alone'],
    ['unmask serve story=runs/mine models/ --port 9000', 'a run under a name, and all models of a folder'],
    ['UNMASK_API_KEY=secret unmask serve --host 0.0.0.0', 'for others too, who need the key'],
  ],
  run: (asked, io) => runServer(asked, io, { welcome: examplesFor }),
};

export default command;

/** What is otherwise for the studio. */
interface Serving {
  readonly studio?: StudioOptions;
  /** What is printed once the server listens. */
  readonly welcome: (url: string, needsKey: boolean) => string;
}

/** Serves until it is interrupted. */
export async function runServer(
  asked: z.output<typeof serveOptions>,
  io: Io,
  { studio, welcome }: Serving,
): Promise<void> {
  const keys = await keysOf(asked.keyFile, io);
  // help and mistakes don't wait for the engine
  const [{ startServer }, { aliasesOf, catalogOf }, { jsonLog }, { shippedModels }] = await Promise.all([
    import('../../server/http/server.ts'),
    import('../../server/http/catalog.ts'),
    import('../../server/http/log.ts'),
    import('../../model-files/locate.ts'),
  ]);
  const now = (): Date => new Date();
  const models = catalogOf(asked.model ?? Object.values(shippedModels));
  if (asked.adapter !== undefined && models.size > 1) {
    const problem = `belongs to one model, and ${models.size} are served; unmask merge makes a model of the two`;
    throw new InvalidOptionError('adapter', problem, asked.adapter);
  }
  const server = await startServer({
    models,
    aliases: aliasesOf(asked.alias, models),
    load: { device: asked.device, weights: asked.weights, adapter: asked.adapter },
    host: asked.host,
    port: asked.port,
    keys,
    allowedHosts: asked.allowedHost,
    allowedOrigins: asked.allowedOrigin,
    concurrency: asked.concurrency,
    waiting: asked.waiting,
    idleMs: 60_000 * asked.idleMinutes,
    log: asked.quiet ? () => {} : jsonLog(io.stderr, now),
    version: packageVersion(),
    now,
    clock: () => performance.now(),
    studio,
  });
  io.stdout.write(welcome(server.url, keys.length > 0));
  try {
    await Promise.race([interrupted(io.signal), firstFails(server.service)]);
  } finally {
    await server.close();
  }
}

async function interrupted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/**
 * Waits for the first model to be loaded, and then for ever.
 *
 * @throws UsageError  when it can't be: there is nothing to be served
 */
async function firstFails({ engine, models }: Service): Promise<never> {
  const [first] = models.keys();
  for (;;) {
    const { state, facts, problem } = engine.status(first);
    if (facts) return new Promise(() => {});
    if (state === 'failed') throw new UsageError(problem ?? `${first} can not be loaded`);
    await engine.changed();
  }
}

async function keysOf(path: string | undefined, { env }: Io): Promise<string[]> {
  const lines = path === undefined ? [] : (await fileText(path)).split('\n').map((line) => line.trim());
  const keys = [env.UNMASK_API_KEY ?? '', ...lines].filter((key) => key !== '');
  if (path !== undefined && keys.length === 0) throw new UsageError(`${path} holds no key`);
  const bad = keys.find((key) => /\s/.test(key));
  if (bad !== undefined) throw new UsageError('a key must not hold spaces');
  return keys;
}

/** Where it listens, and what to try: lines that work when they are pasted. */
function examplesFor(url: string, needsKey: boolean): string {
  const header = needsKey ? ` -H "Authorization: Bearer $UNMASK_API_KEY"` : '';
  const json = `-H 'Content-Type: application/json'${header}`;
  return [
    `unmask listens on ${url}`,
    '',
    `curl -N ${url}/v1/completions ${json} -d '{"prompt": "${shownPrompt}", "stream": true, "diffusing": true}'`,
    `curl ${url}/v1/fim/completions ${json} -d '{"prompt": "Tom was sad. ", "suffix": " Then he was happy again.", "max_tokens": 24}'`,
    '',
    '',
  ].join('\n');
}
