import { randomInt } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { FileError, invariant, show } from '../base/errors.ts';
import { makeDirectories } from './make-directories.ts';
import { type DurableFs, nodeFs, writeNewFile } from './durable-fs.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import { readJsonObject } from './read-json.ts';
import { modelContent, type ModelFiles } from './model-content.ts';
import { isPlainName } from './manifest.ts';
import { resolveInside } from './resolve-inside.ts';

/** A model's config.json as it is, unchecked. */
export interface RawConfig {
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** How a model directory is written. */
export interface WriteModelOptions {
  /** Weights of more bytes lie in several files. Default 5 GB. */
  readonly shardBytes?: number;
  /** Takes the place of a model that's there, with all of its directory. Without it the directory is new or empty. */
  readonly replace?: boolean;
  /** Is told where it is being written. What `abandonedBeside` finds is then taken away once the model stands, not before. */
  readonly onBegin?: (temporary: string) => Promise<void>;
  readonly fs?: DurableFs;
}

/** The config.json of a model directory. @throws FileError  when it isn't there or isn't a JSON object */
export async function readModelConfig(directory: string): Promise<RawConfig> {
  const path = await resolveInside(directory, 'config.json');
  return { path, config: await readJsonObject(path, { maxBytes: 4 << 20 }) };
}

/**
 * Writes a model directory as Hugging Face calls one: config.json, model.safetensors or its shards with their index,
 * and what else is given.
 *
 * It's written whole or not at all: as a directory beside the place, synced, then renamed. File by file into the
 * place would be atomic for each file and leave a config with another model's weights after a crash. A model that
 * is replaced steps aside first, as `.NAME.old`, so that at every moment one of the two is whole.
 *
 * @throws FileError       when the directory has something in it (without `replace`, or what is no model), or the disk refuses
 * @throws InvariantError  when tensors disagree with their shapes
 */
export async function writeModelDirectory(
  directory: string,
  files: ModelFiles,
  { replace = false, onBegin, fs = nodeFs, shardBytes }: WriteModelOptions = {},
): Promise<void> {
  const content = modelContent(files, shardBytes);
  for (const name of content.keys())
    invariant(name.split('/').every(isPlainName), `${show(name)} is no name of a model's file`);

  const place = resolve(directory);
  // a name of its own for each call: two may write the same place, and the last one stands
  const temporary = join(dirname(place), `.${basename(place)}.tmp-${process.pid}-${randomInt(2 ** 32)}`);
  const old = join(dirname(place), `.${basename(place)}.old`);
  let aside = false;
  try {
    await makeDirectories(fs, dirname(place));
    const stands = await requireVacant(fs, directory, replace);
    const abandoned = await abandonedBeside(fs, directory);
    if (!onBegin) await removeAll(fs, abandoned);
    await fs.makeDirectory(temporary);
    await onBegin?.(temporary);
    const folders = new Set([...content.keys()].map(dirname).filter((folder) => folder !== '.'));
    for (const folder of folders) await fs.makeDirectory(join(temporary, folder));
    for (const [name, bytes] of content) await writeNewFile(fs, join(temporary, name), bytes);
    for (const folder of [...folders, '.']) await fs.syncDirectory(join(temporary, folder));
    if (stands) {
      await fs.remove(old);
      await fs.rename(place, old);
      aside = true;
    }
    await fs.rename(temporary, place);
    aside = false;
    await fs.syncDirectory(dirname(place));
    if (stands) await fs.remove(old);
    await removeAll(fs, abandoned);
  } catch (error) {
    // the first error is the one to tell
    if (aside) await fs.rename(old, place).catch(() => {});
    await fs.remove(temporary).catch(() => {});
    throw fileProblem(error, directory, 'a directory that can be written');
  }
}

/** The directories in which processes that were killed had half written a model for this place. */
export async function abandonedBeside(fs: DurableFs, directory: string): Promise<string[]> {
  const place = resolve(directory);
  const prefix = `.${basename(place)}.tmp-`;
  const names = (await fs.list(dirname(place))).filter((name) => {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    return Number.isSafeInteger(pid) && !isRunning(pid);
  });
  return names.map((name) => join(dirname(place), name));
}

async function removeAll(fs: DurableFs, paths: readonly string[]): Promise<void> {
  for (const path of paths) await fs.remove(path);
}

/** Whether there is a process of that number. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Whether a model stands in the place. @throws FileError  when something does that may not be replaced */
async function requireVacant(fs: DurableFs, directory: string, replace: boolean): Promise<boolean> {
  let names: string[];
  try {
    names = await fs.list(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  if (names.length === 0) return true;
  if (!replace) {
    throw new FileError(
      directory,
      'a new or an empty directory',
      `${show(names[0])} in it`,
      'choose another one',
    );
  }
  if (!names.includes('config.json')) {
    throw new FileError(
      directory,
      'a model to replace',
      `other files (${show(names[0])})`,
      'choose another one',
    );
  }
  return true;
}
