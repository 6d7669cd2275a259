import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type NdArray, sizeOf } from '../base/array.ts';
import { type DurableFs, nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import { readJsonObject } from '../checkpoint/json.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { openSafetensors, readFloats } from '../checkpoint/safetensors.ts';
import type { Weights } from '../checkpoint/weights.ts';
import { safetensorsPieces } from '../checkpoint/write-safetensors.ts';
import { makeDirectories } from '../checkpoint/checkpoints.ts';
import { FileError, show, UnsupportedError } from '../base/errors.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import { type Adapter, adapterNames, adapterShapes, moduleOf } from './adapter.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';
import type { LiveAdapter } from './network.ts';

export const adapterConfigName = 'adapter_config.json';
const weightsName = 'adapter_model.safetensors';

/** Whether a directory holds an adapter and no model. */
export const isAdapter = (directory: string): boolean => existsSync(join(directory, adapterConfigName));

const schema = z.object({
  peft_type: z.string(),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().min(1),
  lora_alpha: z.number(),
});

/** What an adapter is read for. */
export interface AdaptedModel {
  readonly config: TransformerConfig;
  readonly names: TensorNames;
  readonly weights: Weights;
}

/** What PEFT's LoRA may have, and nothing here computes: its config's keys, with the values that mean "not so". */
const unused: Readonly<Record<string, readonly string[]>> = {
  bias: ['"none"'],
  modules_to_save: ['null', '[]'],
  rank_pattern: ['{}', 'null'],
  alpha_pattern: ['{}', 'null'],
  use_dora: ['false'],
  use_rslora: ['false'],
  fan_in_fan_out: ['false'],
  layer_replication: ['null'],
  trainable_token_indices: ['null'],
};

/** The model that an adapter was made for, as its config names it. @throws FileError  where it names none */
export async function baseOf(directory: string): Promise<string> {
  const { config, path } = await configIn(directory);
  const base = config.base_model_name_or_path;
  if (base) return base;
  throw new FileError(
    path,
    'base_model_name_or_path',
    show(base),
    'name the model, and this as its --adapter',
  );
}

/** What an adapter is, without its numbers. */
export interface AdapterFacts {
  readonly path: string;
  readonly rank: number;
  readonly alpha: number;
  readonly matrices: number;
  /** All numbers of A and B. */
  readonly parameters: number;
}

/** @throws FileError, UnsupportedError  as `readAdapter` for what doesn't depend on the model */
export async function adapterFacts(directory: string): Promise<AdapterFacts> {
  const { r: rank, lora_alpha: alpha } = (await configIn(directory)).config;
  const { tensors } = await openSafetensors(await resolveInside(directory, weightsName));
  const parameters = Array.from(tensors.values(), ({ shape }) => sizeOf(shape)).reduce((a, b) => a + b, 0);
  return { path: directory, rank, alpha, matrices: tensors.size / 2, parameters };
}

async function configIn(directory: string) {
  const path = await resolveInside(directory, adapterConfigName);
  const json = await readJsonObject(path);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0];
    throw new FileError(path, 'an adapter as PEFT has it', `${at.join('.') || 'it'}: ${message}`);
  }
  if (parsed.data.peft_type !== 'LORA')
    throw new UnsupportedError(`${path}: peft_type ${show(parsed.data.peft_type)} is not supported; LORA is`);
  for (const [key, values] of Object.entries(unused)) {
    const value = json[key];
    if (value !== undefined && !values.includes(JSON.stringify(value)))
      throw new UnsupportedError(`${path}: ${key} ${show(value)} is not supported`);
  }
  return { path, config: parsed.data };
}

/** The key of the file's metadata that says which model an adapter is of. */
const fingerprintKey = 'unmask_base';

/** What tells models of one shape apart, however their weights are stored: a hash of the scales of the last norm. */
export async function fingerprintOf(weights: Weights, names: TensorNames): Promise<string> {
  const { data } = await weights.read(names.finalNorm);
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

/**
 * The adapter in a directory: adapter_config.json and adapter_model.safetensors as Hugging Face's PEFT writes them.
 *
 * @throws FileError         where a file is missing or damaged, or the adapter was made for another model
 * @throws UnsupportedError  for another kind of adapter, or an option of LoRA that isn't supported, by name
 */
export async function readAdapter(
  directory: string,
  { config, names, weights }: AdaptedModel,
): Promise<LiveAdapter> {
  const { r: rank, lora_alpha: alpha, base_model_name_or_path: base } = (await configIn(directory)).config;
  const file = await openSafetensors(await resolveInside(directory, weightsName));
  const matrices = new Map(
    [...parameterShapes(config, names)]
      .filter(([, shape]) => shape.length === 2)
      .map(([name]) => [adapterNames(name).a, name]),
  );
  const targets = [...file.tensors.keys()].flatMap((name) => matrices.get(name) ?? []);
  const shapes = adapterShapes(config, names, { rank, alpha, targets });
  const anothers = (expected: string, found: string) =>
    new FileError(
      file.path,
      `an adapter of this model, with ${expected}`,
      found,
      'name the model that it was made for',
    );
  for (const name of file.tensors.keys())
    if (!shapes.has(name)) throw anothers('A and B of its matrices alone', name);
  const arrays = new Map<string, NdArray>();
  for (const [name, shape] of shapes) {
    const entry = file.tensors.get(name);
    if (!entry || !sameShape(entry.shape, shape))
      throw anothers(`${name} of shape ${showShape(shape)}`, entry ? showShape(entry.shape) : 'none');
    arrays.set(name, await readFloats(file, name));
  }
  if (arrays.size === 0) throw anothers('A and B of its matrices', 'none');
  const made = file.metadata.get(fingerprintKey);
  if (made !== undefined && made !== (await fingerprintOf(weights, names))) {
    const expected = `an adapter of ${weights.directory}`;
    throw new FileError(file.path, expected, `one of another model, which it calls ${show(base)}`);
  }
  return { adapter: { rank, alpha, targets }, arrays: () => arrays };
}

/**
 * Writes an adapter as PEFT lays it out, each file whole or not at all, the numbers first.
 *
 * @param base         where the model is that it changes
 * @param fingerprint  of that model, see `fingerprintOf`
 * @throws FileError  when the disk refuses
 */
export async function writeAdapter(
  directory: string,
  { adapter, arrays }: LiveAdapter,
  {
    base,
    fingerprint,
    dtype,
    fs = nodeFs,
  }: { base: string; fingerprint: string; dtype?: 'F32' | 'F16' | 'BF16'; fs?: DurableFs },
): Promise<void> {
  const tensors = Array.from(arrays(), ([name, { shape, data }]) => ({ name, shape, data, dtype }));
  const metadata = { format: 'pt', [fingerprintKey]: fingerprint };
  try {
    await makeDirectories(fs, directory);
    await replaceFile(fs, join(directory, weightsName), () => safetensorsPieces(tensors, metadata));
    const text = `${JSON.stringify(configOf(adapter, base), undefined, 2)}\n`;
    await replaceFile(fs, join(directory, adapterConfigName), Buffer.from(text));
  } catch (error) {
    throw fileProblem(error, directory, 'a directory that can be written');
  }
}

const configOf = ({ rank, alpha, targets }: Adapter, base: string) => ({
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
  // whole names: the last part alone may be that of other matrices too
  target_modules: targets.map(moduleOf),
  task_type: null,
});
