import { causal } from '../model/attention-pattern.ts';
import { withTrainedBlocks } from '../model-files/generation-defaults.ts';
import type { MeasuredPreset } from '../model-files/presets.ts';
import type { Network } from '../model/network.ts';
import { batched } from '../model/request-batching.ts';
import type { CompileConstraint } from '../sampling/constraint/constrain.ts';
import type { Vocabulary } from '../sampling/from-options.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import type { ResizingTokens } from '../sampling/resize.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { expandToken } from '../tokenizer/tokenizer-json.ts';
import { Sampler } from './sampler.ts';

/** What a model is made of. */
export interface ModelParts {
  readonly network: Network;
  readonly tokenizer: Tokenizer;
  /** Of a causal network it may be beyond the vocabulary. */
  readonly maskId: number;
  /** What the network sees there, where that isn't [MASK]: any token. */
  readonly noise?: 'uniform';
  readonly endIds: readonly number[];
  /** What a causal network reads before every text, if it was trained so. */
  readonly startId?: number;
  readonly chatTemplate?: ChatTemplate;
  /** The network was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  /** Beside blocks it has learned whole texts, in which every position sees all others. */
  readonly readsWhole?: boolean;
  readonly defaults?: Partial<FlatSamplingOptions>;
  /** Ways to write that were measured. */
  readonly presets?: readonly MeasuredPreset[];
  /** Makes the automata of constraints, if that isn't to be done here and at once. */
  readonly compile?: CompileConstraint;
}

/** A model's parts, and what follows from them. */
export interface ModelContext extends ModelParts {
  readonly isCausal: boolean;
  /** Whether it has learned to see all of a text around a mask. */
  readonly readsWhole: boolean;
  readonly maxLength: number;
  readonly defaults: Partial<FlatSamplingOptions>;
  readonly vocabulary: Vocabulary;
  /** The tokens by which the model resizes holes, where it has them. */
  readonly resizing?: ResizingTokens;
  /** Tokens that stand in no text: without resizing the one that asks for it would. */
  readonly unwritten: readonly number[];
  readonly sampler: Sampler;
  /**
   * A text's ids as a canvas begins with them: behind what the tokenizer puts before every text. A causal network that
   * reads nothing before a text needs a first token: where a text is empty it is an end token, behind which others begin.
   */
  readonly opening: (text: readonly number[]) => readonly number[];
}

/** What the verbs of a model share, made of its parts. */
export function contextOfModel(parts: ModelParts): ModelContext {
  const { tokenizer, maskId, noise, endIds, blockLength } = parts;
  const network = batched(parts.network); // samples that run at the same time share forwards
  const { attention, maxLength, vocabularySize } = network.config;
  const isCausal = attention === causal;
  const readsWhole = !isCausal && (blockLength === undefined || parts.readsWhole === true);
  const startId = isCausal ? parts.startId : undefined;
  const expandId = tokenizer.specialTokens.get(expandToken);
  const vocabulary = { maskId, endIds, size: Math.min(tokenizer.vocabularySize, vocabularySize), noise };
  return {
    ...parts,
    network,
    isCausal,
    readsWhole,
    maxLength,
    startId,
    defaults: withTrainedBlocks(blockLength, parts.defaults),
    vocabulary,
    resizing: expandId === undefined ? undefined : { expandId, deleteIds: endIds },
    unwritten: expandId === undefined ? [] : [expandId],
    sampler: new Sampler(network, tokenizer, vocabulary, {
      startId,
      readsWhole,
      compile: parts.compile,
    }),
    opening(text) {
      const ids = [...(tokenizer.prefixIds ?? []), ...text];
      return ids.length > 0 || !isCausal || startId !== undefined ? ids : endIds.slice(0, 1);
    },
  };
}
