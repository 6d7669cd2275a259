import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HttpError } from '../http/http-error.ts';
import { modelNamed, modelStatus, type Service } from '../http/service.ts';
import { noEffect } from './tolerance.ts';

/** Whether requests can be answered: 503 while the first model is loading, as llama.cpp's server says it. */
export function health(service: Service): Response {
  service.drain.asked();
  const [first] = service.models.keys();
  const { state, problem } = service.engine.status(first);
  const reason = service.drain.isDraining
    ? 'Shutting down'
    : state === 'failed'
      ? `The model can not be loaded: ${problem}`
      : service.engine.status(first).facts
        ? undefined
        : 'Loading model';
  if (reason === undefined) return Response.json({ status: 'ok' });
  throw new HttpError(503, reason, { retryAfterSeconds: 1 });
}

/** OpenAI's list, with what is known of each model. */
export function models(service: Service): Response {
  return Response.json({
    object: 'list',
    data: [...service.models.keys()].map((name) => modelCard(service, name)),
  });
}

/** Answers /v1/models/NAME. A studio looks into the files of a model that was never loaded. */
export async function model(service: Service, asked: string): Promise<Response> {
  const name = modelNamed(service, asked);
  const isKnown = service.engine.status(name).facts !== undefined;
  return Response.json({
    ...modelCard(service, name),
    ...(!isKnown && (await service.studio?.inspector.abilitiesOf(service.models.get(name)!))),
  });
}

const modelCard = ({ models: known, engine }: Service, name: string): object => ({
  id: name,
  object: 'model',
  created: Math.floor(known.get(name)!.modified.getTime() / 1000),
  owned_by: 'unmask',
  ...modelStatus(engine, name),
});

/** Answers /metrics. */
export async function metrics({ metrics: { registry } }: Service): Promise<Response> {
  return new Response(await registry.metrics(), { headers: { 'Content-Type': registry.contentType } });
}

/** Ollama says which program it is by its version; clients look for 0.x. */
export const ollamaVersion = ({ version }: Service): Response => Response.json({ version });

/** Answers /api/tags. */
export const ollamaTags = (service: Service): Response =>
  Response.json({ models: [...service.models.keys()].map((name) => ollamaCard(service, name)) });

/** Answers /api/ps. */
export function ollamaRunning(service: Service): Response {
  const known = [...service.models.keys()].map((name) => ({ name, ...service.engine.status(name) }));
  const loaded = known.filter(({ state }) => state === 'loaded');
  return Response.json({
    models: loaded.map(({ name, restsUntilMs = Infinity }) => ({
      ...ollamaCard(service, name),
      size_vram: 0,
      expires_at: Number.isFinite(restsUntilMs) ? new Date(restsUntilMs).toISOString() : never,
    })),
  });
}

/** What isn't unloaded expires in the last year that clients can read. */
const never = '9999-12-31T23:59:59Z';

/** The body of Ollama's /api/show. */
export const showSchema = z.strictObject({
  model: z.string().max(256).optional(),
  name: z.string().max(256).optional().describe('an older name for model'),
  verbose: noEffect,
});

/** What Ollama's clients ask about a model. That it fills gaps is told by the template, where they look for it. */
export function ollamaShow(service: Service, { model: asked, name }: z.output<typeof showSchema>): Response {
  const found = modelNamed(service, asked ?? name);
  const { facts } = service.engine.status(found);
  const length = facts && { 'unmask.context_length': facts.maxLength };
  return Response.json({
    modelfile: '',
    parameters: facts ? `num_ctx ${facts.maxLength}` : '',
    template: facts?.isCausal ? '{{ .Prompt }}' : '{{ .Prompt }}{{ .Suffix }}',
    details: details(service, found),
    model_info: { 'general.architecture': 'unmask', ...length },
    capabilities: ['completion', 'tools', 'embedding', ...(facts?.isCausal ? [] : ['insert'])],
    modified_at: service.models.get(found)!.modified.toISOString(),
  });
}

function ollamaCard(service: Service, name: string): object {
  const { modified, sizeBytes } = service.models.get(name)!;
  return {
    name,
    model: name,
    modified_at: modified.toISOString(),
    size: sizeBytes,
    digest: createHash('sha256').update(name).digest('hex'),
    details: details(service, name),
  };
}

/** What kind of weights a model has, by how many bits each takes in its files. */
function details({ models: known, engine }: Service, name: string): object {
  const { parameters } = engine.status(name).facts ?? {};
  const { path, sizeBytes } = known.get(name)!;
  const bits = parameters && (8 * sizeBytes) / parameters;
  const level = bits && storages.find(([most]) => bits <= most)?.[1];
  return {
    parent_model: '',
    format: /\.gguf$/i.test(path) ? 'gguf' : 'safetensors',
    family: 'unmask',
    families: ['unmask'],
    parameter_size: parameters ? `${(parameters / 1e6).toFixed(1)}M` : '',
    quantization_level: level ?? '',
  };
}

/** Bits a weight, up to which it is stored so. */
const storages: readonly [most: number, name: string][] = [
  [6, 'Q4_0'],
  [11, 'Q8_0'],
  [24, 'F16'],
  [48, 'F32'],
];
