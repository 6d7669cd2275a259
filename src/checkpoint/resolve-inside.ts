import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { FileError, show } from '../base/errors.ts';
import { fileProblem } from './file-problem.ts';

/**
 * The path of a file that a name from a file or request stands for: the only way from such a name to a path.
 *
 * The name may lead into subdirectories, with `/`, and nowhere else. A link may not lead out either, but for one
 * layout: in the cache of the Hugging Face hub `models--ORG--NAME/snapshots/REVISION/NAME` is a link into `blobs/` beside
 * `snapshots`, and what lies there may be one into the `blobs/` that all models of the cache share.
 *
 * @param root  a directory that a person named
 * @returns     `root/name`, or what it's a link to
 * @throws FileError  when the name is not such a name, or nothing is there
 */
export async function resolveInside(root: string, name: string): Promise<string> {
  const expected = `a file inside ${root}`;
  // eslint-disable-next-line no-control-regex
  if (name.length > 1024 || /[\u0000-\u001f\u007f\\]/.test(name) || /^[A-Za-z]:/.test(name)) {
    throw new FileError(root, 'plain file names', show(name));
  }
  // an absolute name has an empty first part
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new FileError(root, 'names of files inside it', show(name));
  }
  const path = join(root, name);
  let real: string;
  let realRoot: string;
  try {
    realRoot = await realpath(root);
  } catch (error) {
    throw fileProblem(error, root, 'a directory');
  }
  try {
    real = await realpath(path);
  } catch (error) {
    throw fileProblem(error, path, expected);
  }
  if (real === join(realRoot, name)) return path;
  const allowed = [realRoot];
  const parent = dirname(resolve(root));
  if (basename(parent) === 'snapshots') {
    const repository = dirname(parent);
    const caches = basename(repository).startsWith('models--')
      ? [repository, dirname(repository)]
      : [repository];
    for (const cache of caches) allowed.push(await realpath(join(cache, 'blobs')).catch(() => realRoot));
  }
  if (allowed.some((directory) => real.startsWith(directory + sep))) return real;
  throw new FileError(path, expected, `a link to ${show(real)}`, 'put the file itself there');
}
