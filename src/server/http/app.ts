import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { checkOptions } from '../../base/options.ts';
import type { Answer } from '../apis/answer.ts';
import { ignoredHeader, inHeader, tolerated, type Tolerated } from '../apis/tolerance.ts';
import { readBody } from './body.ts';
import {
  clientGone,
  hiding,
  type Envelope,
  HttpError,
  ollamaEnvelope,
  openaiEnvelope,
  toHttpError,
} from './http-error.ts';
import { checkHeaders, checkHost, checkKey, checkOrigin } from './protections.ts';
import { reply } from './reply.ts';
import type { Route, WritingRoute } from './route.ts';
import { type RequestTrace, traceOf } from './request-id.ts';
import { loadedFacts, modelNamed, type Service } from './service.ts';

/** What a context has: the two ends of the connection, where there is one, and who asks. */
interface Environment {
  Bindings: { incoming?: IncomingMessage; outgoing?: ServerResponse };
  Variables: { who: string; traced: RequestTrace };
}

type Asking = Context<Environment>;

/** What every answer has that says nothing else. */
const safeHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
};

/** The server as a function from requests to responses. */
export function makeApp(service: Service, routes: readonly Route[]): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use(account(service, routes));
  // before anything else, whatever the path: who asks, and from where
  app.use(admit(service, routes));
  for (const route of routes) addRoute(app, route, service);

  app.notFound((c) => {
    const route = routeAt(routes, c.req.path);
    const error = route
      ? new HttpError(405, `only ${route.method} here`)
      : new HttpError(404, 'there is nothing at this path; /openapi.json says what there is');
    return errorResponse(service, error, c, routes, route && { Allow: route.method });
  });

  app.onError(async (problem, c) => {
    const error = c.req.raw.signal.aborted ? clientGone() : toHttpError(problem);
    const { cause } = error;
    if (error.status >= 500 && cause !== undefined)
      service.log('error', 'failed', {
        ...c.get('traced'),
        cause: cause instanceof Error ? cause.stack : JSON.stringify(cause),
      });
    // those who ask again at once would take the time of those who are served
    if (error.status === 429) await wait(service.limits.refusalMs);
    return errorResponse(service, error, c, routes);
  });

  return app;
}

/** Counts and logs what is answered, and adds the headers that every answer has. */
const account =
  (service: Service, routes: readonly Route[]): MiddlewareHandler<Environment> =>
  async (c, next) => {
    const startMs = service.clock();
    const traced = traceOf((name) => c.req.header(name), service.newId);
    c.set('traced', traced);
    await next();
    c.header('X-Request-Id', traced.request);
    for (const [name, value] of Object.entries(safeHeaders))
      if (!c.res.headers.has(name)) c.header(name, value);
    const route = routeAt(routes, c.req.path)?.path ?? 'none';
    const { status } = c.res;
    service.metrics.answered(route, status);
    const ms = Math.round(service.clock() - startMs);
    const { method } = c.req;
    service.log(status < 500 ? 'info' : 'error', 'answered', { ...traced, method, route, status, ms });
  };

/** Lets those in who may ask. */
const admit =
  (service: Service, routes: readonly Route[]): MiddlewareHandler<Environment> =>
  async (c, next) => {
    const { incoming } = c.env ?? {};
    const admission = service.admission();
    const { method, path } = c.req;
    const route = routeAt(routes, path);
    if (incoming) checkHeaders(incoming.rawHeaders, service.limits);
    const client = { localAddress: incoming?.socket.localAddress, version: incoming?.httpVersion };
    checkHost(incoming ? incoming.headers.host : c.req.header('host'), admission, client);
    const origin = checkOrigin(
      { host: c.req.header('host'), origin: c.req.header('origin'), site: c.req.header('sec-fetch-site') },
      admission,
      method === 'GET' && route?.method === 'GET' && route.isPage === true,
    );
    if (origin !== undefined && method === 'OPTIONS') return preflight(origin);
    const isOpen = route?.access === 'anyone' && (method === 'GET' || method === 'HEAD');
    const isStudios = route?.access === 'studio';
    // Anthropic's clients have a header of their own for it
    const given = c.req.header('authorization') ?? `Bearer ${c.req.header('x-api-key') ?? ''}`;
    const key = isOpen ? undefined : checkKey(given, admission, isStudios);
    if (isStudios && !service.studio)
      throw new HttpError(404, 'this is a part of the studio: start unmask studio in place of unmask serve');
    const { remoteAddress, remotePort } = incoming?.socket ?? {};
    c.set('who', key ?? `${remoteAddress} ${remotePort}`);
    await next();
    if (origin !== undefined) {
      c.header('Access-Control-Allow-Origin', origin);
      c.header('Vary', 'Origin');
    }
    return undefined;
  };

function addRoute(app: Hono<Environment>, route: Route, service: Service): void {
  const paths = [route.path, ...(route.aliases ?? [])];
  if (route.method === 'GET') {
    app.on('GET', paths, async (c) =>
      route.tell(
        service,
        Object.values(c.req.param()).join('/'),
        (route.query ? checkOptions(route.query, c.req.query()) : {}) as never,
      ),
    );
    return;
  }
  app.on(route.method, paths, async (c) => {
    if ('answer' in route) checkMayWrite(service, c.get('who'));
    const given = await readBody(c.req.raw, service.limits);
    const { body, ignored } = route.isStrict ? strictly(given) : tolerated(route.body, given);
    const checked = checkOptions(route.body, body) as never;
    const response =
      'answer' in route
        ? await write(service, route, c, checked, ignored)
        : await route.ask(service, checked);
    if (ignored.length > 0) response.headers.set(ignoredHeader, inHeader(ignored));
    return response;
  });
}

/** What a browser asks before a page of another origin, which is allowed by name, may send JSON. */
const preflight = (origin: string): Response =>
  new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'Authorization, X-Api-Key, Content-Type',
      Vary: 'Origin',
    },
  });

/** Before the body is read: whether there is any chance. */
function checkMayWrite(service: Service, who: string): void {
  if (service.drain.isDraining)
    throw new HttpError(503, 'the server is shutting down', { retryAfterSeconds: 5, code: 'shutting_down' });
  service.queue.checkRoom(who);
}

async function write(
  service: Service,
  route: WritingRoute,
  c: Asking,
  body: { readonly model?: string; readonly n?: number },
  ignored: string[],
): Promise<Response> {
  const { queue, metrics, engine } = service;
  const model = modelNamed(service, body.model);
  const asked = {
    id: `unmask-${service.newId()}`,
    nowMs: service.nowMs(),
    model,
    newSeed: service.newSeed,
    keepLoaded: (ms: number) => engine.keep(model, ms),
    ignore: (...fields: readonly string[]) => void ignored.push(...fields),
  };
  const { signal } = c.req.raw;
  const { facts } = engine.status(model);
  // mistakes are told at once, where they can be
  const early = facts && route.answer(body as never, { ...asked, facts });
  const enteredMs = service.clock();
  const release = await queue.enter(c.get('who'), early?.choices ?? body.n ?? 1, signal);
  metrics.waited(service.clock() - enteredMs);
  let answer: Answer;
  try {
    answer =
      early ?? route.answer(body as never, { ...asked, facts: await loadedFacts(service, model, signal) });
  } catch (error) {
    release();
    throw error;
  }
  const said = ignored.length > 0 && { remarks: { ...answer.remarks, ignored: ignored.slice(0, 64) } };
  const remarked: Answer = { ...answer, ...said };
  let isHeld = true;
  return reply(service, remarked, {
    envelope: hiding(route.envelope, service.hidePlaces),
    signal,
    release() {
      isHeld = false;
      release();
    },
    isWanted: () => isHeld && queue.waiting > 0,
    hangUp: () => c.env?.outgoing?.destroy(),
    finished: ({ results, error }) => {
      for (const result of results) if (result) metrics.finished(model, result);
      service.log(error ? 'warn' : 'info', 'written', {
        ...c.get('traced'),
        id: asked.id,
        model,
        promptTokens: results[0]?.promptTokens,
        tokens: results.reduce((sum, result) => sum + (result?.completionTokens ?? 0), 0),
        error: error && (error.code ?? error.status),
      });
    },
  });
}

/** As with OpenAI, null is as good as absent. */
const strictly = (body: Record<string, unknown>): Tolerated => ({
  body: Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)),
  ignored: [],
});

function errorResponse(
  { hidePlaces }: Service,
  error: HttpError,
  c: Asking,
  routes: readonly Route[],
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, code, retryAfterSeconds } = error;
  return Response.json(hiding(envelopeAt(routes, c.req.path), hidePlaces)(error), {
    status,
    headers: {
      ...headers,
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...((status === 413 || status === 431 || code === 'shutting_down') && { Connection: 'close' }),
    },
  });
}

/** The route of a path, whatever the method; no path has two. */
function routeAt(routes: readonly Route[], path: string): Route | undefined {
  return routes.find((route) => {
    const [fixed, parameter] = route.path.split(':');
    if (parameter !== undefined) return path.startsWith(fixed) && path.length > fixed.length;
    return path === fixed || route.aliases?.includes(path);
  });
}

const envelopeAt = (routes: readonly Route[], path: string): Envelope =>
  routeAt(routes, path)?.envelope ?? (path.startsWith('/api/') ? ollamaEnvelope : openaiEnvelope);
