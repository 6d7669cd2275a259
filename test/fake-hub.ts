import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** Does something else with a request than the hub would; false leaves it to the hub. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface FakeHub {
  readonly endpoint: string;
  /** Where large files lie: another host, to which the hub redirects. */
  readonly store: string;
  /** What was asked for, in order: "GET hub /api/…", "GET store /sha256/… bytes=5-". */
  readonly requests: string[];
  /** The authorization that each request brought, by the same index. */
  readonly tokens: (string | undefined)[];
  /** Bytes of content that the store was about to send. */
  sent: number;
  /** What answers instead, as long as it's set. */
  misbehaviour?: Misbehaviour;
}

export const commitOf = (text: string): string => createHash('sha1').update(text).digest('hex');
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const gitHash = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/**
 * A server on 127.0.0.1 that answers like the Hugging Face hub for one repository: small files by itself, with git's hash
 * as ETag; weights from another host, to which it redirects with the SHA-256 in X-Linked-ETag.
 */
export async function startFakeHub(
  t: TestContext,
  repository: string,
  files: ReadonlyMap<string, Uint8Array>,
  {
    commit = commitOf('first'),
    revisions = ['main'],
  }: { commit?: string; revisions?: readonly string[] } = {},
): Promise<FakeHub> {
  const isLarge = (name: string): boolean => /\.(safetensors|gguf)$/.test(name);
  const stored = new Map(
    [...files].filter(([name]) => isLarge(name)).map(([, bytes]) => [sha256(bytes), bytes]),
  );
  const hub: FakeHub = { endpoint: '', store: '', requests: [], tokens: [], sent: 0 };

  const listen = async (
    name: string,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> => {
    const server = createServer((request, response) => {
      const range = request.headers.range ? ` ${request.headers.range}` : '';
      hub.requests.push(`${request.method} ${name} ${request.url}${range}`);
      hub.tokens.push(request.headers.authorization);
      void (async () => {
        if (!(await hub.misbehaviour?.(request, response))) answer(request, response);
      })();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const error = (response: ServerResponse, status: number, code: string): void =>
    void response.writeHead(status, { 'x-error-code': code }).end(code);

  const store = await listen('store', (request, response) => {
    const bytes = stored.get((request.url ?? '').slice('/sha256/'.length));
    if (!bytes) return error(response, 404, 'EntryNotFound');
    hub.sent += sendBytes(request, response, bytes);
  });
  const endpoint = await listen('hub', (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    for (const revision of [...revisions, commit]) {
      if (path !== `/api/models/${repository}/revision/${revision}`) continue;
      const siblings = Array.from(files.keys(), (rfilename) => ({ rfilename }));
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ id: repository, sha: commit, siblings }));
    }
    if (path.startsWith(`/api/models/${repository}/`)) return error(response, 404, 'RevisionNotFound');
    const prefix = `/${repository}/resolve/`;
    if (!path.startsWith(prefix)) return error(response, 401, 'RepoNotFound');
    const [revision, ...rest] = path.slice(prefix.length).split('/');
    const bytes = files.get(rest.join('/'));
    if (!bytes || ![commit, ...revisions].includes(revision)) return error(response, 404, 'EntryNotFound');
    response.setHeader('x-repo-commit', commit);
    if (!isLarge(rest.join('/'))) {
      response.setHeader('etag', `"${gitHash(bytes)}"`);
      return void sendBytes(request, response, bytes);
    }
    response.writeHead(302, {
      location: `${store}/sha256/${sha256(bytes)}`,
      'x-linked-etag': `"${sha256(bytes)}"`,
      'x-linked-size': bytes.length,
    });
    response.end();
  });
  return Object.assign(hub, { endpoint, store });
}

/** Sends a file, or the part that a Range asks for. */
function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): number {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= bytes.length && from > 0) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return 0;
  }
  const part = bytes.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': part.length,
    'accept-ranges': 'bytes',
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
  return request.method === 'HEAD' ? 0 : part.length;
}

/** What the hub would read of this process's environment, for the time of a test. */
export function hubEnvironment(t: TestContext, env: Record<string, string>): void {
  const before = { ...process.env };
  for (const key of Object.keys(before)) if (key.startsWith('HF_')) delete process.env[key];
  Object.assign(process.env, env);
  t.after(() => {
    for (const key of Object.keys(env)) delete process.env[key];
    Object.assign(process.env, before);
  });
}
