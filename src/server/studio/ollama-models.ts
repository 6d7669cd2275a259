import { z } from 'zod';
import { noEffects } from '../apis/tolerance.ts';
import { HttpError } from '../http/http-error.ts';
import { modelNamed, requireStudio, type Service } from '../http/service.ts';
import { pullRoute, serve } from './model-routes.ts';
import type { TaskReport } from './tasks.ts';

// What Ollama's clients change about models. It is the studio's: whoever may ask for texts may not change what is served.

const name = z.string().min(1).max(256);

/** The body of Ollama's /api/copy. */
export const copySchema = z.strictObject({ source: name, destination: name });

/** Another name for a model. */
export function ollamaCopy(service: Service, { source, destination }: z.output<typeof copySchema>): Response {
  const model = modelNamed(service, source);
  if (service.models.has(destination))
    throw new HttpError(400, 'destination: is a model of its own', { param: 'destination' });
  service.aliases.set(destination, model);
  return new Response(null);
}

/** The body of Ollama's /api/delete. */
export const deleteSchema = z.strictObject({ model: name.optional(), name: name.optional() });

/** Takes a name of a model away, or the model from those that are served; its files stay. */
export function ollamaDelete(service: Service, body: z.output<typeof deleteSchema>): Response {
  const asked = body.model ?? body.name;
  if (asked !== undefined && service.aliases.delete(asked)) return new Response(null);
  const model = modelNamed(service, asked);
  if (asked === undefined || service.models.size === 1)
    throw new HttpError(400, 'model: must not be the only one that is served', { param: 'model' });
  service.removeModel(model);
  return new Response(null);
}

/** The body of Ollama's /api/pull. */
export const ollamaPullSchema = z.strictObject({
  model: name.optional(),
  name: name.optional(),
  stream: z.boolean().default(true),
  ...noEffects('insecure username password'),
});

const pollMs = 200;

/** Downloads a model of the hub and serves it; one that is served already is there. */
export function ollamaPull(
  service: Service,
  { model, name: older, stream }: z.output<typeof ollamaPullSchema>,
): Response {
  const asked = model ?? older;
  if (asked === undefined) throw new HttpError(400, 'model: must be a name', { param: 'model' });
  const plain = asked.replace(/:latest$/, '');
  const isHere = service.models.has(plain) || service.aliases.has(plain);
  if (!isHere) pullRoute(service, { repository: plain });
  const steps = pulling(service, plain, isHere);
  if (stream) return new Response(lines(steps), { headers: { 'Content-Type': 'application/x-ndjson' } });
  return new Response(lines(lastOf(steps)), { headers: { 'Content-Type': 'application/json' } });
}

/** What becomes of a download. */
async function* pulling(
  service: Service,
  plain: string,
  isHere: boolean,
): AsyncGenerator<object, void, void> {
  const { tasks } = requireStudio(service);
  if (!isHere) {
    yield { status: 'pulling manifest' };
    for (let said = ''; ; await new Promise((resume) => setTimeout(resume, pollMs))) {
      const [report] = tasks.about(plain, 'pull') as (TaskReport | undefined)[];
      const line = report?.lines.at(-1) ?? '';
      if (line !== said) yield { status: line };
      said = line;
      if (!report || report.state === 'running' || report.state === 'stopping') continue;
      if (report.state !== 'done') {
        yield { error: line || 'the download did not end well' };
        return;
      }
      break;
    }
    await serve(service, { model: plain });
  }
  yield { status: 'success' };
}

async function* lastOf(steps: AsyncGenerator<object, void, void>): AsyncGenerator<object, void, void> {
  let last: object = {};
  for await (const step of steps) last = step;
  yield last;
}

function lines(objects: AsyncGenerator<object, void, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await objects.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
    },
    cancel: async () => void (await objects.return()),
  });
}
