import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** A test, or a file of them, which says what is done when it ends. */
export interface Ending {
  after(work: () => Promise<void> | void): void;
}

export interface StaticServer {
  readonly url: string;
  /** Paths that were asked for, with the range and the bytes that were sent. */
  readonly sent: { readonly path: string; readonly range?: string; bytes: number }[];
  /** Answers are broken off after so many bytes each, until it is undefined again. */
  breakAfter: number | undefined;
  close(): Promise<void>;
}

/**
 * A host as the dumbest are: files of folders, with ranges, at paths.
 *
 * @param folders  by the path that they are served under
 * @param headers  of every answer
 */
export async function serveFolders(
  t: Ending,
  folders: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticServer> {
  const sent: StaticServer['sent'] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://host').pathname);
    const file = fileAt(folders, path);
    const entry = { path, range: request.headers.range, bytes: 0 };
    sent.push(entry);
    if (file === undefined) {
      response.writeHead(404, headers).end();
      return;
    }
    const { size, mtimeMs } = statSync(file);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = from === undefined ? 0 : Number(from);
    const end = Math.min(size - 1, to ? Number(to) : size - 1);
    response.writeHead(from === undefined ? 200 : 206, {
      ...headers,
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Content-Length': size === 0 ? 0 : end - start + 1,
      'Last-Modified': new Date(mtimeMs).toUTCString(),
      ...(from !== undefined && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    });
    if (size === 0) response.end();
    else send(file, { start, end }, response, entry, served.breakAfter);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  let isClosed = false;
  const served: StaticServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent,
    breakAfter: undefined,
    async close() {
      if (isClosed) return;
      isClosed = true;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  t.after(() => served.close());
  return served;
}

function fileAt(folders: Readonly<Record<string, string>>, path: string): string | undefined {
  for (const [prefix, folder] of Object.entries(folders)) {
    if (!path.startsWith(prefix)) continue;
    const inside = normalize(path.slice(prefix.length) || 'index.html');
    const file = join(folder, inside.endsWith('/') ? `${inside}index.html` : inside);
    if (!inside.startsWith('..') && existsSync(file) && statSync(file).isFile()) return file;
  }
  return undefined;
}

function send(
  file: string,
  range: { start: number; end: number },
  response: ServerResponse,
  entry: { bytes: number },
  breakAfter: number | undefined,
): void {
  const stream = createReadStream(file, range);
  stream.on('data', (chunk) => {
    entry.bytes += chunk.length;
    if (breakAfter !== undefined && entry.bytes > breakAfter) {
      stream.destroy();
      response.destroy();
    } else if (!response.write(chunk)) {
      stream.pause();
      response.once('drain', () => stream.resume());
    }
  });
  stream.on('end', () => response.end());
  response.on('close', () => stream.destroy());
}
