import type { SentError } from '../base/sent-errors.ts';
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
import type { TrainingEvent } from '../training/run/events.ts';
import type { ChosenDevice, PageDevice } from './choose-device.ts';
import type { PageTrainRequest } from './training/request.ts';
import type { TrainedHere } from './training/train-here.ts';

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
  train: { given: { request: PageTrainRequest }; result: TrainedHere };
  close: { given: undefined; result: void };
}

/** What a page asks of its worker. */
export type CallName = keyof Calls;

/** A request as a message can say it; of the functions only whether there are any. */
export type Sent<Request> = Omit<Request, 'signal' | 'onFrame' | 'onProgress'>;

/** What a call reports before its result. */
export type Report =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly holes?: unknown }
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'download'; readonly name: string; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string }
  /** What a run tells, which waits until it was seen … */
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  /** … or doesn't. */
  | { readonly kind: 'told'; readonly event: TrainingEvent };

/** A message from the page to its worker. */
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
  /** The frame or event was seen; whether the work goes on. */
  | { readonly type: 'seen'; readonly id: number; readonly goesOn: boolean }
  | { readonly type: 'cancel'; readonly id: number };

/** A message from the worker to its page. */
export type FromPageWorker =
  | { readonly type: 'report'; readonly id: number; readonly report: Report }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError };
