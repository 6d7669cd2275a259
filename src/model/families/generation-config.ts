import { show } from '../../base/errors.ts';

/** What a key of generation_config.json means in options of our sampling; undefined for a value that we can't honour. */
export type SamplingKey = (
  value: unknown,
  all: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, unknown>> | undefined;

/** The keys of generation_config.json that a family's own sampler reads. Other keys are no concern of sampling. */
export type SamplingKeys = Readonly<Record<string, SamplingKey>>;

/** What generation_config.json asks of sampling. */
export interface SamplingWishes {
  /** Options by our names, unchecked. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What can't be honoured, each as "key is value". */
  readonly unsupported: readonly string[];
}

/** Reads the keys of a family. A key that is absent or null asks for nothing. */
export function samplingIn(keys: SamplingKeys, json: Readonly<Record<string, unknown>>): SamplingWishes {
  const options: Record<string, unknown> = {};
  const unsupported: string[] = [];
  for (const [key, mean] of Object.entries(keys)) {
    const value = json[key];
    if (value === undefined || value === null) continue;
    const meant = mean(value, json);
    if (meant) Object.assign(options, meant);
    else unsupported.push(`${key} is ${show(value)}`);
  }
  return { options, unsupported };
}

/** An option of ours of the same meaning. */
const same =
  (option: string): SamplingKey =>
  (value) => ({ [option]: value });

/** Names that mean options of ours. */
const named =
  (meanings: Readonly<Record<string, Readonly<Record<string, unknown>>>>): SamplingKey =>
  (value) =>
    typeof value === 'string' && Object.hasOwn(meanings, value) ? meanings[value] : undefined;

/** What we have only at the values at which it does nothing. */
const idle =
  (...values: readonly unknown[]): SamplingKey =>
  (value) =>
    values.includes(value) ? {} : undefined;

/** A limit that zero takes away. */
const unlessZero =
  (option: string): SamplingKey =>
  (value) =>
    value === 0 ? {} : { [option]: value };

/** A switch. */
const asked =
  (options: Readonly<Record<string, unknown>>): SamplingKey =>
  (value) =>
    value === true ? options : value === false ? {} : undefined;

const drawing = {
  temperature: same('temperature'),
  top_p: same('topP'),
  top_k: unlessZero('topK'),
};

/** LLaDA's `generate.py`, and what dllm calls the same. */
export const lladaSampling: SamplingKeys = {
  ...drawing,
  steps: same('steps'),
  gen_length: same('length'),
  max_new_tokens: same('length'),
  block_length: same('blockLength'),
  block_size: same('blockLength'),
  cfg_scale: same('guidance'),
  remasking: named({ low_confidence: { strategy: 'low-confidence' }, random: { strategy: 'random' } }),
  logits_eos_inf: asked({ endless: true }),
  confidence_eos_eot_inf: asked({ endLast: true }),
  threshold: (value) => ({ strategy: 'threshold', tau: value }),
};

/** Dream's `diffusion_generate`. */
export const dreamSampling: SamplingKeys = {
  ...drawing,
  steps: same('steps'),
  max_new_tokens: same('length'),
  alg: named({
    origin: { strategy: 'ancestral' },
    maskgit_plus: { strategy: 'low-confidence', counts: 'dream' },
    topk_margin: { strategy: 'margin', counts: 'dream' },
    entropy: { strategy: 'entropy', counts: 'dream' },
  }),
  // Dream's time ends there, and so does that of our counts
  eps: idle(1e-3),
  alg_temp: idle(0),
};

/** An option of editing, of a model that edits. */
const whereEdited =
  (option: string): SamplingKey =>
  (value, { editing_threshold: threshold }) =>
    (threshold ?? undefined) === undefined ? {} : { [option]: value };

/** The `generate` of LLaDA2: blocks of which a step keeps what is sure. */
export const llada2Sampling: SamplingKeys = {
  ...drawing,
  gen_length: same('length'),
  max_new_tokens: same('length'),
  block_length: same('blockLength'),
  threshold: (value) => ({ strategy: 'threshold', tau: value }),
  // its steps are those of one block, at most one a token
  steps: (value, { block_length: block }) => (value === (block ?? 32) ? {} : undefined),
  minimal_topk: idle(1),
  // LLaDA2.1, which changes what it wrote; its other keys are of that alone
  editing_threshold: (value) => ({ strategy: 'editing', tauEdit: value }),
  max_post_steps: whereEdited('corrections'),
  num_to_transfer: whereEdited('minReveal'),
};

/** DiffusionGemma's `generate`, whose steps are those of one canvas. */
export const diffusionGemmaSampling: SamplingKeys = {
  max_new_tokens: same('length'),
  max_denoising_steps: same('stepsPerBlock'),
  t_max: same('temperature'),
  t_min: same('finalTemperature'),
  stability_threshold: same('stability'),
  confidence_threshold: same('confidence'),
  sampler_config: (value) =>
    typeof value === 'object' && value !== null && 'entropy_bound' in value
      ? { entropyBound: value.entropy_bound }
      : undefined,
};

/** transformers' own `generate`, which draws only if `do_sample` says so. */
export const causalSampling: SamplingKeys = {
  max_new_tokens: same('length'),
  do_sample: (value, { temperature = 1, top_k: topK = 50, top_p: topP = 1 }) =>
    value === true ? { temperature, topP, ...(topK !== 0 && topK !== null && { topK }) } : {},
  num_beams: idle(1),
  num_beam_groups: idle(1),
  repetition_penalty: idle(1),
  no_repeat_ngram_size: idle(0),
  encoder_repetition_penalty: idle(1),
  typical_p: idle(1),
  min_p: idle(0),
  epsilon_cutoff: idle(0),
  eta_cutoff: idle(0),
  penalty_alpha: idle(0),
};
