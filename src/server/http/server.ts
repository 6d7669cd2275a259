import type { LoadOptions } from '../../model-files/open-model.ts';
import { randomBytes, randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { InvalidOptionError } from '../../base/errors.ts';
import { packageRoot } from '../../base/package-root.ts';
import { modelDirectory } from '../../model-files/locate.ts';
import { makeApp } from './app.ts';
import { Connections } from './connections.ts';
import type { Engine } from '../worker/engine.ts';
import { startEngine } from '../worker/start-engine.ts';
import { type Limits, limits as usualLimits } from './limits.ts';
import { placeHider } from './hide-places.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { missingModelFiles, unknownFiles } from './model-file-names.ts';
import { hashOf } from './protections.ts';
import { Drain } from './drain.ts';
import { FairQueue } from './fair-queue.ts';
import { routes } from './routes.ts';
import type { ServedModel, Service } from './service.ts';
import { offerCopies } from '../studio/model-routes.ts';
import { makeStudio, runsFolder, type StudioOptions } from '../studio/studio.ts';

/** What a server serves, to whom, and how much at once. */
export interface ServerOptions {
  /** Path by name, see `catalogOf`; the first is loaded at once. */
  readonly models: ReadonlyMap<string, string>;
  /** Other names for some of them. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** How they are loaded; an adapter is for the only one. */
  readonly load?: Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  readonly keys: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Texts that are written at the same time. */
  readonly concurrency: number;
  /** Requests that may wait for their turn. */
  readonly waiting: number;
  /** A model that nobody used for so long is closed. */
  readonly idleMs: number;
  readonly limits?: Limits;
  readonly log: Log;
  readonly version: string;
  readonly now: () => Date;
  readonly clock: () => number;
  /** In place of a thread with the models of `models`. */
  readonly engine?: Engine;
  /** Default: the folder of the studio, where it was built. */
  readonly pages?: string;
  /** Default: the folder of the site, where it was built. */
  readonly site?: string;
  /** With the routes of the studio. */
  readonly studio?: StudioOptions;
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  readonly service: Service;
  /** Takes no more requests, lets what is being written come to its end for a while, and closes everything. */
  close(): Promise<void>;
}

const loopback = new Set(['localhost', '127.0.0.1', '::1']);
const builtPages = fileURLToPath(new URL('../../../page', import.meta.url));
/** Where `npm run site` puts the pages with the models in the browser. */
const builtSite = fileURLToPath(new URL('../../../site', import.meta.url));

/**
 * Starts the server.
 *
 * @throws InvalidOptionError  for an address that others can reach, without a key
 * @throws FileError           for a model that isn't there
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, keys, limits = usualLimits } = options;
  if (!loopback.has(host) && keys.length === 0) {
    const problem = 'must be of this machine (127.0.0.1) unless a key is set, for others could reach it';
    throw new InvalidOptionError('host', problem, host);
  }
  const { service, state, stop } = await openService(options);
  const { engine, models } = service;
  if (service.studio) await offerCopies(service, [...models.keys()]);
  const server = httpServer(makeApp(service, routes), limits);
  try {
    state.port = await listen(server, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${state.port}`,
    service,
    async close() {
      const deadline = setTimeout(() => stop.abort(), limits.drainMs);
      await service.drain.begin({ mostMs: limits.drainNoticeMs, lullMs: limits.drainLullMs });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const hangUp = setTimeout(() => server.closeAllConnections(), limits.drainMs + 2000);
      // runs save what they have learned, however long that takes
      await Promise.all([closed, service.studio?.tasks.close()]);
      clearTimeout(deadline);
      clearTimeout(hangUp);
      await engine.close();
    },
  };
}

/** What answers requests, however they come. Who opens it closes its engine. */
export interface OpenService {
  readonly service: Service;
  readonly state: { port: number };
  /** Ends what is being written. */
  readonly stop: AbortController;
}

/**
 * Opens the models, and begins to load the first.
 *
 * @throws FileError  for a model that isn't there
 */
export async function openService(options: ServerOptions): Promise<OpenService> {
  const models = await servedModels(options);
  const engine = options.engine ?? modelEngine(models, options);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // one for each request that is being written
  const state = { port: options.port };
  const service = serviceOf(options, models, engine, { state, stop: stop.signal });
  engine.load([...models.keys()][0]);
  return { service, state, stop };
}

async function servedModels({ models, engine }: ServerOptions): Promise<Map<string, ServedModel>> {
  const found = new Map<string, ServedModel>();
  for (const [name, asked] of models) {
    const path = engine ? asked : await modelDirectory(asked);
    found.set(name, { path, ...(engine ? unknownFiles : missingModelFiles(path)) });
  }
  return found;
}

/** The engine of the models that are served at first. */
function modelEngine(
  models: ReadonlyMap<string, ServedModel>,
  { load = {}, idleMs, log }: ServerOptions,
): Engine {
  const paths = new Map(Array.from(models, ([name, { path }]) => [name, path]));
  return startEngine({ paths, options: load, idleMs }, (error) =>
    log('error', 'engine died', { cause: error.stack }),
  );
}

/** What changes while a server runs. */
interface ServerState {
  /** The one that is listened on, once it is known. */
  readonly port: number;
}

function serviceOf(
  options: ServerOptions,
  models: Map<string, ServedModel>,
  engine: Engine,
  { state, stop }: { readonly state: ServerState; readonly stop: AbortSignal },
): Service {
  const { keys, limits = usualLimits, log, clock, now, version, allowedHosts, allowedOrigins } = options;
  const queue = new FairQueue({
    running: options.concurrency,
    waiting: options.waiting,
    waitMs: limits.queueMs,
    clock,
  });
  const hashes = keys.map(hashOf);
  const studio = options.studio && makeStudio(options.studio, now);
  return {
    engine,
    models,
    aliases: new Map(options.aliases),
    addModel(name, model) {
      models.set(name, model);
      engine.add(name, model.path);
    },
    removeModel(name) {
      models.delete(name);
      for (const [alias, model] of this.aliases) if (model === name) this.aliases.delete(alias);
      engine.keep(name, 0);
    },
    queue,
    metrics: new Metrics(queue),
    limits,
    log,
    version,
    admission: () => ({
      port: state.port,
      allowedHosts,
      allowedOrigins,
      keys: hashes,
      studioKey: studio?.key,
    }),
    newSeed: () => randomInt(2 ** 32),
    newId: () => randomBytes(12).toString('hex'),
    nowMs: () => now().getTime(),
    clock,
    stop,
    hidePlaces: placeHider([...placesOf(models), ...(studio ? [dirname(runsFolder(studio))] : [])]),
    drain: new Drain(clock),
    pages: options.pages ?? (existsSync(join(builtPages, 'index.html')) ? builtPages : undefined),
    site: options.site ?? (existsSync(join(builtSite, 'index.html')) ? builtSite : undefined),
    studio,
  };
}

/** Directories that no client needs to know of. */
const placesOf = (models: ReadonlyMap<string, ServedModel>): string[] => [
  process.cwd(),
  homedir(),
  tmpdir(),
  packageRoot(),
  ...Array.from(models.values(), ({ path }) => dirname(path)),
];

function httpServer(app: ReturnType<typeof makeApp>, limits: Limits): Server {
  const connections = new Connections(limits);
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: 1000,
      requireHostHeader: false,
    },
    connections.bounded(
      getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: 'localhost' }),
    ),
  );
  server.maxHeadersCount = 0; // all are read, up to their bytes: Node would leave out the rest without a word
  server.on('connection', (socket) => connections.admit(socket));
  return server;
}

function listen(server: Server, { host, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        isTaken
          ? new InvalidOptionError('port', 'must be free, and another program listens there', port)
          : error,
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve((server.address() as AddressInfo).port);
    });
  });
}
