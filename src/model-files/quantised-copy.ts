import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { realpath, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { jsonBytes } from '../base/utf8.ts';
import { companions } from '../checkpoint/companions.ts';
import { readModelConfig, writeModelDirectory } from '../checkpoint/directory.ts';
import { type DurableFs, nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import type { FileContent } from '../checkpoint/file-content.ts';
import { errorCode, fileProblem } from '../checkpoint/file-problem.ts';
import { readJsonObject } from '../checkpoint/read-json.ts';
import { readWhole } from '../checkpoint/read-whole.ts';
import { resolveInside } from '../checkpoint/resolve-inside.ts';
import { FileError, InvalidOptionError, invariant } from '../base/errors.ts';
import type { Divergence } from '../likelihood/divergence.ts';
import { hasAtMost4Bits } from '../model/gguf/kept-blocks.ts';
import { openModel, type OpenedModel } from '../model/open.ts';
import { type QuantiseOptions, type RoundingError, quantisedTensors } from '../model/quantise.ts';
import { bytesIn, storageOf } from '../model/storage.ts';
import { HalfMadeCopy } from './half-made-copy.ts';
import {
  isBlockFormat,
  recordedFormat,
  recordKey,
  recordOf,
  type WeightFormat,
  weightFormats,
} from '../model/weight-format.ts';

/** A format with fewer bits than float32. */
export type SmallFormat = Exclude<WeightFormat, 'f32'>;

/** What a quantised model's directory says of how it came to be: `quantization.json`. */
export interface QuantisationRecord {
  readonly format: SmallFormat;
  /** Bytes of all weights. */
  readonly bytes: number;
  /** Size and time of every file that it was made from, by name. A change of any makes it out of date. */
  readonly source: Readonly<Record<string, string>>;
  /** What rounding did to the weights: √(Σ (w − w′)² / Σ w²). */
  readonly error: { readonly overall: number; readonly tensors: readonly RoundingError[] };
  /** What it did to the predictions, where that was measured. */
  readonly predictions?: Divergence;
}

/** How a quantised copy of a model directory is made. */
export interface QuantiseModelOptions extends QuantiseOptions {
  readonly fs?: DurableFs;
  /** Is told in a sentence that the copy was begun before. */
  readonly note?: (text: string) => void;
  /** Where models go that can't be written beside their source. Default: `unmask` in the user's folder of caches. */
  readonly cache?: string;
}

const recordName = 'quantization.json';
/** A change of what is written makes every cache out of date. */
const layout = 1;

/** What a copy takes along, as far as it is there. */
const copied = [...companions, 'training.json', 'LICENSE', 'NOTICE'];

/**
 * The directory that a model is to be opened from so that its weights are in a format: its own if they can be, else that
 * of its quantised copy, which is made if it isn't there or its source has changed since.
 *
 * @throws FileError, UnsupportedError  as `openModel`; FileError also when the copy can't be written anywhere
 */
export async function directoryInFormat(
  directory: string,
  format: WeightFormat | undefined,
  options: QuantiseModelOptions = {},
): Promise<string> {
  if (format === undefined || format === 'f32') return directory;
  const { path, config } = await readModelConfig(directory);
  const recorded = recordedFormat(config, path);
  // what it can't be is said by openModel
  if (recorded !== undefined && (recorded === format || isBlockFormat(recorded))) return directory;
  const source = await openUnquantised(directory);
  if (source.format === 'stored' && needsNoCopy(source, format)) return directory;
  if (format === 'f16' && isHalf(source)) return directory;

  const state = await stateOf(source);
  const places = await cachePlaces(directory, format, options.cache);
  for (const place of places) if (await isCurrent(place, format, state)) return place;
  try {
    return (await quantiseToCache(source, format, options)).place;
  } catch (error) {
    // another process may have put the same copy there in the meantime
    for (const place of places) if (await isCurrent(place, format, state)) return place;
    throw error;
  }
}

/** A copy of a model directory with fewer bits. */
export interface QuantisedCopy {
  readonly format: SmallFormat;
  /** Where it lies. */
  readonly path: string;
  /** Of all weights; undefined where its record can't be read. */
  readonly bytes?: number;
}

/** Whether a model directory was made by `quantiseModel`. */
export const isQuantisedCopy = (directory: string): boolean => existsSync(join(directory, recordName));

/** The copies of a model directory, as `directoryInFormat` looks for them; out of date ones are not told apart. */
export async function quantisedCopies(directory: string, cache?: string): Promise<QuantisedCopy[]> {
  const formats = weightFormats.filter((format) => format !== 'f32');
  const found = formats.map(async (format) => {
    const places = await cachePlaces(directory, format, cache);
    const path = places.find(isQuantisedCopy);
    if (path === undefined) return [];
    const record = await readJsonObject(join(path, recordName)).catch(() => undefined);
    return [{ format, path, ...(typeof record?.bytes === 'number' && { bytes: record.bytes }) }];
  });
  return (await Promise.all(found)).flat();
}

/**
 * Takes the copies of a model directory in a format away; the model stays, and a copy is made anew when it is asked for.
 *
 * @returns whether there was one
 */
export async function removeQuantisedCopies(
  directory: string,
  format: SmallFormat,
  cache?: string,
): Promise<boolean> {
  const places = await cachePlaces(directory, format, cache);
  const there = places.filter(isQuantisedCopy);
  for (const place of there) await rm(place, { recursive: true, force: true });
  return there.length > 0;
}

/** @throws InvalidOptionError  for a model that is in blocks already */
export async function openUnquantised(directory: string): Promise<OpenedModel> {
  const model = await openModel(directory);
  if (!isBlockFormat(model.format)) return model;
  throw new InvalidOptionError(
    'model',
    `must have weights in floats; these are stored as ${model.format}`,
    directory,
  );
}

/** `quantiseModel` to where `directoryInFormat` looks: beside the source, or else in the folder of caches. */
export async function quantiseToCache(
  source: OpenedModel,
  format: SmallFormat,
  options: QuantiseModelOptions = {},
): Promise<{ readonly place: string; readonly record: QuantisationRecord }> {
  const [beside, elsewhere] = await cachePlaces(source.weights.directory, format, options.cache);
  const writeTo = async (place: string) => ({
    place,
    record: await quantiseModel(source, place, format, { ...options, replace: true }),
  });
  try {
    return await writeTo(beside);
  } catch (error) {
    if (!isReadOnly(error)) throw error;
    return await writeTo(elsewhere);
  }
}

/**
 * Writes a model directory with the weights of another in a format: whole or not at all, one tensor at a time.
 *
 * @param source   as it was published
 * @param replace  takes the place of a model that is there
 * @throws FileError  when the source can't be read or has numbers that can't be rounded, or the place not be written
 */
export async function quantiseModel(
  source: OpenedModel,
  out: string,
  format: SmallFormat,
  { replace = false, fs = nodeFs, ...options }: QuantiseModelOptions & { readonly replace?: boolean } = {},
): Promise<QuantisationRecord> {
  const { config, names, json, weights } = source;
  const parameters = storageOf(config.transformer, names, format);
  const state = await stateOf(source);
  const halfMade = await HalfMadeCopy.before(out, { format, source: state }, fs);
  if (halfMade.isBegun) options.note?.('going on with what a program that was stopped had made of it');
  const { tensors, errors } = quantisedTensors(weights, parameters, format, {
    ...options,
    kept: halfMade,
    onRounded: (name, sums) => halfMade.noteRounded(name, sums),
  });
  const files = new Map<string, FileContent>();
  for (const name of presentCompanions(weights.directory))
    files.set(name, await readCompanion(weights.directory, name));
  let record: QuantisationRecord | undefined;
  // written after the weights, when the errors are known
  files.set(recordName, async function* () {
    await halfMade.end();
    record = { format, bytes: bytesIn(config.transformer, names, format), source: state, error: errors() };
    yield jsonBytes(record);
  });
  const model = {
    config: { ...json, [recordKey]: recordOf(format) },
    weights: tensors.map((tensor) => halfMade.noting(tensor)),
    tokenizerFiles: files,
  };
  try {
    await writeModelDirectory(out, model, { replace, fs, onBegin: (place) => halfMade.begin(place) });
  } finally {
    await halfMade.close();
  }
  invariant(record, 'the record is a file of the model');
  return record;
}

/** Adds to a quantised model's record what was measured. */
export async function recordPredictions(
  directory: string,
  record: QuantisationRecord,
  predictions: Divergence,
): Promise<void> {
  const path = join(directory, recordName);
  try {
    await replaceFile(nodeFs, path, jsonBytes({ ...record, predictions }));
  } catch (error) {
    throw fileProblem(error, path, 'a file that can be written');
  }
}

/** Beside the model, or where that can't be written, in the user's folder of caches. */
async function cachePlaces(
  directory: string,
  format: SmallFormat,
  cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'unmask'),
): Promise<readonly [string, string]> {
  const hash = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  return [join(directory, `unmask-${format}`), join(cache, 'quantised', `${hash.slice(0, 16)}-${format}`)];
}

async function isCurrent(
  place: string,
  format: SmallFormat,
  state: QuantisationRecord['source'],
): Promise<boolean> {
  const path = join(place, recordName);
  if (!existsSync(path)) return false;
  const record = await readJsonObject(path).catch(() => undefined);
  return record?.format === format && JSON.stringify(record.source) === JSON.stringify(state);
}

/** Whether the blocks of a GGUF file have no more bits than that, or are made halves when it is opened. */
const needsNoCopy = ({ weights }: OpenedModel, format: SmallFormat): boolean =>
  format !== 'int4' ||
  [...weights.entries.values()].every(({ gguf }) => !gguf || hasAtMost4Bits(gguf.source));

/** Whether no matrix has more than 16 bits a number. */
function isHalf({ config, names, weights }: OpenedModel): boolean {
  return Array.from(storageOf(config.transformer, names, 'f16')).every(
    ([name, { storage }]) =>
      storage === 'float32' || ['F16', 'BF16'].includes(weights.entries.get(name)!.dtype),
  );
}

async function stateOf({ weights }: OpenedModel): Promise<Record<string, string>> {
  const { directory, entries } = weights;
  const shards = new Set(Array.from(entries.values(), ({ file }) => file));
  const others = await Promise.all(
    ['config.json', ...presentCompanions(directory)].map((name) => resolveInside(directory, name)),
  );
  const state: Record<string, string> = { layout: `${layout}` };
  for (const file of [...others, ...shards]) {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    state[basename(file)] = `${size} bytes, ${mtimeNs}`;
  }
  return state;
}

/** Bytes of a file that goes with a model, at most. */
const maxCompanionBytes = 2 ** 28;

/** A file that goes with a model. @throws FileError */
export const readCompanion = async (directory: string, name: string): Promise<Uint8Array> =>
  readWhole(await resolveInside(directory, name), maxCompanionBytes);

/** The files beside the weights that go with a model, those that are there. */
export const presentCompanions = (directory: string): string[] =>
  copied.filter((name) => existsSync(join(directory, name)));

const isReadOnly = (error: unknown): boolean =>
  error instanceof FileError && ['EROFS', 'EACCES', 'EPERM'].includes(errorCode(error.cause) ?? '');
