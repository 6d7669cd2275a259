import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from './model-files.ts';
import type { FileRecord, PartsCache } from './parts-cache.ts';
import { type RemoteOptions, remoteFiles } from './remote-files.ts';

const part = 4 << 20;
const base = 'https://example.test/model/';
const bytes = Uint8Array.from({ length: 2 * part + 100 }, (_, i) => (i * 31) % 251);

function memoryCache(room = Infinity): PartsCache & { readonly parts: Map<string, Uint8Array<ArrayBuffer>> } {
  const [records, parts] = [new Map<string, FileRecord>(), new Map<string, Uint8Array<ArrayBuffer>>()];
  return {
    parts,
    record: async (url) => records.get(url),
    setRecord: async (url, record) => void records.set(url, record),
    part: async (url, index) => parts.get(`${index} ${url}`),
    async setPart(url, index, content) {
      if (parts.size >= room) throw new DOMException('full', 'QuotaExceededError');
      parts.set(`${index} ${url}`, content);
    },
    async clear() {
      records.clear();
      parts.clear();
    },
  };
}

/** A server with one file; `ranges` says whether it knows them. */
function serverOf(content: Uint8Array<ArrayBuffer>, { ranges = true, version = 'a' } = {}) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request, { headers }: RequestInit = {}) => {
    const range = (headers as Record<string, string>).Range;
    asked.push(`${String(url).slice(base.length)} ${range}`);
    if (!String(url).endsWith('weights')) return new Response('no', { status: 404 });
    if (!ranges) return new Response(content, { headers: { ETag: version } });
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range)!;
    const slice = content.slice(Number(from), Number(to) + 1);
    const end = Number(from) + slice.length - 1;
    return new Response(slice, {
      status: 206,
      headers: { ETag: version, 'Content-Range': `bytes ${from}-${end}/${content.length}` },
    });
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
}

const filesWith = (options: Pick<RemoteOptions, 'cache' | 'fetch'> & Partial<RemoteOptions>) =>
  remoteFiles(base, options);

test('a file comes in parts, is read anywhere, and is not asked for again', async () => {
  const cache = memoryCache();
  const server = serverOf(bytes);
  const downloads: number[] = [];
  const onDownload = (_: string, done: number) => downloads.push(done);
  const file = (await filesWith({ cache, fetch: server.fetch, onDownload }).open('weights'))!;
  assert.equal(file.size, bytes.length);
  const middle = new Uint8Array(20);
  await file.readInto(middle, part - 10);
  assert.deepEqual(middle, bytes.slice(part - 10, part + 10));
  assert.deepEqual(await contentOf(file), bytes);
  assert.equal(server.asked.length, 3);
  assert.equal(downloads.at(-1), bytes.length);

  const again = (await filesWith({ cache, fetch: () => assert.fail('asked') }).open('weights'))!;
  assert.deepEqual(await contentOf(again), bytes);
});

test('a download that was broken off goes on behind the last whole part', async () => {
  const cache = memoryCache();
  const server = serverOf(bytes);
  let left = 2;
  const breaking = ((...given: Parameters<typeof fetch>) =>
    left-- > 0 ? server.fetch(...given) : Promise.reject(new TypeError('network'))) as typeof fetch;
  const file = (await filesWith({ cache, fetch: breaking }).open('weights'))!;
  await assert.rejects(contentOf(file), /a server that answers, found no answer/);
  assert.equal(server.asked.length, 2);
  const resumed = (await filesWith({ cache, fetch: server.fetch }).open('weights'))!;
  assert.deepEqual(await contentOf(resumed), bytes);
  assert.deepEqual(server.asked.slice(2), [`weights bytes=${2 * part}-${3 * part - 1}`]);
});

test('a server without ranges sends the file once', async () => {
  const server = serverOf(bytes, { ranges: false });
  const file = (await filesWith({ cache: memoryCache(), fetch: server.fetch }).open('weights'))!;
  assert.deepEqual(await contentOf(file), bytes);
  assert.equal(server.asked.length, 1);
});

test('a file that is not there is remembered as such', async () => {
  const cache = memoryCache();
  const server = serverOf(bytes);
  for (let i = 0; i < 2; i++)
    assert.equal(await filesWith({ cache, fetch: server.fetch }).open('absent'), undefined);
  assert.equal(server.asked.length, 1);
});

test('a file that changes between two parts is refused, and downloaded anew the next time', async () => {
  const cache = memoryCache();
  const first = (await filesWith({ cache, fetch: serverOf(bytes).fetch }).open('weights'))!;
  await first.readInto(new Uint8Array(1), 0);
  const changed = serverOf(bytes.slice(1), { version: 'b' });
  const file = (await filesWith({ cache, fetch: changed.fetch }).open('weights'))!;
  await assert.rejects(contentOf(file), /found a changed one; load it again/);
  const anew = (await filesWith({ cache, fetch: changed.fetch }).open('weights'))!;
  assert.deepEqual(await contentOf(anew), bytes.slice(1));
});

test('where the storage is full the file is read all the same, and a sentence says so once', async () => {
  const notes: string[] = [];
  const options = { cache: memoryCache(1), fetch: serverOf(bytes).fetch };
  const file = (await filesWith({ ...options, note: (text) => notes.push(text) }).open('weights'))!;
  assert.deepEqual(await contentOf(file), bytes);
  assert.deepEqual(notes.length, 1);
  assert.match(notes[0], /storage is full/);
});

test('an answer that is not the part that was asked for is refused, and never waited for without end', async () => {
  const good = serverOf(bytes);
  /** A server that is as it should be for the first part, and then does something else. */
  const turning = (then: (from: number) => Response) =>
    ((url: string, init: RequestInit) => {
      const from = Number(/bytes=(\d+)/.exec((init.headers as Record<string, string>).Range)![1]);
      return from === 0 ? good.fetch(url, init) : Promise.resolve(then(from));
    }) as typeof fetch;
  const range = (content: Uint8Array<ArrayBuffer>, from: number) =>
    new Response(content, {
      status: 206,
      headers: { ETag: 'a', 'Content-Range': `bytes ${from}-${from + part - 1}/${bytes.length}` },
    });
  for (const [name, then, problem] of [
    ['short', (from) => range(bytes.slice(from, from + 10), from), /bytes from 4194304 on, found 10/],
    ['empty', (from) => range(new Uint8Array(), from), /bytes from 4194304 on, found 0/],
    ['long', (from) => range(new Uint8Array(2 * part), from), /bytes from 4194304 on, found 8388608/],
    ['elsewhere', () => range(bytes.slice(0, part), 0), /found bytes from 0 on/],
    ['gone', () => new Response('no', { status: 404 }), /a changed one/],
    ['whole and other', () => new Response(bytes.slice(1), { headers: { ETag: 'a' } }), /a changed one/],
    ['a page', () => new Response('<p>', { headers: { 'Content-Type': 'text/html' } }), /a changed one/],
  ] satisfies [string, (from: number) => Response, RegExp][]) {
    const file = (await filesWith({ cache: memoryCache(), fetch: turning(then) }).open('weights'))!;
    await assert.rejects(contentOf(file), problem, name);
  }

  const cache = memoryCache();
  const file = (await filesWith({ cache, fetch: good.fetch }).open('weights'))!;
  await contentOf(file);
  cache.parts.set(`1 ${base}weights`, bytes.slice(0, 3));
  const again = (await filesWith({ cache, fetch: good.fetch }).open('weights'))!;
  assert.deepEqual(await contentOf(again), bytes, 'a part that is kept in part is asked for again');
});
