import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import type { Model } from '../src/language-model/language-model.ts';
import { makeApp } from '../src/server/http/app.ts';
import { type Engine, type EnginePort, PortEngine } from '../src/server/worker/engine.ts';
import { limits } from '../src/server/http/limits.ts';
import { serveJobs } from '../src/server/worker/model-thread.ts';
import { routes } from '../src/server/http/routes.ts';
import type { StudioOptions } from '../src/server/studio/studio.ts';
import type { TaskProgram } from '../src/server/studio/tasks.ts';
import { load } from '../src/language-model/load.ts';
import { type RunningServer, type ServerOptions, startServer } from '../src/server/http/server.ts';
import type { Until } from './until.ts';

/** An engine whose other side is on this thread: the protocol is the same, the models may be anything. */
export function engineHere(models: ReadonlyMap<string, () => Promise<Model>>, idleMs = 60_000): Engine {
  return new PortEngine(
    () => {
      const { port1, port2 } = new MessageChannel();
      const paths = new Map(Array.from(models.keys(), (name) => [name, name]));
      serveJobs(port2, paths, (path) => models.get(path)?.() ?? load(path), { idleMs });
      return port1 as EnginePort;
    },
    async (port) => (port as unknown as { close(): void }).close(),
  );
}

/** A server on a free port, with models that are made here, the first of them loaded; it ends with the test. */
export async function startFakeServer(
  t: Until,
  models: Readonly<Record<string, () => Model>>,
  { isLoaded = true, ...options }: Partial<ServerOptions> & { readonly isLoaded?: boolean } = {},
): Promise<RunningServer> {
  const makers = new Map(Object.entries(models).map(([name, make]) => [name, async () => make()]));
  const server = await startServer({
    models: new Map(Object.keys(models).map((name) => [name, name])),
    host: '127.0.0.1',
    port: 0,
    keys: [],
    allowedHosts: [],
    allowedOrigins: [],
    concurrency: 8,
    waiting: 64,
    idleMs: 60_000,
    limits: { ...limits, refusalMs: 0, drainMs: 1000 },
    log: () => {},
    version: '0.0.0',
    now: () => new Date(1_700_000_000_000),
    clock: () => performance.now(),
    ...options,
    // one that nobody closes would keep the process alive
    engine: options.engine ?? engineHere(makers),
  });
  t.after(() => server.close());
  const { engine } = server.service;
  if (!isLoaded) return server;
  while (!engine.status(Object.keys(models)[0]).facts) await engine.changed();
  return server;
}

export const studioToken = 'the-token-of-the-studio';

/** A studio in a folder, with programs that do nothing until they are stopped; what was started is noted. */
export function fakeStudio(root: string, started: (readonly string[])[] = []): StudioOptions {
  const start = (args: readonly string[]): TaskProgram => {
    started.push(args);
    const program = Object.assign(new EventEmitter(), {
      stdout: Readable.from([]),
      stderr: Readable.from([`began ${args[0]}\n`]),
      kill: () => setImmediate(() => program.emit('close', 130)),
    });
    return program;
  };
  return { token: studioToken, root, runs: 'runs', hub: { cache: join(root, 'hub'), offline: true }, start };
}

const apps = new WeakMap<RunningServer, ReturnType<typeof makeApp>>();

/** Asks the app itself, so that a test may send any Host and Origin. */
export function asker(server: RunningServer) {
  const app = apps.get(server) ?? makeApp(server.service, routes);
  apps.set(server, app);
  const host = new URL(server.url).host;
  return async (
    path: string,
    {
      body,
      headers = {},
      method = body === undefined ? 'GET' : 'POST',
      signal,
    }: {
      signal?: AbortSignal;
      body?: unknown;
      headers?: Record<string, string>;
      method?: string;
    } = {},
  ): Promise<Response> =>
    app.request(`${server.url}${path}`, {
      method,
      signal,
      headers: { host, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
}

// oxlint-disable-next-line no-explicit-any -- what an answer holds is what the tests find out
export type Json = any;

/** The objects of a stream of server-sent events; the terminator as a text. */
export function eventsIn(text: string): Json[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length))
    .map((data) => (data.startsWith('[') ? data : JSON.parse(data)));
}
