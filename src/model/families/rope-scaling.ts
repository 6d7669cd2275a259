import * as z from 'zod';
import { UnsupportedError } from '../../base/errors.ts';
import { frequencies, type RopeScaling } from '../rotary.ts';
import { type ConfigJson, count, parseConfig, positive } from './read-config.ts';

/** What a kind of scaling is computed from, beside its own keys. */
interface Unscaled {
  readonly ropeTheta: number;
  readonly headWidth: number;
  /** max_position_embeddings */
  readonly maxLength: number;
}

/** What a kind makes of the keys of a rope_scaling; undefined where frequencies stay as they are. */
type Kind = (parse: <T>(schema: z.ZodType<T>) => T, unscaled: Unscaled) => RopeScaling | undefined;

/** By `rope_type`. The published code is that of transformers' modeling_rope_utils.py. */
const kinds: Readonly<Record<string, Kind>> = {
  default: () => undefined,

  /** Positions are divided. Chen et al. 2023 (arXiv:2306.15595). */
  linear: (parse, { headWidth }) => {
    const { factor } = parse(z.object({ factor: positive }));
    return { divisors: Array<number>(headWidth / 2).fill(factor) };
  },

  /** θ grows with the part of a sequence that is longer than `maxLength`, and none is. */
  dynamic: (parse) => {
    parse(z.object({ factor: positive }));
    return undefined;
  },

  llama3: (parse, unscaled) => {
    const { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } = parse(llama3);
    return llama3Scaling(
      {
        factor,
        slowTurns: low_freq_factor,
        fastTurns: high_freq_factor,
        originalLength: original_max_position_embeddings,
      },
      unscaled,
    );
  },

  yarn: (parse, unscaled) => yarn(parse(yarnKeys), unscaled),

  longrope: (parse, unscaled) => longrope(parse(longropeKeys), unscaled),
};
/** Its name in Phi-3's first configs. */
const olderNames: Readonly<Record<string, string>> = { su: 'longrope' };

const llama3 = z.object({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: count,
});

const yarnKeys = z.object({
  factor: positive.nullish(),
  original_max_position_embeddings: count,
  attention_factor: positive.nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  beta_fast: z.number().min(0).nullish(),
  beta_slow: z.number().min(0).nullish(),
  truncate: z.boolean().default(true),
});

const longropeKeys = z.object({
  factor: positive.nullish(),
  original_max_position_embeddings: count,
  attention_factor: positive.nullish(),
  short_factor: z.array(positive),
  long_factor: z.array(positive),
});

/**
 * The scaling that the rotary options of a config ask for.
 *
 * @throws FileError         for a key that is missing or impossible
 * @throws UnsupportedError  for a kind that there isn't, by its name
 */
export function ropeScalingOf(
  rope: ConfigJson,
  unscaled: Unscaled,
  { path, architecture }: { readonly path: string; readonly architecture: string },
): RopeScaling | undefined {
  // `type` is the key's old name
  const type = String(rope.rope_type ?? rope.type ?? 'default');
  const name = olderNames[type] ?? type;
  if (!Object.hasOwn(kinds, name))
    throw new UnsupportedError(
      `${path}: rope_scaling of type ${JSON.stringify(type)} is not supported; supported are ${Object.keys(kinds).join(', ')}`,
    );
  const scaling = kinds[name]((schema) => parseConfig(schema, rope, path, architecture), unscaled);
  const all = scaling ? [scaling.divisors, ...(scaling.beyond ? [scaling.beyond.divisors] : [])] : [];
  for (const { length } of all)
    if (length !== unscaled.headWidth / 2)
      throw new UnsupportedError(
        `${path}: rope_scaling has ${length} factors, and a head ${unscaled.headWidth / 2} frequencies`,
      );
  return scaling;
}

/** Llama 3.1's options. */
export interface Llama3Scaling {
  /** How much the slow frequencies are slowed. */
  readonly factor: number;
  /** Frequencies with at most so many turns in the original length are slow … */
  readonly slowTurns: number;
  /** … and those with at least so many are left as they are. */
  readonly fastTurns: number;
  /** Length of the sequences of pre-training, in tokens. */
  readonly originalLength: number;
}

/**
 * What turns often within the length of pre-training stays, what turns seldom is slowed by a factor, and what lies between
 * is blended. Llama 3.1.
 */
export function llama3Scaling(
  { factor, slowTurns, fastTurns, originalLength }: Llama3Scaling,
  { headWidth, ...rotary }: Unscaled,
): RopeScaling {
  const divisors = Array.from(frequencies(headWidth, rotary), (frequency) => {
    const turns = (frequency * originalLength) / (2 * Math.PI);
    return blend((turns - slowTurns) / (fastTurns - slowTurns), factor);
  });
  return { divisors };
}

/** Where a share of a frequency is kept, and the rest of it divided: what all of it is divided by. */
function blend(share: number, factor: number): number {
  const kept = Math.min(1, Math.max(0, share));
  return 1 / (kept + (1 - kept) / factor);
}

/**
 * As Llama 3.1's, with a ramp over the numbers of the frequencies, and attention that is sharpened. Peng et al. 2023
 * (arXiv:2309.00071), section 3.
 */
function yarn(keys: z.output<typeof yarnKeys>, { ropeTheta, headWidth, maxLength }: Unscaled): RopeScaling {
  const original = keys.original_max_position_embeddings;
  const factor = keys.factor ?? maxLength / original;
  const { mscale, mscale_all_dim: mscaleAll } = keys;
  const sharpness = (times: number) => (factor <= 1 ? 1 : 0.1 * times * Math.log(factor) + 1);
  const usual = mscale && mscaleAll ? sharpness(mscale) / sharpness(mscaleAll) : sharpness(1);

  /** The number of the frequency with so many turns in the original length. */
  const numberOf = (turns: number) =>
    (headWidth * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
  const ends = [numberOf(keys.beta_fast || 32), numberOf(keys.beta_slow || 1)];
  const [low, high] = keys.truncate ? [Math.floor(ends[0]), Math.ceil(ends[1])] : ends;
  const [first, last] = [Math.max(low, 0), Math.min(high, headWidth - 1)];
  const width = first === last ? 0.001 : last - first;
  return {
    divisors: Array.from({ length: headWidth / 2 }, (_, i) => blend(1 - (i - first) / width, factor)),
    magnitude: keys.attention_factor ?? usual,
    reach: Math.floor(factor * original),
  };
}

/** A factor of its own for each frequency, and other ones beyond the length of pre-training. Ding et al. 2024 (arXiv:2402.13753). */
function longrope(keys: z.output<typeof longropeKeys>, { maxLength }: Unscaled): RopeScaling {
  const length = keys.original_max_position_embeddings;
  const factor = keys.factor ?? maxLength / length;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(length));
  return {
    divisors: keys.short_factor,
    magnitude: keys.attention_factor ?? usual,
    beyond: { length, divisors: keys.long_factor },
  };
}
