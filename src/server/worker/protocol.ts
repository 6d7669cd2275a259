import type { EditingOptions } from '../../language-model/edit-options.ts';
import type { Edit, InfillPart, ScoredAnswer } from '../../language-model/language-model.ts';
import type { MeasuredPreset } from '../../model-files/presets.ts';
import type { FlatFillingOptions, FlatSamplingOptions } from '../../sampling/options.ts';
import type { TextSpan } from '../../base/text-edits.ts';
import type { Language } from '../../sampling/constraint/language.ts';
import type { ChatMessage } from '../../tokenizer/chat-template.ts';
import type { ToolForm } from '../../tokenizer/tool-form.ts';

/** What is to be written: a continuation, the next answer, or what stands between two texts. */
export type WritingTask =
  /** A prompt may be ids, which are taken as they are. */
  | { readonly kind: 'write'; readonly prompt: string | readonly number[] }
  | {
      readonly kind: 'chat';
      readonly turns: readonly ChatMessage[];
      /** What the template is told that may be called. */
      readonly tools?: readonly object[];
      /** What is written goes on with the last turn. */
      readonly continues?: boolean;
    }
  | { readonly kind: 'fill'; readonly before: string; readonly after: string };

/** What becomes of a given text: its holes are filled, it is rewritten, or it is read. The seed is the job's. */
export type FillingTask =
  | {
      readonly kind: 'infill';
      readonly parts: readonly InfillPart[];
      readonly options: Partial<FlatFillingOptions>;
    }
  | {
      readonly kind: 'edit';
      readonly text: string;
      /** What stands before the text, and isn't changed. */
      readonly behind?: Extract<WritingTask, { kind: 'write' | 'chat' }>;
      readonly spans?: readonly TextSpan[];
      readonly options: Partial<EditingOptions>;
    }
  | { readonly kind: 'doubts'; readonly text: string };

/** What is told of a text and nothing written: its tokens, those of a conversation, or the text of ids. */
export interface TokensTask {
  readonly kind: 'tokens';
  readonly text?: string;
  readonly turns?: readonly ChatMessage[];
  /** What the template is told that may be called. */
  readonly tools?: readonly object[];
  readonly ids?: readonly number[];
}

/** Texts, or ids, as directions in space. */
export interface EmbedTask {
  readonly kind: 'embed';
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
}

/** What a job is to do with its model. */
export type JobTask = WritingTask | FillingTask | TokensTask | EmbedTask;

/** What a reader wants to see while a text is written: nothing, what is final, that and the whole canvas as text, or every step. */
export type View = 'nothing' | 'text' | 'snapshots' | 'frames';

/** One text to be written, in terms of the model and no API. */
export interface Job {
  readonly model: string;
  readonly task: JobTask;
  /** What the request says of sampling; the model's own defaults hold for the rest. */
  readonly sampling: Partial<FlatSamplingOptions>;
  /** In which the answer has to be, where no option of sampling says it. */
  readonly language?: Language;
  /** Added to the logits of some tokens, by id. */
  readonly logitBias?: Readonly<Record<number, number>>;
  /** Tokens at most; fewer where the model has less room. Absent: as the model says. */
  readonly most?: number;
  /** In place of `steps`: tokens that a step reveals. */
  readonly tokensPerStep?: number;
  /** Texts that end the answer, and aren't part of it. */
  readonly stop: readonly string[];
  readonly logprobs: boolean;
  /** Reports of tokens have so many of the likeliest that they were chosen from. Default: 0. */
  readonly top?: number;
  /** The answer is one of these, and nothing is sampled. */
  readonly answers?: readonly string[];
  /** The prompt's tokens are reported, too, each as likely as it is behind those before it. */
  readonly echo?: boolean;
  readonly view: View;
  /** Frames have so many of the likeliest tokens of each position that was predicted. */
  readonly candidates: number;
}

/** A token of an answer. */
export interface TokenReport {
  readonly text: string;
  /** ln p_θ(x̂_0^i | x_t) at the step that wrote it; absent where nothing was predicted. */
  readonly logprob?: number;
  /** The likeliest tokens that it was chosen from, the likeliest first; where they are asked for. */
  readonly top?: readonly { readonly text: string; readonly logprob: number }[];
}

/** A position of the answer that was written, rewritten or masked again. */
export interface Change {
  readonly position: number;
  /** The id, or null for [MASK]. */
  readonly token: number | null;
  readonly text: string;
  readonly confidence: number | null;
}

/** What a step chose from at a position, the likeliest first. */
export interface PositionCandidates {
  readonly position: number;
  readonly tokens: readonly { readonly token: number; readonly text: string; readonly probability: number }[];
}

/** A step of the reverse process, for a reader who replays it. See docs/streaming.md. */
export interface DiffusionFrame {
  /** Counts the revisions of the canvas. */
  readonly revision: number;
  readonly step: number;
  readonly block: number;
  readonly t: number;
  /** Tokens of the answer's canvas. */
  readonly length: number;
  /** Positions from the left that are final. */
  readonly committed: number;
  /** True where all positions are masks before `changes` are applied. */
  readonly reset: boolean;
  readonly changes: readonly Change[];
  /** Where holes are filled, with each reset: the positions of each, and the characters that it takes the place of. */
  readonly holes?: readonly {
    readonly hole: number;
    readonly from: number;
    readonly to: number;
    readonly replaces?: readonly [from: number, to: number];
  }[];
  /** Where they are asked for: of each position that was predicted, as the last step did it. */
  readonly candidates?: readonly PositionCandidates[];
}

/** What has become of an answer since the last report of it. */
export interface JobProgress {
  /** Final text, to be appended. */
  readonly text: string;
  /** The tokens that became final; empty unless logprobs are wanted. */
  readonly tokens: readonly TokenReport[];
  /** The whole canvas as text, a mask as ▒. */
  readonly snapshot?: string;
  readonly frame?: DiffusionFrame;
}

/** A finished answer. */
export interface Result {
  readonly text: string;
  readonly tokens: readonly TokenReport[];
  readonly finish: 'stop' | 'length';
  /** The stop text that ended it, if one did. */
  readonly stoppedBy?: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly seed: number;
  readonly steps: number;
  readonly forwards: number;
  readonly ms: number;
  readonly firstTokenMs: number;
  /** Canvases that were read without writing: for lengths, and to see how likely a text is. */
  readonly scored?: number;
  /** What was written into each hole. */
  readonly holes?: readonly { readonly text: string; readonly tokens: number }[];
  /** The prompt's text and tokens, where they are asked for. */
  readonly echoed?: { readonly text: string; readonly tokens: readonly TokenReport[] };
  /** Of each text that was to be embedded. */
  readonly embeddings?: readonly Float32Array[];
  /** The answers that there were to choose from, in their order. */
  readonly answers?: readonly ScoredAnswer[];
  /** A text and its ids, and of each id what it adds to the text. */
  readonly read?: {
    readonly text: string;
    readonly ids: readonly number[];
    readonly pieces: readonly string[];
  };
  /** What a text was found to be, and what became of it. */
  readonly edited?: Pick<Edit, 'changes' | 'doubts' | 'tokens'>;
}

/**
 * Why a job gave no result: the request's mistake, a model's that can't be loaded, nobody's (it was called off), ours, that it
 * kept the thread of the models from all else, or that another did.
 */
export interface Failure {
  readonly kind: 'request' | 'model' | 'device-lost' | 'cancelled' | 'internal' | 'blocking' | 'restarting';
  readonly message: string;
  /** The option that is wrong. */
  readonly option?: string;
}

/** What is known of a model once it is loaded. */
export interface ModelFacts {
  readonly parameters?: number;
  readonly maxLength: number;
  readonly hasChatTemplate: boolean;
  /** How it calls functions, if its template knows of them. */
  readonly toolForm?: ToolForm;
  readonly isCausal: boolean;
  /** Whether it sees all of a text around a mask. */
  readonly readsWhole: boolean;
  readonly defaults: Partial<FlatSamplingOptions>;
  readonly presets?: readonly MeasuredPreset[];
}

/** Where a model is between its files and its answers. */
export type ModelState = 'unloaded' | 'loading' | 'loaded' | 'failed';

/** To the thread of the models. */
export type ToWorker =
  | { readonly type: 'load'; readonly model: string }
  /** A model more, or another under a name that is known. */
  | { readonly type: 'add'; readonly model: string; readonly path: string }
  | { readonly type: 'keep'; readonly model: string; readonly ms: number }
  | { readonly type: 'start'; readonly id: number; readonly job: Job }
  /** The reader has taken the last progress; the next may come. */
  | { readonly type: 'more'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  /** Is answered at once, where anything is. */
  | { readonly type: 'ping' }
  /** Where it says which job it is at: its id. */
  | { readonly type: 'watch'; readonly at: Int32Array }
  | { readonly type: 'close' };

/** From the thread of the models. */
export type FromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly id: number; readonly progress: JobProgress; readonly result: Result }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  /** Nobody uses a model any more, and it stays until then: milliseconds since 1970. */
  | { readonly type: 'rests'; readonly model: string; readonly untilMs: number }
  | {
      readonly type: 'model';
      readonly model: string;
      readonly state: ModelState;
      readonly facts?: ModelFacts;
      readonly problem?: string;
    }
  | { readonly type: 'pong' }
  | { readonly type: 'closed' };

/** Tokens by forwards; 0 where nothing had to be predicted. */
export const perForward = ({ completionTokens, forwards }: Result): number =>
  forwards === 0 ? 0 : completionTokens / forwards;

/** A number that both sides see: the job that a thread is at. In a page that isn't isolated there is no such memory, and only one does. */
export const sharedNumber = (): Int32Array =>
  new Int32Array(
    typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(4) : new SharedArrayBuffer(4),
  ).fill(-1);

/** Two reports of text as one. */
export function merged(a: JobProgress, b: JobProgress): JobProgress {
  return {
    text: a.text + b.text,
    tokens: [...a.tokens, ...b.tokens],
    snapshot: b.snapshot ?? a.snapshot,
  };
}
