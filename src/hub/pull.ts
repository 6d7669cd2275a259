import { existsSync } from 'node:fs';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileProblem } from '../checkpoint/file-problem.ts';
import { type DirectoryLock, lockHolder, tryLock } from '../checkpoint/lock.ts';
import { shardNames } from '../checkpoint/open-weights.ts';
import { FileError } from '../base/errors.ts';
import { bytesText } from '../base/format-bytes.ts';
import { startTask, type Task, type TaskOptions } from '../base/task.ts';
import {
  type CachedRepository,
  cachedCommit,
  cachedModel,
  cachedRepository,
  isCommit,
  linkBlob,
  writeRef,
} from './cache.ts';
import type { Connection } from './connection.ts';
import { downloadFile } from './download.ts';
import { indexName } from '../checkpoint/weights.ts';
import { hubFilesOf, requireInner } from './files.ts';
import { type HubName, requireHubName, showHubName } from './name.ts';
import { describeFile, listRepository, type RemoteFile } from './remote.ts';
import { type HubSettings, hubSettings } from './settings.ts';

/** How far a download is. */
export interface PullProgress {
  /** Bytes that are there, those of an earlier attempt included. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes that came over the network by now. */
  readonly receivedBytes: number;
}

/** How a model is pulled, beside how progress is told and the pull is stopped. */
export interface PullOptions extends TaskOptions<PullProgress>, Pick<Connection, 'retryMs' | 'stallMs'> {
  /** Default: those of the environment. */
  readonly settings?: HubSettings;
  /** Is told what a person might want to know: another process is at it, a new attempt is made. */
  readonly onNote?: (sentence: string) => void;
}

/** A model in the cache. */
export interface Pulled {
  /** What `load` takes: the snapshot's directory, or the .gguf file in it. */
  readonly path: string;
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly string[];
  /** Bytes that had to be downloaded. */
  readonly receivedBytes: number;
}

const filesAtOnce = 4;

/**
 * Downloads the files of a model that the cache lacks, into the cache that all programs of Hugging Face share.
 *
 * A download that was stopped goes on where it was. Every file is held against its length and hash before it gets its
 * name; the snapshot is made when all are there. While another process of this machine pulls the repository, this one
 * waits.
 *
 * @param model  `org/name`, `org/name@revision`, or `org/name:file.gguf`
 * @throws InvalidOptionError  for another name, or a variable of the environment that can't be used
 * @throws FileError           for what isn't there or may not be read, a network or a disk that refuses, wrong content
 */
export function pull(model: string, options: PullOptions = {}): Task<Pulled, PullProgress> {
  return startTask(
    ({ note, signal }) => pullSnapshot(model, { ...options, signal, onProgress: note }),
    options,
  );
}

async function pullSnapshot(model: string, options: PullOptions): Promise<Pulled> {
  const { settings = hubSettings(process.env), signal, onNote } = options;
  const name = requireHubName(model);
  const cached = cachedRepository(settings.cache, name.repository);
  if (settings.offline) {
    const path = await cachedModel(name, settings);
    const commit = (await cachedCommit(settings.cache, name))!;
    return { path, repository: name.repository, commit, files: [], receivedBytes: 0 };
  }
  const connection: Connection = { ...options, ...settings, onRetry: onNote };
  const { commit, names } = await listRepository(connection, name);
  const page = `${settings.endpoint}/${name.repository}`;
  const chosen = hubFilesOf(name, names, page);
  requireInner(chosen, page);

  const lock = await lockPatiently(cached, showHubName(name), signal, onNote);
  try {
    const snapshot = cached.snapshot(commit);
    const transfer = new Transfer(connection, name, commit, cached);
    // the index says which shards there are
    if (chosen.includes(indexName)) {
      await transfer.run([indexName]);
      const shards = await shardNames(snapshot);
      requireInner(shards, join(snapshot, indexName));
      chosen.push(...shards);
    }
    await transfer.run(chosen, options.onProgress);
    if (!isCommit(name.revision)) await writeRef(cached.ref(name.revision), commit);
    return {
      path: name.file === undefined ? snapshot : join(snapshot, name.file),
      repository: name.repository,
      commit,
      files: chosen,
      receivedBytes: transfer.receivedBytes,
    };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw fileProblem(error, settings.cache, 'a cache that can be written');
  } finally {
    await lock.release();
  }
}

async function lockPatiently(
  { locks }: CachedRepository,
  shown: string,
  signal: AbortSignal | undefined,
  onNote: PullOptions['onNote'],
): Promise<DirectoryLock> {
  try {
    await mkdir(locks, { recursive: true });
  } catch (error) {
    throw fileProblem(error, locks, 'a cache that can be written');
  }
  for (let waited = false; ; waited = true) {
    const lock = await tryLock(locks, 'a cache');
    if (lock) return lock;
    if (!waited) onNote?.(`${await lockHolder(locks)} is downloading ${shown}; waiting for it`);
    await wait(250, undefined, { signal });
  }
}

/** Brings files of one commit into its snapshot. */
class Transfer {
  readonly #connection: Connection;
  readonly #name: HubName;
  readonly #commit: string;
  readonly #cached: CachedRepository;
  receivedBytes = 0;

  constructor(connection: Connection, name: HubName, commit: string, cached: CachedRepository) {
    this.#connection = connection;
    this.#name = name;
    this.#commit = commit;
    this.#cached = cached;
  }

  /** Downloads what isn't there, then links all of it: a snapshot that is stopped on the way has no new names. */
  async run(names: readonly string[], onProgress?: PullOptions['onProgress']): Promise<void> {
    const { blobs } = this.#cached;
    const pointerOf = (name: string): string => join(this.#cached.snapshot(this.#commit), ...name.split('/'));
    // a commit doesn't change: what stands in its snapshot is right
    const missing = names.filter((name) => !existsSync(pointerOf(name)));
    const files = await this.#atOnce(missing, (connection, name) =>
      describeFile(connection, this.#name, this.#commit, name),
    );
    let keptBytes = 0;
    for (const name of names) if (!missing.includes(name)) keptBytes += (await stat(pointerOf(name))).size;

    // two names may have one content
    const contents = new Map(files.map((file) => [file.hash, file]));
    const done = new Map<string, number>();
    const totalBytes = Array.from(contents.values()).reduce((sum, { size }) => sum + size, keptBytes);
    const report = (): void => {
      const doneBytes = Array.from(done.values()).reduce((sum, bytes) => sum + bytes, keptBytes);
      onProgress?.({ doneBytes, totalBytes, receivedBytes: this.receivedBytes });
    };
    const blobOf = ({ hash }: RemoteFile): string => join(blobs, hash);
    for (const file of contents.values()) {
      const there = await stat(blobOf(file)).catch(() => undefined);
      if (there?.size === file.size) done.set(file.hash, file.size);
    }
    const wanted = Array.from(contents.values()).filter(({ hash }) => !done.has(hash));
    await requireSpace(blobs, wanted);
    report();
    await this.#atOnce(wanted, (connection, file) =>
      downloadFile(connection, file, blobOf(file), (doneBytes, receivedBytes) => {
        done.set(file.hash, doneBytes);
        this.receivedBytes += receivedBytes;
        report();
      }),
    );
    // config.json comes first in the list and last into the snapshot, which without it is no model
    for (const file of files.toReversed()) await linkBlob(blobOf(file), pointerOf(file.name));
  }

  /** Does something for each of some items, for a few of them at a time. After the first failure the others are stopped. */
  async #atOnce<Item, Result>(
    items: readonly Item[],
    action: (connection: Connection, item: Item) => Promise<Result>,
  ): Promise<Result[]> {
    const stop = new AbortController();
    const { signal } = this.#connection;
    const signals = signal ? [stop.signal, signal] : [stop.signal];
    const connection = { ...this.#connection, signal: AbortSignal.any(signals) };
    const results: Result[] = [];
    let next = 0;
    let failure: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      while (next < items.length && !failure) {
        const index = next++;
        try {
          results[index] = await action(connection, items[index]);
        } catch (error) {
          failure ??= { error };
          stop.abort();
        }
      }
    };
    await Promise.all(Array.from({ length: filesAtOnce }, work));
    if (failure) throw failure.error;
    return results;
  }
}

/** @throws FileError  when the disk lacks the room for what is to be downloaded */
async function requireSpace(blobs: string, files: readonly RemoteFile[]): Promise<void> {
  await mkdir(blobs, { recursive: true });
  let needed = 0;
  for (const file of files) {
    const there = await stat(`${join(blobs, file.hash)}.part`).catch(() => undefined);
    needed += Math.max(0, file.size - (there?.size ?? 0));
  }
  const { bavail, bsize } = await statfs(blobs);
  if (bavail * bsize >= needed) return;
  const [expected, found] = [needed, bavail * bsize].map(bytesText);
  throw new FileError(
    blobs,
    `${expected} of free space`,
    found,
    'free some, or set HF_HUB_CACHE to another disk',
  );
}
