import { z } from 'zod';

// The clients of other engines send with every request what those engines are tuned by. None of it is refused, whatever it
// holds, and none is dropped in silence: the answer says what had no effect.

const said = 'has no effect';

/** A field that is accepted, whatever it holds, and has no effect. */
export const noEffect = z.unknown().optional().describe(said);

/** The same for many names. */
export const noEffects = (names: string): Record<string, typeof noEffect> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, noEffect]));

/** What OpenAI's clients say of accounts, billing and what is not sent anyway; Mercury's and vLLM's are among them. */
export const habits = {
  ...noEffects(
    'user metadata service_tier safety_identifier prompt_cache_key prompt_cache_retention store verbosity prediction',
  ),
  ...noEffects(
    'reasoning_summary reasoning_summary_wait realtime reasoning enable_thinking chat_template_kwargs',
  ),
};

/** What tunes llama.cpp's engine. */
export const llamaHabits = noEffects(
  'cache_prompt id_slot n_indent n_keep n_discard t_max_prompt_ms t_max_predict_ms samplers return_progress return_tokens ' +
    'timings_per_token post_sampling_probs min_keep mirostat mirostat_tau mirostat_eta dynatemp_range dynatemp_exponent ' +
    'xtc_probability xtc_threshold dry_multiplier dry_base dry_allowed_length dry_penalty_last_n dry_sequence_breakers ' +
    'repeat_last_n ignore_eos lora',
);

/** What tunes Ollama's engine, in its `options`. */
export const ollamaHabits = noEffects(
  'num_ctx num_keep num_batch num_gpu main_gpu num_thread num_gqa low_vram f16_kv vocab_only use_mmap use_mlock numa ' +
    'mirostat mirostat_eta mirostat_tau tfs_z repeat_last_n penalize_newline draft_num_predict',
);

/** A body without what has no effect, and the names of that. */
export interface Tolerated {
  readonly body: Readonly<Record<string, unknown>>;
  readonly ignored: string[];
}

/**
 * Takes from a body what its schema doesn't know, and what it knows to have no effect; null is as good as absent. Where a
 * field has fields of its own, as Ollama's `options`, the same is done there.
 */
export function tolerated(schema: z.ZodObject, body: Readonly<Record<string, unknown>>): Tolerated {
  const kept: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    if (value === null) continue;
    const field = Object.hasOwn(schema.shape, key) ? (schema.shape[key] as z.ZodType) : noEffect;
    const inner = unwrapped(field);
    if (field.description === said) ignored.push(key);
    else if (inner instanceof z.ZodObject && typeof value === 'object' && !Array.isArray(value)) {
      const within = tolerated(inner, value as Readonly<Record<string, unknown>>);
      kept[key] = within.body;
      ignored.push(...within.ignored.map((name) => `${key}.${name}`));
    } else kept[key] = value;
  }
  return { body: kept, ignored };
}

function unwrapped(field: z.ZodType): z.ZodType {
  const isWrapper =
    field instanceof z.ZodOptional || field instanceof z.ZodNullable || field instanceof z.ZodDefault;
  return isWrapper ? unwrapped(field.unwrap() as z.ZodType) : field;
}

/** The header that names what had no effect. */
export const ignoredHeader = 'X-Unmask-Ignored';

/** Names as a header can carry them: some, each of bounded length, without what has a meaning there. */
export const inHeader = (names: readonly string[]): string =>
  names
    .slice(0, 32)
    .map((name) => name.slice(0, 64).replace(/[^\w.-]/g, '?'))
    .join(', ');
