import { checkOptions } from '../src/base/options.ts';
import { HttpError, openaiEnvelope, toHttpError } from '../src/server/http/http-error.ts';
import { limits } from '../src/server/http/limits.ts';
import { pageRoutes } from '../src/server/http/page-routes.ts';
import { reply } from '../src/server/http/reply.ts';
import { serverAttribute } from '../src/server/http/site-places.ts';
import type { WritingRoute } from '../src/server/http/route.ts';
import {
  loadedFacts,
  modelNamed,
  modelStatus,
  type ReplyService,
  type ServedModel,
  type Service,
} from '../src/server/http/service.ts';
import { writingOptions } from '../src/server/studio/writing-options.ts';
import type { Engine } from '../src/server/worker/engine.ts';

/** Answers the studio's requests in the page itself, with the endpoints of the server. */
export function pageServer(
  engine: Engine,
  models: ReadonlyMap<string, ServedModel>,
): (path: string, init: RequestInit) => Promise<Response> {
  const service = serviceOf(engine, models);
  return async (path, init) => {
    try {
      if (path === '/v1/models')
        return Response.json({ data: [...models.keys()].map((id) => ({ id, ...modelStatus(engine, id) })) });
      if (path === '/unmask/options') return Response.json({ ...writingOptions(), ...elsewhere() });
      const route = pageRoutes.find((candidate) => candidate.path === path);
      if (!route) throw new HttpError(404, 'that needs a server: unmask studio');
      return await write(service, route, JSON.parse(init.body as string) as object, init.signal ?? undefined);
    } catch (problem) {
      if (init.signal?.aborted) throw problem;
      const error = toHttpError(problem);
      return Response.json(openaiEnvelope(error), { status: error.status });
    }
  };
}

/** Where a server hands the site out, it says where its own pages are. */
function elsewhere(): object {
  const address = document.documentElement.getAttribute(serverAttribute);
  return address === null ? {} : { elsewhere: { place: 'server', address } };
}

async function write(
  service: PageService,
  { body: schema, answer, envelope }: WritingRoute,
  asked: object,
  signal: AbortSignal = new AbortController().signal,
): Promise<Response> {
  const body = checkOptions(schema, asked) as { readonly model?: string };
  const model = modelNamed(service, body.model);
  const facts = await loadedFacts(service, model, signal);
  const { newSeed } = service;
  const request = {
    id: service.newId(),
    nowMs: service.nowMs(),
    model,
    facts,
    newSeed,
    ignore: () => {},
    keepLoaded: () => {},
  };
  return reply(service, answer(body as never, request), {
    envelope,
    signal,
    release: () => {},
    isWanted: () => false,
    hangUp: () => {},
    finished: () => {},
  });
}

/** What the endpoints of the server work with. */
type PageService = ReplyService & Pick<Service, 'models' | 'aliases' | 'newSeed' | 'newId' | 'nowMs'>;

/** Nobody has to be kept out of a page, and nothing is counted. */
const serviceOf = (engine: Engine, models: ReadonlyMap<string, ServedModel>): PageService => ({
  engine,
  models,
  aliases: new Map(),
  metrics: { cancelled: () => {} },
  // a phone is slow, and the page waits as long as its person does
  limits: { ...limits, generationMs: 2 ** 31 - 1, stallMs: 2 ** 31 - 1 },
  log: () => {},
  newSeed: () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000,
  newId: () => crypto.randomUUID?.() ?? String(performance.now()),
  nowMs: () => Date.now(),
  clock: () => performance.now(),
  stop: new AbortController().signal,
});
