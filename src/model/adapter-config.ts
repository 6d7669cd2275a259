import { z } from 'zod';
import { FileError, show, UnsupportedError } from '../base/errors.ts';
import { readJsonObject } from '../checkpoint/read-json.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import type { LowRankChange } from './adapter.ts';
import { type Found, matchNames } from './module-patterns.ts';

/** The file of an adapter's directory that says what it changes, as PEFT names it. */
export const adapterConfigName = 'adapter_config.json';

const oneOrMore = z.union([z.string(), z.array(z.string())], { error: 'expected names or an expression' });

/** The keys of PEFT's LoraConfig that say which matrices are changed, and how much. */
const schema = z.object({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().min(1),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  /** Of modules whose names match an expression. */
  rank_pattern: z.record(z.string(), z.int().min(1)).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  /** Names, or ends of names; as a text, an expression for the whole name, or `all-linear`. */
  target_modules: oneOrMore,
  exclude_modules: oneOrMore.nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  layers_pattern: oneOrMore.nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});

type LoraConfig = z.infer<typeof schema>;

/** What an adapter's config says, and where it was read. */
export interface AdapterConfig {
  readonly path: string;
  readonly config: LoraConfig;
}

/** Keys that change nothing in what a trained adapter computes. */
const withoutEffect = new Set([
  'task_type',
  'auto_mapping',
  'peft_version',
  'revision',
  'inference_mode',
  'lora_dropout',
  'megatron_core',
  'qalora_group_size',
  'runtime_config',
  'eva_config',
]);

/** What a key says that asks for nothing, whatever it is called. */
const nothing = new Set(['null', 'false', '[]', '{}', '""']);

/** Ways to begin that leave the model's own weights as they are; the others subtract from them what A and B begin with. */
const plainBeginnings = new Set(['true', 'false', 'null', 'gaussian', 'eva', 'orthogonal', 'mica']);

/**
 * The adapter_config.json of a directory, as PEFT 0.21 writes it.
 *
 * @throws FileError         where it isn't there, or says what no adapter has
 * @throws UnsupportedError  for an option, also one that PEFT will have some day, that changes what is computed in a way
 *   that isn't done here, by name
 */
export async function readAdapterConfig(directory: string): Promise<AdapterConfig> {
  const path = await resolveInside(directory, adapterConfigName);
  const json = await readJsonObject(path);
  const kind = json.peft_type;
  if (typeof kind === 'string' && kind !== 'LORA')
    throw new UnsupportedError(`${path}: peft_type ${show(kind)} is not supported; LORA is`);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0];
    throw new FileError(path, 'an adapter as PEFT has it', `${at.join('.') || 'it'}: ${message}`);
  }
  for (const [key, value] of Object.entries(json)) {
    if (key in schema.shape || withoutEffect.has(key)) continue;
    const asksForNothing = key === 'bias' ? value === 'none' : nothing.has(JSON.stringify(value));
    if (!asksForNothing) throw new UnsupportedError(`${path}: ${key} ${show(value)} is not supported`);
  }
  const begun = parsed.data.init_lora_weights;
  if (!plainBeginnings.has(String(begun ?? null).toLowerCase()))
    throw new UnsupportedError(
      `${path}: init_lora_weights ${show(begun)} is not supported: it changes the model's own weights; ` +
        'save the adapter as plain LoRA (path_initial_model_for_weight_conversion of PEFT)',
    );
  return { path, config: parsed.data };
}

/**
 * The matrices that an adapter changes, and how much each.
 *
 * @param modules  every module of the model that has a matrix
 * @param linear   those of them that `all-linear` means: the embedding and the head are none
 * @throws FileError         where a rank or scale is no number that can be used
 * @throws UnsupportedError  for an expression that can't be read
 */
export function changesOf(
  adapter: AdapterConfig,
  modules: readonly string[],
  linear: ReadonlySet<string>,
): ReadonlyMap<string, LowRankChange> {
  const { path, config } = adapter;
  const targeted = modules.filter(targetTest(adapter, modules, linear));
  const rankOf = patternTable(config.rank_pattern ?? {}, config.r, targeted, path);
  const alphaOf = patternTable(config.alpha_pattern ?? {}, config.lora_alpha, targeted, path);
  return new Map(
    targeted.map((module, i) => {
      const [rank, alpha] = [rankOf[i], alphaOf[i]];
      const scale = alpha / (config.use_rslora ? Math.sqrt(rank) : rank);
      if (!Number.isFinite(Math.fround(scale)))
        throw new FileError(path, 'a lora_alpha that 32-bit floats can hold', show(alpha));
      return [module, { rank, scale }];
    }),
  );
}

/** Whether each module is targeted, by its place in the list. */
function targetTest(
  { path, config }: AdapterConfig,
  modules: readonly string[],
  linear: ReadonlySet<string>,
): (module: string, i: number) => boolean {
  const { target_modules: targets, exclude_modules: excluded } = config;
  const isExcluded = named(excluded ?? [], modules, path);
  if (String(targets).toLowerCase() === 'all-linear')
    return (module, i) => linear.has(module) && !isExcluded[i];
  const isNamed = named(targets, modules, path);
  const isInLayer = Array.isArray(targets) ? layersNamed(config, modules, path) : modules.map(() => true);
  return (module, i) => {
    const isWhole = Array.isArray(targets) && targets.includes(module);
    return isNamed[i] && (isWhole || isInLayer[i]) && !isExcluded[i];
  };
}

/** Which modules are named: in full or by the end of their names in a list, by an expression for the whole in a text. */
function named(names: string | readonly string[], modules: readonly string[], path: string): boolean[] {
  if (typeof names !== 'string')
    return modules.map((module) => names.some((name) => module === name || module.endsWith(`.${name}`)));
  if (names === '') return modules.map(() => false);
  const [found] = matchNames([`^(?:${names})$`], modules, [names], path);
  return found.map((match) => match !== undefined);
}

/** Which modules lie in the layers that are to be changed: the first number in a name, or that behind layers_pattern. */
function layersNamed(
  { layers_to_transform: layers, layers_pattern: pattern }: LoraConfig,
  modules: readonly string[],
  path: string,
): boolean[] {
  const wanted = [layers ?? []].flat();
  if (wanted.length === 0) return modules.map(() => true);
  const patterns = [pattern || []].flat();
  const expressions =
    patterns.length === 0
      ? ['^.*?\\.[^.]*\\.(?<index>\\d+)\\.']
      : patterns.map((each) => `^(?:(?:^|.*?\\.)${each}\\.(?<index>\\d+)\\.)`);
  const found = matchNames(expressions, modules, patterns, path);
  return modules.map((_, i) => {
    const first = found.map((each): Found => each[i]).find((index) => index !== undefined);
    return first !== undefined && first !== '' && wanted.includes(Number(first));
  });
}

/** For each module the value of the first pattern that matches its name or the end of it, else the usual one. */
function patternTable(
  patterns: Readonly<Record<string, number>>,
  usual: number,
  modules: readonly string[],
  path: string,
): number[] {
  const keys = Object.keys(patterns);
  const found = matchNames(
    keys.map((key) => `^(.*\\.)?(${key})$`),
    modules,
    keys,
    path,
  );
  return modules.map((_, i) => {
    const first = found.findIndex((each) => each[i] !== undefined);
    return first < 0 ? usual : patterns[keys[first]];
  });
}

/** What adapter_config.json says of an adapter that is written here. */
export const configOfAdapter = (
  { rank, alpha, targets }: { rank: number; alpha: number; targets: readonly string[] },
  base: string,
) => ({
  base_model_name_or_path: base,
  bias: 'none',
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  lora_alpha: alpha,
  lora_dropout: 0,
  modules_to_save: null,
  peft_type: 'LORA',
  r: rank,
  target_modules: targets,
  task_type: null,
});
