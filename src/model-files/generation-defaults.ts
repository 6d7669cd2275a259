import { FileError, InvalidOptionError, show } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { isObject } from '../base/is-object.ts';
import type { ModelConfig } from '../model/families/family.ts';
import { samplingIn, type SamplingKeys } from '../model/families/generation-config.ts';
import { type FlatSamplingOptions, samplingSchema } from '../sampling/options.ts';
import { type MeasuredPreset, presetsIn } from './presets.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** Tokens that end a text: the tokenizer's, and those of generation_config.json, or of config.json where that names none. */
export function textEnds(
  tokenizer: Pick<Tokenizer, 'endId'> | undefined,
  generation: Pick<GenerationDefaults, 'endIds'> | undefined,
  config: ModelConfig | undefined,
): readonly number[] {
  const named = generation?.endIds.length ? generation.endIds : (config?.endIds ?? []);
  return [...new Set([tokenizer?.endId ?? [], named].flat())];
}

/** What generation_config.json says. */
export interface GenerationDefaults {
  readonly endIds: readonly number[];
  /** How the model is sampled unless somebody says otherwise. */
  readonly defaults: Partial<FlatSamplingOptions>;
  /** Ways to write that were measured. */
  readonly presets: readonly MeasuredPreset[];
  /** What it asks of its family's sampler that ours can't do, each as "key is value". */
  readonly unsupported: readonly string[];
}

/**
 * What generation_config.json says, where there is one: the keys of the family's own sampler, and before them
 * `unmask_sampling`, in which options have our names; `unmask_presets` are ways to write that were measured.
 */
export function generationIn(
  json: Readonly<Record<string, unknown>> | undefined,
  path: string,
  keys: SamplingKeys = {},
): GenerationDefaults {
  if (json === undefined) return { endIds: [], defaults: {}, presets: [], unsupported: [] };
  const { eos_token_id: ends, unmask_sampling: ours = {} } = json;
  const endIds = endsIn(ends, path);
  if (!isObject(ours)) throw new FileError(path, 'unmask_sampling to be an object', show(ours));
  const { options, unsupported } = samplingIn(keys, json);
  const defaults = { ...options, ...ours };
  try {
    checkOptions(samplingSchema, defaults);
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError)) throw cause;
    throw new FileError(path, 'options of sampling', cause.message, undefined, { cause });
  }
  return { endIds, defaults, presets: presetsIn(json, path), unsupported };
}

/** Ids of end tokens; -1 is none, as in older files. @throws FileError  for what is no id */
function endsIn(ends: unknown, path: string): readonly number[] {
  const ids: readonly unknown[] = [ends ?? []].flat();
  const odd = ids.find((id) => !Number.isSafeInteger(id) || (id as number) < -1);
  if (odd !== undefined)
    throw new FileError(path, 'eos_token_id to be the id of a token, or several', show(ends));
  return (ids as number[]).filter((id) => id >= 0);
}

/** A model's defaults for sampling, with the blocks that it was trained in. */
export const withTrainedBlocks = (
  blockLength: number | undefined,
  defaults: Partial<FlatSamplingOptions> = {},
): Partial<FlatSamplingOptions> => ({ ...(blockLength && { blockCausal: true, blockLength }), ...defaults });
