import { FileError, show } from '../base/errors.ts';
import { urlPath } from '../base/url-path.ts';
import { isObject } from '../base/is-object.ts';
import { type HubResponse, ask, type Connection, patiently, TransientError } from './connection.ts';
import { isCommit } from './cache.ts';
import type { HubName } from './name.ts';

/** What the hub says of a repository at a revision. */
export interface Listing {
  readonly commit: string;
  /** The names of all its files, as the server gives them: unchecked. */
  readonly names: readonly string[];
}

/** A file of the hub: where it is, how long, and the hash that it must have. */
export interface RemoteFile {
  readonly name: string;
  readonly url: string;
  readonly size: number;
  /** SHA-256 of the content, 64 digits; or the hash that git gives it, 40 digits. */
  readonly hash: string;
}

const maxListingBytes = 32 << 20;

/** @throws FileError  for a repository or revision that isn't there or may not be read, and when there's no connection */
export async function listRepository(connection: Connection, name: HubName): Promise<Listing> {
  const page = `${connection.endpoint}/${name.repository}`;
  const revision = encodeURIComponent(name.revision);
  const address = `${connection.endpoint}/api/models/${name.repository}/revision/${revision}`;
  const value = await patiently(connection, async () => {
    try {
      const answer = await ask(connection, address, page, { headers: { accept: 'application/json' } });
      await requireGood(answer, page, name.revision, connection.token !== undefined);
      return await jsonOf(answer, page);
    } catch (error) {
      // at the first word, somebody without a network shouldn't wait
      throw error instanceof TransientError && !error.reached ? error.problem : error;
    }
  });
  const { sha, siblings } = isObject(value) ? value : {};
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings))
    throw new FileError(page, "the hub's list of files", 'something else', 'check HF_ENDPOINT');
  const names = siblings.map((file) => (isObject(file) ? file.rfilename : undefined));
  return { commit: sha, names: names.filter((file) => typeof file === 'string') };
}

/**
 * Asks for the length and the hash of a file, as the hub tells them of files that lie elsewhere, too.
 *
 * @throws FileError  when it isn't there, or comes without either
 */
export async function describeFile(
  connection: Connection,
  { repository }: HubName,
  commit: string,
  name: string,
): Promise<RemoteFile> {
  const url = `${connection.endpoint}/${repository}/resolve/${commit}/${urlPath(name)}`;
  const headers = await patiently(connection, async () => {
    // large files lie on other hosts; the redirect to them says what they are
    const answer = await ask(connection, url, url, { method: 'HEAD', until: 'x-linked-etag' });
    if (!answer.headers.has('x-linked-etag'))
      await requireGood(answer, url, commit, connection.token !== undefined);
    answer.discard();
    return answer.headers;
  });
  const tag = headers.get('x-linked-etag') ?? headers.get('etag') ?? '';
  const hash = tag.replace(/^W\//, '').replaceAll('"', '').toLowerCase();
  // it becomes the name of a file
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash))
    throw new FileError(url, 'its hash in the ETag', show(tag), 'check HF_ENDPOINT');
  const length = headers.get('x-linked-size') ?? headers.get('content-length') ?? '';
  const size = Number(length);
  if (!/^\d+$/.test(length) || !Number.isSafeInteger(size))
    throw new FileError(url, 'its length', show(length), 'check HF_ENDPOINT');
  return { name, url, size, hash };
}

/** What an answer means that isn't what was asked for. */
export async function requireGood(
  answer: HubResponse,
  shown: string,
  revision: string,
  hasToken: boolean,
): Promise<void> {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return;
  answer.discard();
  const code = headers.get('x-error-code');
  if (code === 'RevisionNotFound')
    throw new FileError(
      shown,
      `a revision ${show(revision)}`,
      `none (${status})`,
      'name a branch, tag or commit',
    );
  if (code === 'EntryNotFound') throw new FileError(shown, 'a file', `none (${status})`);
  if (code === 'GatedRepo') {
    const remedy = `accept its terms on that page${hasToken ? '' : ', and set HF_TOKEN'}`;
    throw new FileError(shown, 'a model that you may read', `a gated one (${status})`, remedy);
  }
  if ([401, 403, 404].includes(status)) {
    const remedy = `check the name${hasToken ? ' and that HF_TOKEN may read it' : ', or set HF_TOKEN if it is private'}`;
    throw new FileError(shown, 'a model that you may read', `none (${status})`, remedy);
  }
  throw new FileError(shown, 'a good answer', `the status ${status}`, 'check HF_ENDPOINT');
}

async function jsonOf(answer: HubResponse, shown: string): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.pieces()) {
    bytes += piece.length;
    if (bytes > maxListingBytes)
      throw new FileError(shown, `at most ${maxListingBytes} bytes of JSON`, 'more');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (cause) {
    throw new FileError(shown, 'JSON', 'something else', 'check HF_ENDPOINT', { cause });
  }
}
