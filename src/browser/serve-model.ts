import { InvalidOptionError } from '../base/errors.ts';
import { nextTurn } from '../base/next-turn.ts';
import type { Model } from '../language-model/language-model.ts';
import { configureEngine } from '../runtime/engine-web.ts';
import type { Frame } from '../sampling/sample.ts';
import type { TrainingEvent } from '../training/run/events.ts';
import { startDevice } from './choose-device.ts';
import { chosenFiles, filesIn, ggufProblem, type PageModelFiles } from './model-files.ts';
import { openModelFrom } from './open-model.ts';
import { cacheFor } from './parts-cache.ts';
import type { CallName, Calls, FromPageWorker, Report, SentSource, ToPageWorker } from './protocol.ts';
import { remoteFiles } from './remote-files.ts';
import { sentError } from '../base/sent-errors.ts';

/** The other side of a worker, as it has it. */
export interface WorkerPort {
  postMessage(message: FromPageWorker): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToPageWorker }) => void): void;
}

/** What a call has of its caller. */
interface Caller {
  readonly signal: AbortSignal;
  readonly watched: boolean;
  report(report: Report): void;
  /** Shows a frame and waits until it was seen. @returns whether the text goes on */
  show(frame: Frame, holes?: unknown): Promise<boolean>;
  /** Tells what a run does and waits until that was seen, or the run is to stop. */
  tell(event: TrainingEvent): Promise<void>;
}

interface Running {
  readonly stop: AbortController;
  seen: (goesOn: boolean) => void;
}

/** Has one model, and does with it what the page asks. */
export function serveModel(port: WorkerPort): void {
  const running = new Map<number, Running>();
  const served = new ServedModel();
  port.addEventListener('message', ({ data }) => {
    if (data.type === 'configure') configureEngine(data.engine);
    else if (data.type === 'cancel') running.get(data.id)?.stop.abort();
    else if (data.type === 'seen') running.get(data.id)?.seen(data.goesOn);
    else void run(data.id, data.name, data.given, data.watched);
  });

  async function run(id: number, name: CallName, given: unknown, watched: boolean): Promise<void> {
    const mine: Running = { stop: new AbortController(), seen: () => {} };
    running.set(id, mine);
    const { signal } = mine.stop;
    const report = (what: Report) => port.postMessage({ type: 'report', id, report: what });
    /** Reports, and waits until that was seen. @returns whether the work goes on */
    const seen = (what: Report) =>
      new Promise<boolean>((resolve) => {
        mine.seen = resolve;
        report(what);
        if (signal.aborted) resolve(false);
      });
    signal.addEventListener('abort', () => mine.seen(false), { once: true });
    const show = async (frame: Frame, holes?: unknown) => {
      const goesOn = await seen({ kind: 'frame', frame, holes });
      signal.throwIfAborted();
      return goesOn;
    };
    const tell = async (event: TrainingEvent) => void (await seen({ kind: 'event', event }));
    try {
      const call = served.calls[name] as (given: unknown, caller: Caller) => Promise<unknown>;
      const result = await call(given, { signal, watched, report, show, tell });
      port.postMessage({ type: 'result', id, result });
    } catch (error) {
      port.postMessage({ type: 'error', id, error: sentError(error) });
    } finally {
      running.delete(id);
    }
  }
}

type Handlers = {
  readonly [Name in CallName]: (
    given: Calls[Name]['given'],
    caller: Caller,
  ) => Promise<Calls[Name]['result']>;
};

class ServedModel {
  #model: Model | undefined;

  readonly calls: Handlers = {
    load: async ({ source, device }, { report, signal }) => {
      const [{ chosen, device: onDevice }, files] = await Promise.all([
        startDevice(device),
        filesOf(source, report, signal),
      ]);
      this.#model = await openModelFrom(files, { device: onDevice });
      const { config, maskId, endIds, defaults, chatTemplate } = this.#model;
      return { config: plain(config), maskId, endIds, defaults, hasChatTemplate: !!chatTemplate, chosen };
    },
    forget: async ({ url }) => (await cacheFor(url)).clear(),
    encode: async ({ text }) => this.#loaded.tokenizer.encode(text),
    decode: async ({ tokens }) => this.#loaded.tokenizer.decode(Int32Array.from(tokens)),
    encodeChat: async ({ messages, options }) => {
      const { chatTemplate } = this.#loaded;
      if (chatTemplate) return chatTemplate.encode(messages, options);
      throw new InvalidOptionError('messages', 'need a model with a chat template', undefined);
    },
    logits: async ({ tokens, options }, { signal }) => this.#loaded.logits(tokens, { ...options, signal }),
    sample: async (request, { signal, show }) => {
      for await (const frame of this.#loaded.sample({ ...request, signal })) {
        if (!(await show(frame))) return;
      }
    },
    generate: async (request, caller) => this.#loaded.generate({ ...request, ...watching(caller) }),
    infill: async (request, caller) => this.#loaded.infill({ ...request, ...watching(caller) }),
    edit: async (request, caller) => this.#loaded.edit({ ...request, ...watching(caller) }),
    score: async (request, { signal, report, watched }) =>
      this.#loaded.score({
        ...request,
        signal,
        ...(watched && { onProgress: (share: number) => report({ kind: 'share', share }) }),
      }),
    train: async ({ request }, { signal, report, tell }) => {
      // a page that doesn't train doesn't load what trains
      const { trainHere } = await import('./training/train-here.ts');
      return trainHere(request, { signal, tell, note: (event) => report({ kind: 'told', event }) });
    },
    close: async () => {
      await this.#model?.close();
      this.#model = undefined;
    },
  };

  get #loaded(): Model {
    if (this.#model) return this.#model;
    throw new InvalidOptionError('model', 'must be loaded before it is used', undefined);
  }
}

/** How a job is watched: whoever looks at frames is waited for, and a cancellation is seen between two steps. */
const watching = ({ signal, watched, show }: Caller) => ({
  signal,
  onFrame: async (frame: Frame, holes?: unknown): Promise<boolean | void> => {
    if (watched) return show(frame, holes);
    return nextTurn();
  },
});

/** Patterns of attention are functions, which stay here. */
const plain = <T extends object>(config: T): T => JSON.parse(JSON.stringify(config)) as T;

async function filesOf(
  source: SentSource,
  report: (report: Report) => void,
  signal: AbortSignal,
): Promise<PageModelFiles> {
  if (source.kind === 'files') return chosenFiles(source.files);
  if (source.kind === 'directory') return filesIn(source.directory);
  if (source.url.endsWith('.gguf/')) throw ggufProblem(source.url.slice(0, -1));
  return remoteFiles(source.url, {
    cache: await cacheFor(source.url),
    fetch: (...given) => fetch(...given),
    onDownload: (name, done, total) => report({ kind: 'download', name, done, total }),
    note: (text) => report({ kind: 'note', text }),
    signal,
  });
}
