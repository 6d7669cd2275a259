import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type NdArray, sizeOf } from '../base/array.ts';
import { type DurableFs, nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { openSafetensors, readFloats } from '../checkpoint/safetensors.ts';
import type { Weights } from '../checkpoint/weights.ts';
import { safetensorsPieces } from '../checkpoint/safetensors-pieces.ts';
import { makeDirectories } from '../checkpoint/make-directories.ts';
import { FileError, show } from '../base/errors.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import { adapterNames, adapterShapes, moduleOf } from './adapter.ts';
import { adapterConfigName, changesOf, configOfAdapter, readAdapterConfig } from './adapter-config.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from './config.ts';
import type { LiveAdapter, LiveWeights } from './network.ts';

const weightsName = 'adapter_model.safetensors';

/** Whether a directory holds an adapter and no model. */
export const isAdapter = (directory: string): boolean => existsSync(join(directory, adapterConfigName));

/** What an adapter is read for. */
export interface AdaptedModel {
  readonly config: TransformerConfig;
  readonly names: TensorNames;
  readonly weights: Weights;
}

/** The model that an adapter was made for, as its config names it. @throws FileError  where it names none */
export async function baseOf(directory: string): Promise<string> {
  const { config, path } = await readAdapterConfig(directory);
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
  /** Of matrices of which no pattern says otherwise. */
  readonly rank: number;
  readonly alpha: number;
  /** It counts α / √r, not α / r. */
  readonly isRankStabilised: boolean;
  readonly matrices: number;
  /** All numbers of A and B. */
  readonly parameters: number;
}

/** @throws FileError, UnsupportedError  as `readAdapter` for what doesn't depend on the model */
export async function adapterFacts(directory: string): Promise<AdapterFacts> {
  const { r: rank, lora_alpha: alpha, use_rslora } = (await readAdapterConfig(directory)).config;
  const { tensors } = await openSafetensors(await resolveInside(directory, weightsName));
  const parameters = Array.from(tensors.values(), ({ shape }) => sizeOf(shape)).reduce((a, b) => a + b, 0);
  return {
    path: directory,
    rank,
    alpha,
    isRankStabilised: use_rslora === true,
    matrices: tensors.size / 2,
    parameters,
  };
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
  const settings = await readAdapterConfig(directory);
  const matrices = matrixModules(config, names);
  const linear = new Set([...matrices.keys()].filter((module) => module !== moduleOf(names.head)));
  const changes = changesOf(settings, [...matrices.keys()], linear);
  const adapter = {
    matrices: new Map(Array.from(changes, ([module, change]) => [matrices.get(module)!, change])),
  };

  const file = await openSafetensors(await resolveInside(directory, weightsName));
  const shapes = adapterShapes(config, names, adapter);
  const anothers = (expected: string, found: string) =>
    new FileError(
      file.path,
      `an adapter of this model, with ${expected}`,
      found,
      'name the model that it was made for',
    );
  const untargeted = new Map([...matrices.keys()].map((module) => [adapterNames(module).a, module]));
  for (const name of file.tensors.keys()) {
    if (shapes.has(name)) continue;
    const module = untargeted.get(name);
    if (module === undefined) throw anothers('A and B of its matrices alone', name);
    throw new FileError(
      settings.path,
      `${module} among the modules that are changed`,
      `A of it in ${weightsName}`,
    );
  }
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
    const called = show(settings.config.base_model_name_or_path);
    throw new FileError(file.path, expected, `one of another model, which it calls ${called}`);
  }
  return { adapter, arrays: () => arrays };
}

/** Every module that multiplies with a matrix, and the matrix. The embedding is looked up, and PEFT changes it otherwise. */
function matrixModules(config: TransformerConfig, names: TensorNames): ReadonlyMap<string, string> {
  return new Map(
    [...parameterShapes(config, names)]
      .filter(([name, shape]) => shape.length === 2 && name !== names.embedding)
      .map(([name]) => [moduleOf(name), name]),
  );
}

/** An adapter that changes each of some matrices with one rank and α. */
export interface WrittenAdapter extends LiveWeights {
  readonly rank: number;
  readonly alpha: number;
  /** The names of the matrices. */
  readonly targets: readonly string[];
  /** Where the model is that it changes. */
  readonly base: string;
  /** Of that model, see `fingerprintOf`. */
  readonly fingerprint: string;
  readonly dtype?: 'F32' | 'F16' | 'BF16';
}

/**
 * Writes an adapter as PEFT lays it out, each file whole or not at all, the numbers first.
 *
 * @throws FileError  when the disk refuses
 */
export async function writeAdapter(
  directory: string,
  { rank, alpha, targets, arrays, base, fingerprint, dtype }: WrittenAdapter,
  fs: DurableFs = nodeFs,
): Promise<void> {
  const tensors = Array.from(arrays(), ([name, { shape, data }]) => ({ name, shape, data, dtype }));
  const metadata = { format: 'pt', [fingerprintKey]: fingerprint };
  // whole names: the last part alone may be that of other matrices too
  const config = configOfAdapter({ rank, alpha, targets: targets.map(moduleOf) }, base);
  try {
    await makeDirectories(fs, directory);
    await replaceFile(fs, join(directory, weightsName), () => safetensorsPieces(tensors, metadata));
    const text = `${JSON.stringify(config, undefined, 2)}\n`;
    await replaceFile(fs, join(directory, adapterConfigName), Buffer.from(text));
  } catch (error) {
    throw fileProblem(error, directory, 'a directory that can be written');
  }
}
