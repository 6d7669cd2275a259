import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import { requireMayLookInto } from '../checkpoint/file-problem.ts';
import { cachedModel } from '../hub/cache.ts';
import { type HubName, isInnerPath, parseHubName } from '../hub/name.ts';
import { hubSettings } from '../hub/settings.ts';
import { adapterConfigName } from '../model/adapter-config.ts';
import { isAdapter } from '../model/adapter-files.ts';

const shipped = (name: string): string => join(packageRoot(), 'models', name);

/**
 * The directories of the models that ship: one that writes stories, one that answers, one that fills holes in TypeScript, two that
 * solve puzzles. Where a model is asked for, these names do as well as paths.
 */
export const shippedModels = {
  stories: shipped('stories'),
  talk: shipped('talk'),
  typescript: shipped('typescript'),
  'puzzles/sudoku-4': shipped('puzzles/sudoku-4'),
  'puzzles/paths': shipped('puzzles/paths'),
} as const;

/** The one of them that is taken where none is named. */
export const shippedModel: string = shippedModels.stories;

/** A causal model of others that ships too, to judge what is written: `models/judge/README.md`. */
export const shippedJudge: string = shipped('judge');

/** The directory of an adapter that a path leads to: itself, or `model/` in it for a run; none where a model is. */
export function adapterIn(path: string): string | undefined {
  return [path, join(path, 'model')].find(
    (directory) => isAdapter(directory) && !existsSync(join(directory, 'config.json')),
  );
}

/** The directory of an adapter, or of the one in a run. @throws FileError  when there is none */
export function requireAdapter(path: string): string {
  const directory = adapterIn(path);
  if (directory !== undefined) return directory;
  throw new FileError(path, `an adapter, with an ${adapterConfigName}`, 'none', 'check the path');
}

/** The directory of a model that ships, by its name below models/: where no such path exists. */
function shippedNamed(name: string): string | undefined {
  if (existsSync(name) || !isInnerPath(name)) return undefined;
  return existsSync(join(shipped(name), 'config.json')) ? shipped(name) : undefined;
}

/** What a person calls a model, as a name of the hub: where there is no such path, and none that ships is called so. */
const hubNameOf = (path: string): HubName | undefined =>
  existsSync(path) || shippedNamed(path) !== undefined ? undefined : parseHubName(path);

/**
 * The GGUF file that a path or a name of the hub, `org/name:file.gguf`, leads to; undefined for a directory or what isn't
 * there.
 *
 * @throws FileError  for a file of the hub that wasn't pulled
 */
export async function modelFile(path: string): Promise<string | undefined> {
  const name = hubNameOf(path);
  if (name) return name.file === undefined ? undefined : cachedModel(name, hubSettings(process.env));
  return existsSync(path) && statSync(path).isFile() ? path : undefined;
}

/**
 * The directory of a model: the path itself, `model/` in it for a run of `unmask train`, what a GGUF file becomes; or where no such
 * path exists a model that ships by its name, or the snapshot of `org/name` in the hub's cache. Nothing is downloaded: only
 * `unmask pull` does that.
 *
 * @param note  is told what takes long
 * @throws FileError  when there is no model; it says how to get one
 */
export async function modelDirectory(path: string, note?: (text: string) => void): Promise<string> {
  const file = await modelFile(path);
  // only a GGUF file needs what can read one
  if (file !== undefined) return (await import('./convert-gguf.ts')).ggufDirectory(file, note);
  if (existsSync(join(path, 'config.json'))) return path;
  if (existsSync(join(path, 'model', 'config.json'))) return join(path, 'model');
  const ours = shippedNamed(path);
  if (ours !== undefined) return ours;
  const name = hubNameOf(path);
  if (name) return cachedModel(name, hubSettings(process.env));
  if (adapterIn(path) !== undefined)
    throw new FileError(path, 'a model directory', 'an adapter', 'name its model, or merge the two first');
  const expected = 'a model directory with a config.json, or a GGUF file';
  requireMayLookInto(path, expected);
  throw new FileError(
    path,
    expected,
    existsSync(path) ? 'none' : 'nothing there',
    'check the path, or make one with unmask train',
  );
}
