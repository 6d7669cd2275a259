import { signal } from '@preact/signals';
import { bytesText } from '../src/base/format-bytes.ts';
import { type EnginePort, PortEngine } from '../src/server/worker/engine.ts';
import type { FromWorker, ToWorker } from '../src/server/worker/protocol.ts';
import type { ServedModel } from '../src/server/http/service.ts';
import { keptPrefix, type ToPage } from './messages.ts';

/** The models that the site has, in the order of the menu; each is a folder of `models/`. */
const shipped = ['stories', 'talk', 'typescript'] as const;

/** Where models compute, and why there; undefined until the first is loaded. */
export const chosenDevice = signal<string | undefined>(undefined);
/** What is being downloaded: a sentence, or nothing. */
export const download = signal<string | undefined>(undefined);
export const notes = signal<readonly string[]>([]);

/** The engine of the studio's server, whose other side is a worker of this page, and the models that it has. */
export const { engine, models } = startEngine();

/** What a model that was trained in this browser is called beside those of the site. */
export const idOfTrained = (run: string): string => `mine/${run}`;

/** Has the model of a run among the others, as it is by now. */
export function addTrained(run: string): void {
  const path = `${keptPrefix}${run}`;
  models.set(idOfTrained(run), { path, modified: new Date(0), sizeBytes: 0 });
  engine.add(idOfTrained(run), path);
}

/** Has it there no longer. */
export function removeTrained(run: string): void {
  models.delete(idOfTrained(run));
}

function startEngine(): { engine: PortEngine; models: Map<string, ServedModel> } {
  const engine = new PortEngine(
    openPort,
    async () => {},
    (error) =>
      (notes.value = [
        ...notes.value,
        `The worker of the models ended (${error.message}); another is started.`,
      ]),
  );
  const models = new Map<string, ServedModel>();
  for (const name of shipped) {
    const path = new URL(`models/${name}/`, document.baseURI).href;
    models.set(name, { path, modified: new Date(0), sizeBytes: 0 });
    engine.add(name, path);
  }
  return { engine, models };
}

function openPort(): EnginePort {
  const worker = new Worker(new URL('./model-worker.ts', import.meta.url), {
    type: 'module',
    name: 'models',
  });
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
    postMessage: (message: ToWorker) => worker.postMessage(message),
    on(event: 'message' | 'error' | 'exit', listener: (value: never) => void): void {
      if (event === 'message')
        worker.addEventListener('message', ({ data }: MessageEvent<FromWorker | ToPage>) => {
          if (data.type === 'page') tell(data);
          else listener(data as never);
        });
      if (event === 'error')
        worker.addEventListener('error', ({ message }) => {
          worker.terminate();
          listener(new Error(message.replace(/^Uncaught (?:Error: )?/, '')) as never);
        });
    },
  } as EnginePort;
}

function tell({ device, note, progress }: ToPage): void {
  if (device !== undefined) chosenDevice.value = device;
  if (note !== undefined) notes.value = [...notes.value, note];
  if (progress) {
    const { name, done, total } = progress;
    const percent = Math.floor((100 * done) / total);
    download.value = done < total ? `Downloading ${name}: ${percent} % of ${bytesText(total)}` : undefined;
  }
}
