import { companions } from '../checkpoint/companions.ts';
import { FileError, show } from '../base/errors.ts';
import { isInnerPath, type HubName } from './name.ts';
import { indexName, singleName } from '../checkpoint/weights.ts';

/** What beside its weights a model may be made of; the rest of a repository is for people and for other programs. */
const wanted: readonly string[] = ['config.json', ...companions];

/**
 * The files of a repository that a model needs, but for the shards that an index lists.
 *
 * @param page    the repository's address, for messages
 * @param listed  all that it has
 * @throws FileError  where there is no model of that name
 */
export function hubFilesOf({ repository, file }: HubName, listed: readonly string[], page: string): string[] {
  const names = new Set(listed);
  const ggufs = listed.filter((name) => /\.gguf$/i.test(name));
  const choice = ggufs.slice(0, 5).map((name) => show(`${repository}:${name}`));
  const choose = `name one file, as ${choice.join(', ')}${ggufs.length > 5 ? ', …' : ''}`;
  if (file !== undefined) {
    if (names.has(file)) return [file];
    throw new FileError(page, `a file ${show(file)}`, 'none', ggufs.length > 0 ? choose : undefined);
  }
  const weights = [singleName, indexName].find((name) => names.has(name));
  if (weights === undefined) {
    const others = listed.filter((name) => /\.(bin|pt|pth|ckpt|h5|safetensors)$/.test(name));
    const found =
      ggufs.length > 0 ? '.gguf files only' : others.length > 0 ? `only ${show(others[0])}` : 'none';
    throw new FileError(page, `weights as ${singleName}`, found, ggufs.length > 0 ? choose : undefined);
  }
  if (!names.has('config.json')) throw new FileError(page, 'a model with a config.json', 'none');
  return [...wanted.filter((name) => names.has(name)), weights];
}

/** @throws FileError  for a name by which a server or an index would have us write elsewhere */
export function requireInner(names: readonly string[], page: string): void {
  const outer = names.find((name) => !isInnerPath(name));
  if (outer !== undefined) throw new FileError(page, 'names of files inside the repository', show(outer));
}
