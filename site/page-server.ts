import { checkOptions } from '../src/base/options.ts';
import { chat, chatSchema } from '../src/server/apis/chat.ts';
import { completion, completionSchema } from '../src/server/apis/completions.ts';
import {
  doubtsRoute,
  doubtsSchema,
  editingBodySchema,
  editRoute,
  infillingSchema,
  infillRoute,
} from '../src/server/apis/infill-edit.ts';
import { HttpError, openaiEnvelope, toHttpError } from '../src/server/http/http-error.ts';
import { limits } from '../src/server/http/limits.ts';
import { reply } from '../src/server/http/reply.ts';
import { type WritingRoute, writing } from '../src/server/http/route.ts';
import {
  loadedFacts,
  modelNamed,
  modelStatus,
  type ServedModel,
  type Service,
} from '../src/server/http/service.ts';
import { writingOptions } from '../src/server/studio/writing-options.ts';
import type { Engine } from '../src/server/worker/engine.ts';

/** What the studio's pages ask of their server, of that which needs none. */
const routes: readonly WritingRoute[] = [
  writing('/v1/completions', 'The continuation of a text', completionSchema, completion),
  writing('/v1/chat/completions', 'The next answer of a conversation', chatSchema, chat),
  writing('/unmask/infill', 'A text with its holes filled', infillingSchema, infillRoute),
  writing('/unmask/edit', 'A text, rewritten where the model doubts it', editingBodySchema, editRoute),
  writing('/unmask/doubts', 'How likely each token of a text is', doubtsSchema, doubtsRoute),
];

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
      if (path === '/unmask/options') return Response.json(writingOptions());
      const route = routes.find((candidate) => candidate.path === path);
      if (!route) throw new HttpError(404, 'that needs a server: unmask studio');
      return await write(service, route, JSON.parse(init.body as string) as object, init.signal ?? undefined);
    } catch (problem) {
      if (init.signal?.aborted) throw problem;
      const error = toHttpError(problem);
      return Response.json(openaiEnvelope(error), { status: error.status });
    }
  };
}

async function write(
  service: Service,
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
    hangUp: () => {},
    finished: () => {},
  });
}

/** What the endpoints of the server work with; nobody has to be kept out of a page, and nothing is counted. */
const serviceOf = (engine: Engine, models: ReadonlyMap<string, ServedModel>): Service => ({
  engine,
  models,
  aliases: new Map(),
  addModel: () => {},
  removeModel: () => {},
  queue: undefined as never,
  metrics: { cancelled: () => {} } as unknown as Service['metrics'],
  // a phone is slow, and the page waits as long as its person does
  limits: { ...limits, generationMs: 2 ** 31 - 1, stallMs: 2 ** 31 - 1 } as unknown as Service['limits'],
  log: () => {},
  version: '',
  admission: undefined as never,
  newSeed: () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000,
  newId: () => crypto.randomUUID?.() ?? String(performance.now()),
  nowMs: () => Date.now(),
  clock: () => performance.now(),
  stop: new AbortController().signal,
  hidePlaces: (message) => message,
  isDraining: () => false,
});
