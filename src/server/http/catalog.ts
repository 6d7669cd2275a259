import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { FileError, InvalidOptionError } from '../../base/errors.ts';

/** A name that a model may have; a request can say no other. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,127}$/;

/**
 * The models that are served, path by name: no request ever names a path. Each of `asked` is a model, `name=model`, or a
 * directory of model directories, which are named after their folders.
 *
 * @throws FileError, InvalidOptionError
 */
export function catalogOf(asked: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>();
  const add = (name: string, path: string): void => {
    if (!namePattern.test(name))
      throw new InvalidOptionError(
        'model',
        'must have a name of letters, digits and . _ - / (NAME=PATH gives one)',
        name,
      );
    if (paths.has(name))
      throw new InvalidOptionError('model', 'must have a name of its own (NAME=PATH gives one)', name);
    paths.set(name, path);
  };
  for (const one of asked) {
    const [, name, path] = /^([^=/\\]+)=(.+)$/.exec(one) ?? [];
    if (name !== undefined) add(name, path);
    else if (isModel(one) || !existsSync(one)) add(nameOf(one), one);
    else {
      const folders = foldersIn(one).filter((folder) => isModel(join(one, folder)));
      if (folders.length === 0)
        throw new FileError(one, 'a model directory, or a directory of them', 'no config.json');
      for (const folder of folders) add(folder, join(one, folder));
    }
  }
  return paths;
}

/**
 * Other names for models: `NAME=MODEL`, where the model is one that is served.
 *
 * @throws InvalidOptionError
 */
export function aliasesOf(
  asked: readonly string[],
  models: ReadonlyMap<string, unknown>,
): Map<string, string> {
  return new Map(
    asked.map((one): [string, string] => {
      const [alias, model = ''] = one.split('=', 2);
      const isFree = namePattern.test(alias) && !models.has(alias);
      if (isFree && models.has(model)) return [alias, model];
      const known = [...models.keys()].join(', ');
      const problem = `must be NAME=MODEL, a name that no model has and one of the models served (${known})`;
      throw new InvalidOptionError('alias', problem, one);
    }),
  );
}

/** A model directory, a run of `unmask train`, or a file. */
const isModel = (path: string): boolean =>
  existsSync(join(path, 'config.json')) ||
  existsSync(join(path, 'model', 'config.json')) ||
  /\.gguf$/i.test(path);

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** A folder's own name; of the hub's `org/name` all of it. */
const nameOf = (path: string): string =>
  existsSync(path) ? basename(resolve(path)).replace(/\.gguf$/i, '') : path;
