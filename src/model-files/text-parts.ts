import { FileError } from '../base/errors.ts';
import { causal } from '../model/attention-pattern.ts';
import type { ModelConfig } from '../model/families/family.ts';
import type { FlatSamplingOptions } from '../sampling/options.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import { hasChatTemplate, type TokenizerFiles } from '../tokenizer/files.ts';
import { requireMaskId, tokenizerOf } from '../tokenizer/load.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type GenerationDefaults, textEnds } from './generation-defaults.ts';
import type { MeasuredPreset } from './presets.ts';

/** What a model has for texts, beside its network. */
export interface TextParts {
  readonly tokenizer: Tokenizer;
  /** Of a model that needs no mask token, and has none: the first id beyond its vocabulary. */
  readonly maskId: number;
  /** What its network sees there, where that isn't [MASK]: any token. */
  readonly noise?: 'uniform';
  /** How conversations are written, if the model was made for them. */
  readonly chatTemplate?: ChatTemplate;
  /** Tokens that end a text, see `textEnds`. */
  readonly endIds: readonly number[];
  /** What a causal network reads before every text, if it was trained so. */
  readonly startId?: number;
  /** It was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  /** Beside blocks it has learned whole texts, in which every position sees all others. */
  readonly readsWhole?: boolean;
  /** How it is sampled unless somebody says otherwise, as generation_config.json has it. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** Ways to write that were measured, as generation_config.json has them. */
  readonly presets: readonly MeasuredPreset[];
  /** What generation_config.json asks of sampling that can't be done. */
  readonly unsupported: readonly string[];
}

/** What the files of a model say of its texts. */
export interface TextFiles {
  readonly files: TokenizerFiles;
  /** The same, where another file says how conversations are written. Default: those. */
  readonly speaking?: TokenizerFiles;
  readonly generation: GenerationDefaults;
}

/** @throws FileError  where the files are damaged, or disagree with the network */
export async function textParts(
  config: ModelConfig,
  { files, speaking = files, generation }: TextFiles,
): Promise<TextParts> {
  const tokenizer = tokenizerOf(files);
  // a page loads the language of templates for models that talk alone
  const chatTemplate = hasChatTemplate(speaking)
    ? (await import('../tokenizer/chat-template.ts')).chatTemplateOf(speaking, tokenizer, () => new Date())
    : undefined;
  const endIds = textEnds(tokenizer, generation, config);
  const { attention, vocabularySize: rows } = config.transformer;
  for (const id of [tokenizer.maskId ?? [], endIds].flat()) {
    if (id >= rows)
      throw new FileError(tokenizer.path, `special tokens below ${rows}, the rows of the embedding`, `${id}`);
  }
  const { startId, blockLength, readsWhole, noise, sampling } = config;
  const isMaskless = attention === causal || noise === 'uniform';
  const maskId = isMaskless ? (tokenizer.maskId ?? rows) : requireMaskId(tokenizer, tokenizer.path);
  return {
    tokenizer,
    chatTemplate,
    maskId,
    noise,
    endIds,
    startId,
    blockLength,
    readsWhole,
    defaults: { ...sampling, ...generation.defaults },
    presets: generation.presets,
    unsupported: generation.unsupported,
  };
}
