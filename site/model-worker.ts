// The worker of the models of the site; the engine's own threads run this file, too, and do nothing.
import { startDevice } from '../src/browser/choose-device.ts';
import { chosenFiles, type PageModelFiles } from '../src/browser/model-files.ts';
import { openModelFrom } from '../src/browser/open-model.ts';
import { cacheFor } from '../src/browser/parts-cache.ts';
import { remoteFiles } from '../src/browser/remote-files.ts';
import { openKeptRun } from '../src/browser/training/train.ts';
import type { Model } from '../src/language-model/language-model.ts';
import { serveJobs } from '../src/server/worker/model-thread.ts';
import type { FromWorker, ToWorker } from '../src/server/worker/protocol.ts';
import { keptPrefix, type ToPage } from './messages.ts';

interface Port {
  readonly name: string;
  postMessage(message: FromWorker | ToPage): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
}

const port = globalThis as unknown as Port;
/** A model that nobody has used for so long gives its memory back. */
const idleMs = 600_000;

if (!port.name.startsWith('em-pthread'))
  serveJobs(
    {
      postMessage: (message) => {
        port.postMessage(message);
        if (message.type === 'failed' && message.failure.kind === 'device-lost') endWorker();
      },
      on: (_, listener) => port.addEventListener('message', ({ data }) => listener(data)),
    },
    new Map(),
    load,
    { idleMs },
  );

async function load(place: string): Promise<Model> {
  const { chosen, device } = await startDevice();
  const name = chosen.device === 'webgpu' ? 'WebGPU' : 'WebAssembly';
  port.postMessage({ type: 'page', device: `${name}: ${chosen.why}` });
  return openModelFrom(await filesOf(place), { device });
}

async function filesOf(place: string): Promise<PageModelFiles> {
  if (place.startsWith(keptPrefix))
    return chosenFiles((await openKeptRun(place.slice(keptPrefix.length))).files);
  return remoteFiles(place, {
    cache: await cacheFor(place),
    fetch: (...given) => fetch(...given),
    note: (note) => port.postMessage({ type: 'page', note }),
    onDownload: (name, done, total) => port.postMessage({ type: 'page', progress: { name, done, total } }),
  });
}

/** An engine whose GPU is lost gets no other: this worker ends, once that was told, and the page starts another. */
const endWorker = (): unknown =>
  setTimeout(() => {
    throw new Error('the GPU was lost');
  });
