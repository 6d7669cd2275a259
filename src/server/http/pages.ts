import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { HttpError } from './http-error.ts';
import { serverAttribute } from './site-places.ts';
import type { Service } from './service.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

const index = 'index.html';

/** What a person sees who opens the address in a browser and no page was built. */
const plainPage = `unmask serves models that write by unmasking.

  GET  /v1/models             the models
  POST /v1/chat/completions   OpenAI's API; so is /v1/completions
  POST /v1/fim/completions    a gap between two texts
  GET  /openapi.json          everything, with every option
`;

/**
 * A file of the page: `/` is its index, `/assets/…` the rest.
 *
 * @throws HttpError 404
 */
export async function page({ pages }: Pick<Service, 'pages'>, file: string): Promise<Response> {
  if (pages === undefined && file === '')
    return new Response(plainPage, { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
  return fileOf(pages, file === '' ? index : `assets/${file}`);
}

/** What a page needs whose models compute in it: WebAssembly, also in several threads. */
const siteHeaders = {
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * A file of the site (`npm run site`): the studio's pages with the models in the browser. Its index says where the server's own
 * pages are.
 *
 * @throws HttpError 404  also where it was not built
 */
export async function sitePage({ site }: Pick<Service, 'site'>, file: string): Promise<Response> {
  if (file !== '' && file !== index) return fileOf(site, file, siteHeaders);
  const response = await fileOf(site, index, siteHeaders);
  const told = (await response.text()).replace('<html', `<html ${serverAttribute}="../"`);
  const headers = new Headers(response.headers);
  headers.set('Content-Length', String(Buffer.byteLength(told)));
  return new Response(told, { headers });
}

/** @throws HttpError 404 */
async function fileOf(
  folder: string | undefined,
  file: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const notFound = new HttpError(404, 'there is no such file');
  if (folder === undefined) throw notFound;
  let path: string;
  let size: number;
  try {
    path = await resolveInside(folder, file);
    const found = await stat(path);
    if (!found.isFile()) throw notFound;
    size = found.size;
  } catch {
    throw notFound;
  }
  return new Response(Readable.toWeb(createReadStream(path)) as ReadableStream, {
    headers: {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      'Content-Length': String(size),
      'Cache-Control': 'no-cache',
      ...more,
    },
  });
}
