import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import { errorCode } from '../checkpoint/file-problem.ts';
import { shardNames } from '../checkpoint/open-weights.ts';
import { readWhole } from '../checkpoint/read-whole.ts';
import { FileError } from '../base/errors.ts';
import { isInnerPath, parseHubName, showHubName, type HubName } from './name.ts';
import type { HubSettings } from './settings.ts';

/**
 * A repository in the cache that all programs of Hugging Face share:
 *
 *     models--org--name/blobs/HASH             the files, by the SHA-256 or the git hash of their content
 *     models--org--name/snapshots/COMMIT/NAME  links to them
 *     models--org--name/refs/REVISION          the commit that a branch or tag is at
 *     .locks/models--org--name/                the locks of those who write
 */
export interface CachedRepository {
  readonly blobs: string;
  readonly locks: string;
  snapshot(commit: string): string;
  ref(revision: string): string;
}

/**
 * Where the files of a repository lie in the cache, as every program of Hugging Face lays them out.
 *
 * @param repository  `org/name`
 */
export function cachedRepository(cache: string, repository: string): CachedRepository {
  const folder = `models--${repository.replace('/', '--')}`;
  const root = join(cache, folder);
  return {
    blobs: join(root, 'blobs'),
    locks: join(cache, '.locks', folder),
    snapshot: (commit) => join(root, 'snapshots', commit),
    ref: (revision) => join(root, 'refs', ...revision.split('/')),
  };
}

/** Whether a revision is the full name of a commit, which never changes what it means. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** Of a file that holds a commit. */
const maxRefBytes = 4096;

/** The commit of a revision as it was when it was last asked for, or undefined where it never was. */
export async function cachedCommit(
  cache: string,
  { repository, revision }: HubName,
): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  try {
    const bytes = await readWhole(cachedRepository(cache, repository).ref(revision), maxRefBytes);
    const commit = Buffer.from(bytes).toString('utf8').trim();
    return isCommit(commit) ? commit : undefined;
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

/**
 * The path of a model in the cache: a directory, or a .gguf file. Nothing is downloaded.
 *
 * @throws FileError  when it isn't there, or not all of it; it says how to get it
 */
export async function cachedModel(
  name: HubName,
  { cache, offline }: Pick<HubSettings, 'cache' | 'offline'>,
): Promise<string> {
  const shown = showHubName(name);
  const pull = `unmask pull ${shown}${offline ? ' (with HF_HUB_OFFLINE unset)' : ''}`;
  const commit = await cachedCommit(cache, name);
  const snapshot = commit && cachedRepository(cache, name.repository).snapshot(commit);
  if (!snapshot || !existsSync(snapshot))
    throw new FileError(
      shown,
      `a model directory, or a model that was pulled into ${cache}`,
      'neither',
      `check the path, or fetch it with ${pull}`,
    );
  const missing = await missingFrom(snapshot, name.file);
  if (missing !== undefined)
    throw new FileError(snapshot, `all of ${shown}`, `no ${missing}`, `fetch the rest with ${pull}`);
  return name.file === undefined ? snapshot : join(snapshot, name.file);
}

/**
 * The models in the cache that can be run, each at the commit that its main branch was at: one for a repository with a
 * config.json, else one for each of its .gguf files.
 */
export async function cachedModels(
  cache: string,
): Promise<{ readonly name: string; readonly path: string }[]> {
  const folders = await readdir(cache).catch(() => []);
  const found = folders.sort().map(async (folder) => {
    const repository = /^models--(.+)$/.exec(folder)?.[1].replace('--', '/');
    const name = repository === undefined ? undefined : parseHubName(repository);
    const commit = name && (await cachedCommit(cache, name));
    if (!name || commit === undefined) return [];
    const snapshot = cachedRepository(cache, name.repository).snapshot(commit);
    const isWhole = (await missingFrom(snapshot).catch(() => 'a shard')) === undefined;
    if (isWhole) return [{ name: name.repository, path: snapshot }];
    const files = await readdir(snapshot).catch(() => []);
    const ggufs = files.filter((file) => /\.gguf$/i.test(file) && existsSync(join(snapshot, file)));
    return ggufs.map((file) => ({ name: showHubName({ ...name, file }), path: join(snapshot, file) }));
  });
  return (await Promise.all(found)).flat();
}

/** The first file that a snapshot lacks: other programs make them file by file. */
async function missingFrom(snapshot: string, file?: string): Promise<string | undefined> {
  // a link to a blob that is gone counts as missing
  const lacks = (name: string): boolean => !existsSync(join(snapshot, name));
  if (file !== undefined) return lacks(file) ? file : undefined;
  if (lacks('config.json')) return 'config.json';
  if (!lacks('model.safetensors')) return undefined;
  if (lacks('model.safetensors.index.json')) return 'model.safetensors';
  return (await shardNames(snapshot)).find((name) => !isInnerPath(name) || lacks(name));
}

/** Puts a blob into a snapshot under its name: as a link, or as the file itself where the system has no links. */
export async function linkBlob(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  const temporary = `${pointer}.tmp-${process.pid}`;
  await rm(temporary, { force: true });
  try {
    await symlink(relative(dirname(pointer), blob), temporary);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw error;
    await copyFile(blob, temporary);
  }
  await rename(temporary, pointer);
}

/** Writes down which commit a revision is at. */
export async function writeRef(path: string, commit: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(nodeFs, path, Buffer.from(commit));
}
