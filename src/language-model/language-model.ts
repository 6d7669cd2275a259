import type { z } from 'zod';
import type { NdArray } from '../base/array.ts';
import type { editSchema } from './edit-options.ts';
import type { Language } from '../sampling/constraint/language.ts';
import type { ScoredSampler } from './score-options.ts';
import type { TransformerConfig } from '../model/config.ts';
import type { MeasuredPreset } from '../model-files/presets.ts';
import type { HoleLength, HolePlace } from './infill-windows.ts';
import type { FillingRequest, FlatSamplingOptions, SamplingRequest } from '../sampling/options.ts';
import type { Ending } from '../sampling/growth.ts';
import type { Frame } from '../sampling/sample.ts';
import type { SampleStats } from '../sampling/stats.ts';
import type { TextSpan } from '../base/text-edits.ts';
import type { ChatMessage, ChatTemplate, TemplateOptions } from '../tokenizer/chat-template.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** What a sample writes after, or into. */
export interface SampleContext {
  /** The beginning of the text; `length` tokens are written after it, by default as many as fit, at most 128. */
  readonly prompt?: string;
  /** Instead of a prompt: a whole canvas of ids, `maskId` where the model is to write. `length` isn't used. */
  readonly tokens?: ArrayLike<number>;
  /** Instead of both: a conversation, whose next answer the model writes; for models with a chat template. */
  readonly messages?: readonly ChatMessage[];
  /** What the chat template is told beside the messages. */
  readonly template?: Omit<TemplateOptions, 'addGenerationPrompt'>;
  /** What is written is in this language, which a program put together; for what a person says there are `regex` and `jsonSchema`. */
  readonly language?: Language;
  /** Added to the logits of some tokens, by id. */
  readonly logitBias?: Readonly<Record<number, number>>;
  /** Frames say so many of the likeliest tokens of each position that was predicted; at most 20. Default: 0. */
  readonly candidates?: number;
  readonly signal?: AbortSignal;
}

/**
 * What is asked of a sample: what it writes after, and how. What is absent is as the model says (`defaults`), else as
 * `unmask generate --help` does.
 */
export type SampleRequest = SampleContext & SamplingRequest;

/** What is asked of a text that is written: a sample, and who watches it. */
export type GenerateRequest = SampleRequest & {
  /**
   * Is given each frame before the next is computed; the time that it takes doesn't count in the statistics. `false` ends
   * the text with this frame.
   */
  readonly onFrame?: (frame: Frame) => Promise<boolean | void> | boolean | void;
};

/** A finished text. */
export interface Generation {
  /** The whole text, with the prompt, up to the first end token that the model wrote; of `messages` the answer alone. */
  readonly text: string;
  /** The whole canvas up to the same place, the end token included. */
  readonly tokens: Int32Array;
  /** Why it is no longer: repetition is looked for where the text grows. */
  readonly ended: Ending;
  /** The last frame, in which nothing is cut. */
  readonly frame: Frame;
  readonly stats: SampleStats;
}

/** −log p of an answer given its prompt, or an upper bound on it. */
export interface Score {
  /** −log p ≤ this, in nats; exact of a causal model, and of a sampler that draws no positions. */
  readonly nats: number;
  /** The standard error of `nats` from the draws of masks or orders; 0 where it is exact. */
  readonly standardError: number;
  readonly natsPerToken: number;
  readonly bitsPerByte: number;
  /** Tokens and UTF-8 bytes that were scored. */
  readonly tokens: number;
  readonly bytes: number;
  readonly forwards: number;
  /** Pieces that a text longer than the model's longest sequence was cut into; each is scored without the others. */
  readonly windows: number;
  /** False where `nats` is −log p itself. */
  readonly isBound: boolean;
}

/** What is scored, and how. */
export interface ScoreRequest {
  /** What is given. Default: nothing. */
  readonly prompt?: string;
  /** What is scored. */
  readonly answer: string;
  /**
   * Scores the text under a sampler: exactly, as likely as `generate` is to write it with these options and `confidenceOf`
   * likeliest; by the mean over orders, which is a bound, where the strategy draws positions. What is absent is as the model
   * says. Default: none, the bound over all orders that the training minimises.
   */
  readonly sampler?: Partial<ScoredSampler>;
  /** Draws of masks, or of orders. Default: 128, as in LLaDA's evaluation; with a sampler that draws positions 8. */
  readonly samples?: number;
  /** Same seed, same number. Default: 0. */
  readonly seed?: number;
  /** Is told how much of the work is done, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * A stretch of text that is given, or a hole: of a number of tokens, of the likeliest number within a range, or of any. With
 * nothing behind it a hole has as many as it may, in which the text ends where the model ends it.
 */
export type InfillPart =
  | string
  | { readonly length: HoleLength }
  | { readonly minimum: number; readonly maximum: number };

/** How holes are filled. What is absent is as the model says, else as `unmask infill --help` does. */
type FillRequest = FillingRequest & Pick<SampleContext, 'signal' | 'candidates' | 'logitBias'>;

/** A text with holes, and how they are filled. */
export type InfillRequest = FillRequest & {
  readonly parts: readonly InfillPart[];
  /** What is written between the first mask and the last is in this language. */
  readonly language?: Language;
  /** As of `generate`, and is told where the holes of this canvas stand in it. */
  readonly onFrame?: (
    frame: Frame,
    holes: readonly HolePlace[],
  ) => ReturnType<NonNullable<GenerateRequest['onFrame']>>;
};

/** A text whose holes are filled. */
export interface Infilling {
  /** The given parts exactly as they are, and what was written between them; the last up to its first end token. */
  readonly text: string;
  /** The same as ids: each given part by itself, so where one ends in a word the ids are not those of the whole text. */
  readonly tokens: Int32Array;
  readonly holes: readonly { readonly text: string; readonly tokens: Int32Array }[];
  /** Canvases that the network read to find lengths, beside the forwards of `stats`. */
  readonly searched: number;
  readonly stats: SampleStats;
}

/** What is asked of an edit; what is absent is as `unmask edit --help` says. */
export type EditRequest = FillRequest &
  Readonly<Partial<z.output<typeof editSchema>>> & {
    readonly text: string;
    /** What stands before the text: it is read, and stays as it is. */
    readonly prompt?: string;
    /** Instead of it: a conversation whose next answer is the text; for models with a chat template. */
    readonly messages?: readonly ChatMessage[];
    /** What the chat template is told beside the messages. */
    readonly template?: SampleContext['template'];
    /** What is to be rewritten, in order. Default: the words that the model doubts. */
    readonly spans?: readonly TextSpan[];
    /** As of `infill`; each hole also says what it takes the place of, in the text as earlier passes left it. */
    readonly onFrame?: (
      frame: Frame,
      holes: readonly (HolePlace & { readonly replaces: TextSpan })[],
    ) => ReturnType<NonNullable<GenerateRequest['onFrame']>>;
  };

/** A token of a text, or several that only together are whole characters. */
export interface ScoredToken extends TextSpan {
  /** How many it is. */
  readonly tokens: number;
  /** Of the least likely of them, given the text around it: every eighth word isn't seen, nor what of its own word follows. */
  readonly probability: number;
}

/** A stretch of the given text that was rewritten. */
export interface TextChange extends TextSpan {
  readonly before: string;
  readonly after: string;
  /** The geometric mean of its tokens' probabilities, given the text around it. */
  readonly probability: { readonly before: number; readonly after: number };
}

/** A text that was read and perhaps rewritten. */
export interface Edit {
  /** The given text with the changes in it. */
  readonly text: string;
  /** In order; places are those of the given text. */
  readonly changes: readonly TextChange[];
  /** What the first pass set out to rewrite. */
  readonly doubts: readonly TextSpan[];
  /** The given text as it was read. */
  readonly tokens: readonly ScoredToken[];
  /** Canvases that the network read to see how likely the text is, and to find lengths, beside the forwards of `stats`. */
  readonly scored: number;
  readonly stats: SampleStats;
}

/** What a forward may be told beside the tokens. */
export interface LogitsOptions {
  /** 0 where a token is padding   [B][L], or 1 where a query may look at a key   [B][L][L] */
  readonly attentionMask?: readonly (readonly number[])[] | readonly (readonly (readonly number[])[])[];
  /** Default: 0 … L − 1   [B][L] */
  readonly positionIds?: readonly (readonly number[])[];
  readonly signal?: AbortSignal;
}

/** A text whose tokens' log-probabilities are asked for. */
export interface TokenLogprobsRequest {
  /** The text, as ids; all of it is read at once. */
  readonly tokens: ArrayLike<number>;
  /** So many of the likeliest tokens of each position are told. Default: 0. */
  readonly top?: number;
  readonly signal?: AbortSignal;
}

/** What each token of a text was, given those before it. */
export interface TokenLogprobs {
  /** ln p, in nats; NaN of a first token that nothing stands before, of a causal model   [L] */
  readonly logprobs: Float64Array;
  /** The likeliest tokens of each position, the likeliest first, and their ln p. */
  readonly top: readonly (readonly { readonly token: number; readonly logprob: number }[])[];
}

/** A text of which one vector is wanted. */
export interface EmbedRequest {
  /** What is embedded: a text, or ids. */
  readonly text: string | ArrayLike<number>;
  /** So many of the first numbers. Default: as many as the network is wide. */
  readonly dimensions?: number;
  readonly signal?: AbortSignal;
}

/** A text as a direction in space: what means the same lies near, as far as the model knows. */
export interface Embedding {
  /** Of length 1   [D] */
  readonly vector: Float32Array;
  /** Tokens that were read. */
  readonly tokens: number;
}

/** A question with the answers that it may have. */
export interface ChooseRequest {
  /** What the answers go on from; or */
  readonly prompt?: string;
  /** the conversation whose next answer they are. */
  readonly messages?: readonly ChatMessage[];
  /** The texts of which an answer is one. */
  readonly answers: readonly string[];
  readonly signal?: AbortSignal;
}

/** An answer, and how likely it is. */
export interface ScoredAnswer {
  readonly text: string;
  /** ln p of its tokens, and of the end of its turn where the template has one, in nats. */
  readonly logprob: number;
  /** Of it among the answers: they add up to 1. */
  readonly probability: number;
  readonly tokens: number;
}

/** A model that was loaded. */
export interface Model {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer;
  /** Stands where the model is to write. Of a causal model without a mask token it is beyond the vocabulary. */
  readonly maskId: number;
  /** How this model's conversations are written; absent if it has no chat template. */
  readonly chatTemplate?: ChatTemplate;
  /** Tokens that end a text. */
  readonly endIds: readonly number[];
  /** Whether it sees all of a text around a mask, so that what it wrote can be revised. */
  readonly readsWhole: boolean;
  /** How this model is sampled unless the request says otherwise. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** Ways to write with it that were measured; none where nobody did. */
  readonly presets: readonly MeasuredPreset[];

  /** Logits of x_0, raw and unshifted.   tokens [B][L] → [B, L, V] */
  logits(tokens: readonly ArrayLike<number>[], options?: LogitsOptions): Promise<NdArray>;
  /** The frames of a text being written, the masks first. */
  sample(request: SampleRequest): AsyncGenerator<Frame, void, void>;
  /** A text. */
  generate(request: GenerateRequest): Promise<Generation>;
  /** A text with its holes filled; a text longer than the model is filled from left to right, `onFrame` sees the canvases. */
  infill(request: InfillRequest): Promise<Infilling>;
  /** A given text, rewritten where the model doubts it or where it is asked to; all else stays as it is. */
  edit(request: EditRequest): Promise<Edit>;
  /** How likely a text is. */
  score(request: ScoreRequest): Promise<Score>;
  /** How likely each token of a text is, given those before it. */
  tokenLogprobs(request: TokenLogprobsRequest): Promise<TokenLogprobs>;
  /** A text as a direction in space, by which it can be found among others. */
  embed(request: EmbedRequest): Promise<Embedding>;
  /** How likely each of some answers is, in their order. */
  choose(request: ChooseRequest): Promise<readonly ScoredAnswer[]>;
  /** Gives the memory back; nothing can be asked of it any more. */
  close(): Promise<void>;
}
