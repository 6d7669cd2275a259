import { InvariantError } from '../../base/errors.ts';
import type { ModelFacts } from '../worker/protocol.ts';
import { abilitiesOf } from './abilities.ts';
import type { Engine } from '../worker/engine.ts';
import type { Drain } from './drain.ts';
import { HttpError } from './http-error.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Admission } from './protections.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Studio } from '../studio/studio.ts';

/** A model that is served. */
export interface ServedModel {
  /** A model directory or a GGUF file. */
  readonly path: string;
  /** When its files were last changed. */
  readonly modified: Date;
  readonly sizeBytes: number;
}

/** What the routes work with. */
export interface Service {
  readonly engine: Engine;
  /** The models by name, the first is the one that is taken where a request names none. */
  readonly models: ReadonlyMap<string, ServedModel>;
  /** Other names that they answer to: some clients have theirs written into them. */
  readonly aliases: Map<string, string>;
  /** Serves one more, or reads the one of this name anew. */
  readonly addModel: (name: string, model: ServedModel) => void;
  /** Serves one no longer. */
  readonly removeModel: (name: string) => void;
  readonly queue: FairQueue;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly log: Log;
  readonly version: string;
  readonly admission: () => Admission;
  readonly newSeed: () => number;
  readonly newId: () => string;
  readonly nowMs: () => number;
  /** Milliseconds that never go back. */
  readonly clock: () => number;
  /** Aborted when nothing may be written any more. */
  readonly stop: AbortSignal;
  /** Leaves the way to files out of a message for a client. */
  readonly hidePlaces: (message: string) => string;
  /** Whether the server is about to end: what runs goes on, nothing begins. */
  readonly drain: Drain;
  /** A folder of files for a browser, if there is one. */
  readonly pages?: string;
  /** The same with the models in the browser, if they were built. */
  readonly site?: string;
  /** What `unmask studio` has beside `unmask serve`. */
  readonly studio?: Studio;
}

/** What a text needs of the service to be written and sent; a page has no more. */
export interface ReplyService extends Pick<Service, 'engine' | 'log' | 'stop' | 'clock'> {
  readonly metrics: Pick<Metrics, 'cancelled'>;
  readonly limits: Pick<Limits, 'generationMs' | 'stallMs' | 'busyStallMs' | 'heartbeatMs'>;
}

/** The studio of a service; its routes are closed where there is none. */
export function requireStudio({ studio }: Service): Studio {
  if (studio) return studio;
  throw new InvariantError('a route of the studio was asked where there is none');
}

/**
 * The name of a model that is served.
 *
 * @param asked  as a request has it; Ollama's clients put `:latest` behind it
 * @throws HttpError 404
 */
export function modelNamed(
  { models, aliases }: Pick<Service, 'models' | 'aliases'>,
  asked: string | undefined,
): string {
  const [first] = models.keys();
  if (asked === undefined || asked === '') return first;
  const known = models.has(asked) || aliases.has(asked) ? asked : asked.replace(/:latest$/, '');
  const name = aliases.get(known) ?? known;
  if (models.has(name)) return name;
  throw new HttpError(
    404,
    `there is no model of this name; there are ${[...models.keys()].slice(0, 20).join(', ')}`,
    {
      param: 'model',
      code: 'model_not_found',
    },
  );
}

/**
 * What is known of a model, which is loaded for that if it has to be.
 *
 * @throws HttpError 503  when it can't be loaded; the signal's reason when it is aborted
 */
export async function loadedFacts(
  { engine }: Pick<Service, 'engine'>,
  model: string,
  signal: AbortSignal,
): Promise<ModelFacts> {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  aborted.catch(() => {});
  if (['unloaded', 'failed'].includes(engine.status(model).state)) engine.load(model);
  for (let changes = 0; ; changes++) {
    signal.throwIfAborted();
    const { state, facts, problem } = engine.status(model);
    if (facts) return facts;
    if (state === 'failed' && changes > 0)
      throw new HttpError(503, problem ?? 'the model can not be loaded', {
        code: 'model_unavailable',
        retryAfterSeconds: 10,
      });
    await Promise.race([engine.changed(), aborted]);
  }
}

/** What is told of a model: its state, and once it was loaded what it can do. */
export function modelStatus(engine: Engine, name: string): object {
  const { state, facts } = engine.status(name);
  return { state, ...(facts && abilitiesOf(facts)) };
}
