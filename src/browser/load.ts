import type {
  EditRequest,
  GenerateRequest,
  InfillRequest,
  LogitsOptions,
  Model,
  SampleRequest,
  ScoreRequest,
} from '../language-model/language-model.ts';
import type { WebEngineSettings } from '../runtime/engine-web.ts';
import type { Frame } from '../sampling/sample.ts';
import type { ChatMessage, TemplateOptions } from '../tokenizer/chat-template.ts';
import type { ChosenDevice, PageDevice } from './choose-device.ts';
import type { PageModelFacts, Report, SentSource } from './protocol.ts';
import { type CallOptions, WorkerClient, type WorkerLike } from './worker-client.ts';

/** Where a model's files are: an address, files that a person chose, or a directory of the browser's file system (OPFS). */
export type ModelPlace = string | URL | Iterable<File> | FileSystemDirectoryHandle;

/** How a model is loaded into a page. */
export interface PageLoadOptions {
  /** Default: 'auto', the GPU where it passes a check, else the CPU. */
  readonly device?: PageDevice;
  /** Is told how many bytes of a file have come, of how many; of what is kept from an earlier visit nothing. */
  readonly onProgress?: (name: string, done: number, total: number) => void;
  /** Is told what a person may want to know: that the browser's storage is full. */
  readonly note?: (text: string) => void;
  readonly engine?: WebEngineSettings;
  /** Makes the worker, for bundlers that don't know `new Worker(new URL(…))`. Default: the package's own. */
  readonly worker?: () => WorkerLike;
  readonly signal?: AbortSignal;
}

/** A model in a worker of the page: what `Model` does, where all that needs the worker is a promise. */
export interface PageModel extends Pick<
  Model,
  'sample' | 'generate' | 'infill' | 'edit' | 'score' | 'logits' | 'close'
> {
  /** Where it computes, and why there. */
  readonly device: ChosenDevice;
  /** As in Node, without its functions. */
  readonly config: PageModelFacts['config'];
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly defaults: Model['defaults'];
  readonly hasChatTemplate: boolean;
  /** A text in ids. */
  encode(text: string): Promise<number[]>;
  /** The text of ids. */
  decode(tokens: ArrayLike<number>): Promise<string>;
  /** A conversation as text and ids. @throws InvalidOptionError  of a model without a chat template */
  encodeChat(
    messages: readonly ChatMessage[],
    options?: TemplateOptions,
  ): Promise<{ text: string; ids: number[] }>;
}

/**
 * Loads a model into a worker of this page. What was downloaded is kept, and isn't asked for again; a download that was broken
 * off goes on.
 *
 *     const model = await load('models/stories/');
 *     const { text } = await model.generate({ prompt: 'Once upon a time' });
 *
 * @throws FileError         when something is missing, damaged or contradicts itself
 * @throws UnsupportedError  for a family, a type of numbers or a device that can't be used here
 */
export async function loadInPage(place: ModelPlace, options: PageLoadOptions = {}): Promise<PageModel> {
  const { device, onProgress, note, signal } = options;
  const client = startClient(options);
  const onReport = (report: Report) => {
    if (report.kind === 'download') onProgress?.(report.name, report.done, report.total);
    if (report.kind === 'note') note?.(report.text);
  };
  try {
    const source = sourceOf(place);
    return new WorkerModel(
      client,
      await client.call('load', { source, device }, { signal, onReport, goesOn: true }),
    );
  } catch (error) {
    client.end('the model was not loaded');
    throw error;
  }
}

/** Deletes what was kept of the model of an address. */
export async function forget(
  place: string | URL,
  options: Pick<PageLoadOptions, 'worker'> = {},
): Promise<void> {
  const client = startClient(options);
  try {
    await client.call('forget', { url: folderUrl(place) });
  } finally {
    client.end('it has done its work');
  }
}

/** @param endOf  see `WorkerClient` */
export function startClient(
  { worker = ownWorker, engine }: Pick<PageLoadOptions, 'worker' | 'engine'>,
  endOf?: (cause: string) => string,
): WorkerClient {
  const client = new WorkerClient(worker(), endOf);
  if (engine) client.configure({ ...engine, ...(engine.folder && { folder: absolute(engine.folder) }) });
  return client;
}

// written so that bundlers see that there is a worker, and bundle it
const ownWorker = (): WorkerLike =>
  new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'unmask' }) as WorkerLike;

function sourceOf(place: ModelPlace): SentSource {
  if (typeof place === 'string' || place instanceof URL) return { kind: 'url', url: folderUrl(place) };
  if (Symbol.iterator in place) return { kind: 'files', files: [...place] };
  return { kind: 'directory', directory: place };
}

const absolute = (address: string | URL): string => new URL(address, document.baseURI).href;

const folderUrl = (place: string | URL): string => {
  const { href } = new URL(place, document.baseURI);
  return href.endsWith('/') ? href : `${href}/`;
};

class WorkerModel implements PageModel {
  readonly device: ChosenDevice;
  readonly config: PageModelFacts['config'];
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly defaults: Model['defaults'];
  readonly hasChatTemplate: boolean;
  readonly #client: WorkerClient;

  constructor(client: WorkerClient, facts: PageModelFacts) {
    this.#client = client;
    this.device = facts.chosen;
    this.config = facts.config;
    this.maskId = facts.maskId;
    this.endIds = facts.endIds;
    this.defaults = facts.defaults;
    this.hasChatTemplate = facts.hasChatTemplate;
  }

  encode(text: string): Promise<number[]> {
    return this.#client.call('encode', { text });
  }

  decode(tokens: ArrayLike<number>): Promise<string> {
    return this.#client.call('decode', { tokens });
  }

  encodeChat(messages: readonly ChatMessage[], options?: TemplateOptions) {
    return this.#client.call('encodeChat', { messages, options });
  }

  logits(tokens: readonly ArrayLike<number>[], { signal, ...options }: LogitsOptions = {}) {
    return this.#client.call('logits', { tokens, options }, { signal });
  }

  async *sample({ signal, ...request }: SampleRequest): AsyncGenerator<Frame, void, void> {
    const channel = new FrameChannel();
    const onReport = (report: Report) => (report.kind === 'frame' ? channel.put(report.frame) : undefined);
    const over = this.#client
      .call('sample', request as never, { signal, onReport, watched: true })
      .then(() => channel.close())
      .catch((error: unknown) => channel.close(error));
    try {
      yield* channel.frames();
    } finally {
      channel.leave();
      await over;
    }
  }

  generate({ signal, onFrame, ...request }: GenerateRequest) {
    return this.#client.call('generate', request as never, watched(signal, onFrame));
  }

  infill({ signal, onFrame, ...request }: InfillRequest) {
    return this.#client.call('infill', request as never, watched(signal, onFrame));
  }

  edit({ signal, onFrame, ...request }: EditRequest) {
    return this.#client.call('edit', request as never, watched(signal, onFrame));
  }

  score({ signal, onProgress, ...request }: ScoreRequest) {
    const onReport = (report: Report) => {
      if (report.kind === 'share') onProgress?.(report.share);
    };
    return this.#client.call('score', request as never, { signal, onReport, watched: !!onProgress });
  }

  async close(): Promise<void> {
    await this.#client.call('close', undefined);
    this.#client.end('the model was closed');
  }
}

/** How a call with an `onFrame` is followed. */
function watched(
  signal: AbortSignal | undefined,
  onFrame: ((frame: Frame, holes: never) => Promise<boolean | void> | boolean | void) | undefined,
): CallOptions {
  if (!onFrame) return { signal };
  return {
    signal,
    watched: true,
    onReport: async (report) => {
      if (report.kind !== 'frame') return true;
      return (await onFrame(report.frame, report.holes as never)) !== false;
    },
  };
}

/** Frames from the worker to a loop: the worker goes on when the loop asks for the next. */
class FrameChannel {
  #frame: { readonly frame: Frame; readonly taken: (goesOn: boolean) => void } | undefined;
  #end: { readonly error?: unknown } | undefined;
  #hasLeft = false;
  #wake: () => void = () => {};

  put(frame: Frame): Promise<boolean> | boolean {
    if (this.#hasLeft) return false;
    return new Promise((taken) => {
      this.#frame = { frame, taken };
      this.#wake();
    });
  }

  close(error?: unknown): void {
    this.#end = { error };
    this.#wake();
  }

  leave(): void {
    this.#hasLeft = true;
    this.#frame?.taken(false);
  }

  async *frames(): AsyncGenerator<Frame, void, void> {
    for (;;) {
      if (this.#frame) {
        const { frame, taken } = this.#frame;
        yield frame;
        this.#frame = undefined;
        taken(true);
      } else if (this.#end) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
