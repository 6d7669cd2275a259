import type { Frame } from '../sampling/sample.ts';
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
import type { ChatMessage, TemplateOptions } from '../tokenizer/chat-template.ts';
import type { ChosenDevice, PageDevice } from './choose-device.ts';

/** What a page has of a model in the worker, at once. */
export type PageModelFacts = Pick<Model, 'config' | 'maskId' | 'endIds' | 'defaults'> & {
  readonly hasChatTemplate: boolean;
  readonly chosen: ChosenDevice;
};

/** Where a model's files are, as a message can say it. */
export type SentSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'files'; readonly files: readonly File[] }
  | { readonly kind: 'directory'; readonly directory: FileSystemDirectoryHandle };

/** What the worker can be asked, by name: what it is given and what it gives. */
export interface Calls {
  load: { given: { source: SentSource; device?: PageDevice }; result: PageModelFacts };
  forget: { given: { url: string }; result: void };
  encode: { given: { text: string }; result: number[] };
  decode: { given: { tokens: ArrayLike<number> }; result: string };
  encodeChat: {
    given: { messages: readonly ChatMessage[]; options?: TemplateOptions };
    result: { text: string; ids: number[] };
  };
  logits: {
    given: { tokens: readonly ArrayLike<number>[]; options: Omit<LogitsOptions, 'signal'> };
    result: Awaited<ReturnType<Model['logits']>>;
  };
  sample: { given: Sent<SampleRequest>; result: void };
  generate: { given: Sent<GenerateRequest>; result: Awaited<ReturnType<Model['generate']>> };
  infill: { given: Sent<InfillRequest>; result: Awaited<ReturnType<Model['infill']>> };
  edit: { given: Sent<EditRequest>; result: Awaited<ReturnType<Model['edit']>> };
  score: { given: Sent<ScoreRequest>; result: Awaited<ReturnType<Model['score']>> };
  close: { given: undefined; result: void };
}

export type CallName = keyof Calls;

/** A request as a message can say it; of the functions only whether there are any. */
export type Sent<Request> = Omit<Request, 'signal' | 'onFrame' | 'onProgress'>;

/** What a call reports before its result. */
export type Report =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly holes?: unknown }
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'download'; readonly name: string; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string };

export type ToPageWorker =
  | { readonly type: 'configure'; readonly engine: WebEngineSettings }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly name: CallName;
      readonly given: unknown;
      /** Frames are wanted, and each is waited for. */
      readonly watched: boolean;
    }
  /** The frame was seen; whether the text goes on. */
  | { readonly type: 'seen'; readonly id: number; readonly goesOn: boolean }
  | { readonly type: 'cancel'; readonly id: number };

/** An error as a message can say it. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly option?: string;
  readonly path?: string;
}

export type FromPageWorker =
  | { readonly type: 'report'; readonly id: number; readonly report: Report }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError };
