import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, readdir, readlink, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { commitOf, gitHash, sha256, startFakeHub } from '../../test/fake-hub.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { FileError } from '../base/errors.ts';
import { cachedModel } from './cache.ts';
import { parseHubName } from './name.ts';
import { pull, type PullOptions, type PullProgress } from './pull.ts';
import type { HubSettings } from './settings.ts';

const name = 'some-org/tiny.model';
const folder = 'models--some-org--tiny.model';
const commit = commitOf('first');
const text = (content: string): Uint8Array => Buffer.from(content);
const weights = randomBytes(300_000);

const files = (changes: Record<string, Uint8Array | undefined> = {}): ReadonlyMap<string, Uint8Array> =>
  new Map(
    Object.entries<Uint8Array | undefined>({
      'README.md': text('for people'),
      'config.json': text('{"architectures":["LLaDAModelLM"]}'),
      'tokenizer.json': text('{}'),
      'modeling_llada.py': text('import os'),
      'onnx/model.onnx': text('not wanted'),
      'model.safetensors': weights,
      ...changes,
    }).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined),
  );

/** A hub with one repository, an empty cache, and `pull` with short waits. */
async function start(t: TestContext, served = files(), options: Parameters<typeof startFakeHub>[3] = {}) {
  const hub = await startFakeHub(t, name, served, options);
  const cache = join(await temporaryFolder(t), 'hub');
  const settings: HubSettings = { endpoint: hub.endpoint, cache, offline: false };
  return {
    hub,
    cache,
    settings,
    pull: (options: PullOptions & { model?: string } = {}) =>
      pull(options.model ?? name, { settings, retryMs: 1, ...options }),
  };
}

const problem =
  (pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FileError, String(error));
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'));
    return true;
  };

const partsIn = async (cache: string): Promise<string[]> =>
  (await readdir(join(cache, folder, 'blobs'))).filter((blob) => blob.endsWith('.part'));

/** Sends so many bytes of the weights and breaks the connection. */
function drop(response: ServerResponse, from: number, bytes: number): true {
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': weights.length - from,
    ...(from > 0 && { 'content-range': `bytes ${from}-${weights.length - 1}/${weights.length}` }),
  });
  response.write(weights.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  return true;
}

const isWeights = (url = ''): boolean => url.startsWith('/sha256/');
const rangeOf = (range = ''): number => Number(/\d+/.exec(range)?.[0] ?? 0);

test('what a model needs is in the cache as every program of Hugging Face lays it out', async (t) => {
  const { hub, cache, settings, pull } = await start(t);
  const reports: PullProgress[] = [];
  const pulled = await pull({ onProgress: (progress) => reports.push(progress) });
  const names = ['config.json', 'model.safetensors', 'tokenizer.json'];
  assert.equal(pulled.path, join(cache, folder, 'snapshots', commit));
  assert.deepEqual((await readdir(pulled.path)).sort(), names);
  assert.equal(await readFile(join(cache, folder, 'refs', 'main'), 'utf8'), commit);
  for (const file of names) {
    const bytes = files().get(file)!;
    const blob = file === 'model.safetensors' ? sha256(bytes) : gitHash(bytes);
    assert.equal(await readlink(join(pulled.path, file)), join('../../blobs', blob));
    assert.deepEqual(await readFile(join(pulled.path, file)), Buffer.from(bytes));
  }
  assert.equal((await readdir(join(cache, folder, 'blobs'))).length, 3);
  const totalBytes = names.reduce((sum, file) => sum + files().get(file)!.length, 0);
  assert.deepEqual(reports.at(-1), { doneBytes: totalBytes, totalBytes, receivedBytes: totalBytes });
  assert.equal(pulled.receivedBytes, totalBytes);
  assert.equal(await cachedModel(parseHubName(name)!, settings), pulled.path);

  await t.test('and a second pull asks only whether the revision has moved', async () => {
    const before = hub.requests.length;
    assert.equal((await pull()).receivedBytes, 0);
    assert.deepEqual(hub.requests.slice(before), [`GET hub /api/models/${name}/revision/main`]);
  });

  await t.test('and offline it is there without a request', async () => {
    const before = hub.requests.length;
    assert.equal((await pull({ settings: { ...settings, offline: true } })).path, pulled.path);
    assert.equal(hub.requests.length, before);
  });
});

test('the shards are those that the index lists', async (t) => {
  const index = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };
  const shards = { 'model-1.safetensors': text('one'), 'model-2.safetensors': text('two') };
  const { settings, cache, pull } = await start(
    t,
    files({
      'model.safetensors': undefined,
      'model.safetensors.index.json': text(JSON.stringify(index)),
      ...shards,
      'consolidated.safetensors': text('the same again'),
    }),
  );
  const { path } = await pull();
  assert.deepEqual((await readdir(path)).filter((file) => /^(model|cons)/.test(file)).sort(), [
    'model-1.safetensors',
    'model-2.safetensors',
    'model.safetensors.index.json',
  ]);

  await t.test('and one that is gone is said to be', async () => {
    const { rm } = await import('node:fs/promises');
    await rm(join(cache, folder, 'blobs', sha256(text('two'))));
    await assert.rejects(
      cachedModel(parseHubName(name)!, settings),
      problem(
        /expected all of some-org\/tiny\.model, found no model-2\.safetensors; fetch the rest with unmask pull/,
      ),
    );
    await pull();
    assert.equal(await cachedModel(parseHubName(name)!, settings), path);
  });
});

test('a revision is a branch, a tag or a commit', async (t) => {
  const { cache, settings, pull } = await start(t, files(), { revisions: ['main', 'refs/pr/1'] });
  const { path } = await pull({ model: `${name}@refs/pr/1` });
  assert.equal(await readFile(join(cache, folder, 'refs/refs/pr/1'), 'utf8'), commit);
  assert.equal(await cachedModel(parseHubName(`${name}@refs/pr/1`)!, settings), path);
  await assert.rejects(
    cachedModel(parseHubName(name)!, settings),
    problem(/unmask pull some-org\/tiny\.model$/),
  );
  await pull({ model: `${name}@${commit}` });
  assert.ok(!existsSync(join(cache, folder, 'refs', commit)));
  assert.equal(await cachedModel(parseHubName(`${name}@${commit}`)!, settings), path);
  await assert.rejects(
    pull({ model: `${name}@nope` }),
    problem(/tiny\.model: expected a revision "nope", found none \(404\)/),
  );
});

test('a file of GGUF is pulled by its name, alone', async (t) => {
  const { settings, pull } = await start(
    t,
    files({ 'model.safetensors': undefined, 'q/tiny-Q4_0.gguf': weights, 'tiny-F16.gguf': text('f16') }),
  );
  const { path } = await pull({ model: `${name}:q/tiny-Q4_0.gguf` });
  assert.ok(path.endsWith(join(commit, 'q', 'tiny-Q4_0.gguf')));
  assert.deepEqual(await readFile(path), weights);
  assert.equal(await cachedModel(parseHubName(`${name}:q/tiny-Q4_0.gguf`)!, settings), path);
  await assert.rejects(
    pull(),
    problem(/found \.gguf files only; name one file, as "some-org\/tiny\.model:q\/tiny-Q4_0\.gguf", "/),
  );
  await assert.rejects(
    pull({ model: `${name}:other.gguf` }),
    problem(/expected a file "other\.gguf", found none; name/),
  );
});

test('connections that break in the middle are taken up where they broke', async (t) => {
  const { hub, pull } = await start(t);
  const notes: string[] = [];
  let drops = 0;
  hub.misbehaviour = ({ url, headers }, response) =>
    isWeights(url) && drops++ < 4 && drop(response, rangeOf(headers.range), 50_000);
  const { path, receivedBytes } = await pull({ onNote: (note) => notes.push(note) });
  assert.deepEqual(await readFile(join(path, 'model.safetensors')), weights);
  const ranges = hub.requests
    .filter((line) => line.startsWith('GET store'))
    .map((line) => rangeOf(line.split(' ')[3]));
  assert.deepEqual(ranges, [0, 50_000, 100_000, 150_000, 200_000]);
  assert.equal(notes.length, 4);
  assert.match(
    notes[0],
    /expected an answer, found a connection that broke \(.+\); check the network; again in/,
  );
  const small = files().get('config.json')!.length + files().get('tokenizer.json')!.length;
  assert.equal(receivedBytes, weights.length + small);
});

test('a server that breaks every connection is left after some attempts, and what came is kept', async (t) => {
  const { hub, cache, pull } = await start(t);
  hub.misbehaviour = ({ url, headers }, response) =>
    isWeights(url) && drop(response, rangeOf(headers.range), 10_000);
  await assert.rejects(pull(), problem(/found a connection that broke/));
  assert.equal(hub.requests.filter((line) => line.startsWith('GET store')).length, 6);
  const [part] = await partsIn(cache);
  assert.equal((await stat(join(cache, folder, 'blobs', part))).size, 60_000);
  assert.ok(!existsSync(join(cache, folder, 'refs')), 'half a model has no name');
  hub.misbehaviour = undefined;
  hub.sent = 0;
  await pull();
  assert.equal(hub.sent, weights.length - 60_000);
  assert.deepEqual(await partsIn(cache), []);
});

test('a server that ignores Range sends all of it again', async (t) => {
  const { hub, pull } = await start(t);
  let drops = 0;
  hub.misbehaviour = ({ url, headers }, response) => {
    if (!isWeights(url)) return false;
    delete headers.range;
    return drops++ < 2 && drop(response, 0, 50_000);
  };
  assert.deepEqual(await readFile(join((await pull()).path, 'model.safetensors')), weights);
  assert.equal(hub.sent, weights.length);
});

test('a server that sends another content is refused, and nothing of it is kept', async (t) => {
  const wrong = Buffer.from(weights);
  wrong[123_456] ^= 1;
  const { hub, cache, pull } = await start(t);
  hub.misbehaviour = ({ url }, response) => isWeights(url) && (response.end(wrong), true);
  await assert.rejects(
    pull(),
    problem(new RegExp(`with the hash ${sha256(weights)}, found ${sha256(wrong)}`)),
  );
  assert.deepEqual(await partsIn(cache), []);
  await t.test('also a small file, by the hash of git', async (t) => {
    const { hub, pull } = await start(t);
    hub.misbehaviour = ({ url, method }, response) =>
      method === 'GET' && url!.endsWith('/tokenizer.json') && (response.end('[]'), true);
    await assert.rejects(pull(), problem(/expected content with the hash [0-9a-f]{40}, found [0-9a-f]{40}/));
  });
});

test('a part that was damaged on the disk is downloaded again', async (t) => {
  const { hub, cache, pull } = await start(t);
  await mkdir(join(cache, folder, 'blobs'), { recursive: true });
  const part = join(cache, folder, 'blobs', `${sha256(weights)}.part`);
  await writeFile(part, Buffer.alloc(100_000));
  assert.deepEqual(await readFile(join((await pull()).path, 'model.safetensors')), weights);
  assert.equal(hub.sent, weights.length - 100_000 + weights.length);
});

test('a part that is longer than the file is thrown away', async (t) => {
  const { cache, pull } = await start(t);
  await mkdir(join(cache, folder, 'blobs'), { recursive: true });
  const part = join(cache, folder, 'blobs', `${sha256(weights)}.part`);
  await writeFile(part, weights);
  await appendFile(part, 'and more');
  assert.deepEqual(await readFile(join((await pull()).path, 'model.safetensors')), weights);
});

test('lies about the length are found out', async (t) => {
  const { hub, cache, pull } = await start(t);
  const lie = (said: number): void => {
    hub.misbehaviour = ({ url, method }, response) => {
      if (!url?.endsWith('/model.safetensors') || method !== 'HEAD') return false;
      response.writeHead(302, {
        location: `${hub.store}/sha256/${sha256(weights)}`,
        'x-linked-etag': `"${sha256(weights)}"`,
        'x-linked-size': said,
      });
      response.end();
      return true;
    };
  };
  lie(weights.length - 1);
  await assert.rejects(pull(), problem(/expected 299999 bytes, as the server said, found more/));
  lie(weights.length + 1);
  await assert.rejects(pull(), problem(/expected 300001 bytes, as the server said, found fewer/));
  assert.deepEqual(await partsIn(cache), []);
  lie(1e15);
  await assert.rejects(pull(), problem(/expected 1\.0 PB of free space, found/));
  lie(-1);
  await assert.rejects(pull(), problem(/expected its length, found "-1"/));

  await t.test('also in the answer to Range', async () => {
    lie(weights.length);
    const describe = hub.misbehaviour!;
    let asked = 0;
    hub.misbehaviour = (request, response) => {
      if (!isWeights(request.url)) return describe(request, response);
      if (asked++ === 0) return drop(response, 0, 1000);
      response.writeHead(206, { 'content-range': 'bytes 999-299999/300000' }).end(weights.subarray(999));
      return true;
    };
    await assert.rejects(pull(), problem(/expected bytes 1000- of 300000, found "bytes 999-299999\/300000"/));
  });
});

test('the token goes to the hub, and to no host that it redirects to', async (t) => {
  const { hub, settings, pull } = await start(t);
  await pull({ settings: { ...settings, token: 'hf_secret' } });
  const sentTo = (where: string) =>
    new Set(hub.tokens.filter((_, i) => hub.requests[i].split(' ')[1] === where));
  assert.deepEqual([...sentTo('hub')], ['Bearer hf_secret']);
  assert.deepEqual([...sentTo('store')], [undefined]);
  assert.ok(hub.requests.some((line) => line.startsWith('GET store')));
});

test('redirects come to an end, and lead to no other protocol', async (t) => {
  const { hub, pull } = await start(t);
  const redirect = (location: string): void => {
    hub.misbehaviour = (_, response) => (response.writeHead(307, { location }).end(), true);
  };
  redirect('/again');
  await assert.rejects(pull(), problem(/expected an answer, found more than 5 redirects/));
  assert.equal(hub.requests.length, 6);
  for (const location of ['file:///etc/passwd', 'http://[', 'data:text/plain,x']) {
    redirect(location);
    await assert.rejects(pull(), problem(/a redirect to no address that may be followed/), location);
  }
});

test('what may not be read is one sentence each', async (t) => {
  const { hub, settings, pull } = await start(t);
  const answer = (status: number, code?: string): void => {
    hub.misbehaviour = (_, response) => {
      response.writeHead(status, code === undefined ? {} : { 'x-error-code': code }).end('<html>');
      return true;
    };
  };
  answer(401, 'RepoNotFound');
  await assert.rejects(
    pull(),
    problem(
      /tiny\.model: expected a model that you may read, found none \(401\); check the name, or set HF_TOKEN if it is private/,
    ),
  );
  await assert.rejects(
    pull({ settings: { ...settings, token: 'x' } }),
    problem(/found none \(401\); check the name and that HF_TOKEN may read it/),
  );
  answer(403, 'GatedRepo');
  await assert.rejects(
    pull(),
    problem(/found a gated one \(403\); accept its terms on that page, and set HF_TOKEN/),
  );
  answer(404);
  await assert.rejects(pull(), problem(/found none \(404\)/));
  answer(418);
  await assert.rejects(pull(), problem(/found the status 418; check HF_ENDPOINT/));
  hub.misbehaviour = (_, response) => (response.end('<html>welcome to our network</html>'), true);
  await assert.rejects(pull(), problem(/expected JSON, found something else/));
  hub.misbehaviour = (_, response) => (response.end('{"sha":"../..","siblings":[]}'), true);
  await assert.rejects(pull(), problem(/expected the hub's list of files, found something else/));
});

test('a busy server is asked again, later, and not for ever', async (t) => {
  const { hub, pull } = await start(t);
  let left = 3;
  const statuses = [500, 503, 429];
  hub.misbehaviour = (_, response) => left-- > 0 && (response.writeHead(statuses[left]).end(), true);
  await pull();
  hub.misbehaviour = (_, response) => (response.writeHead(429).end(), true);
  hub.requests.length = 0;
  await assert.rejects(pull(), problem(/found too many requests \(429\); try again later/));
  assert.equal(hub.requests.length, 6);

  await t.test('as late as it asks', async () => {
    const notes: string[] = [];
    const stop = new AbortController();
    hub.misbehaviour = (_, response) => (response.writeHead(503, { 'retry-after': '7' }).end(), true);
    const stopped = pull({ signal: stop.signal, onNote: (note) => (notes.push(note), stop.abort()) });
    await assert.rejects(stopped, { name: 'AbortError' });
    assert.match(notes[0], /a server in trouble \(503\); try again later; again in 7 s$/);
  });
});

test('a server that says nothing any more is left', async (t) => {
  const { hub, pull } = await start(t);
  let stalls = 1;
  hub.misbehaviour = ({ url }, response) => {
    if (!isWeights(url) || stalls-- <= 0) return false;
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, 10));
    return true;
  };
  const notes: string[] = [];
  await pull({ stallMs: 200, onNote: (note) => notes.push(note) });
  assert.match(notes.join(), /a connection that broke \(nothing for 1 s\)/);
});

test('without a network it is one sentence, at once', async (t) => {
  const cache = await temporaryFolder(t);
  const settings = { endpoint: 'http://127.0.0.1:9', cache, offline: false };
  await assert.rejects(
    pull(name, { settings }),
    problem(
      /^http:\/\/127\.0\.0\.1:9\/some-org\/tiny\.model: expected an answer, found no connection \(.+\); check the network$/,
    ),
  );
});

test('offline and absent is an error that says how to get it', async (t) => {
  const { hub, cache, settings, pull } = await start(t);
  await assert.rejects(
    pull({ settings: { ...settings, offline: true } }),
    problem(
      /^some-org\/tiny\.model: .* pulled into .*, found neither; check the path, or fetch it with unmask pull some-org\/tiny\.model \(with HF_HUB_OFFLINE unset\)$/,
    ),
  );
  assert.deepEqual([hub.requests, existsSync(cache)], [[], false]);
});

test('names by which a server would have us write elsewhere are refused', async (t) => {
  for (const evil of ['../../../evil.gguf', '/etc/evil.gguf', 'a\\..\\evil.gguf', 'C:evil.gguf']) {
    const { cache, pull } = await start(t, files({ [evil]: text('evil') }));
    await assert.rejects(pull({ model: `${name}:${evil}` }), /must be org\/name/, evil);
    assert.ok(!existsSync(cache));
  }
  const index = { weight_map: { a: '../../../../evil.safetensors' } };
  const { cache, pull } = await start(
    t,
    files({ 'model.safetensors': undefined, 'model.safetensors.index.json': text(JSON.stringify(index)) }),
  );
  await assert.rejects(pull(), problem(/expected names of files inside the repository, found "\.\./));
  assert.ok(!existsSync(join(cache, '..', 'evil.safetensors')));

  const other = await start(t);
  for (const tag of ['../../evil', 'abc', `${'0'.repeat(39)}/`]) {
    other.hub.misbehaviour = ({ method }, response) =>
      method === 'HEAD' && (response.writeHead(200, { etag: `"${tag}"`, 'content-length': 3 }).end(), true);
    await assert.rejects(other.pull(), problem(/expected its hash in the ETag, found/));
  }
});

test('a repository without weights that can be read safely is refused', async (t) => {
  const { pull } = await start(
    t,
    files({ 'model.safetensors': undefined, 'pytorch_model.bin': text('pickle') }),
  );
  await assert.rejects(
    pull(),
    problem(/expected weights as model\.safetensors, found only "pytorch_model\.bin"/),
  );
});

test('two pulls at once download every file once', async (t) => {
  const { hub, pull } = await start(t);
  hub.misbehaviour = async ({ url }) => {
    if (isWeights(url)) await new Promise((resolve) => setTimeout(resolve, 100));
    return false;
  };
  const notes: string[] = [];
  const [one, other] = await Promise.all([1, 2].map(() => pull({ onNote: (note) => notes.push(note) })));
  assert.equal(one.path, other.path);
  assert.equal(hub.sent, weights.length);
  assert.equal(Math.min(one.receivedBytes, other.receivedBytes), 0);
  assert.deepEqual(notes, [
    `process ${process.pid} on ${JSON.stringify((await import('node:os')).hostname())} is downloading ${name}; waiting for it`,
  ]);
});

test('Ctrl-C stops at once, and the next pull goes on', async (t) => {
  const { hub, cache, pull } = await start(t);
  const stop = new AbortController();
  hub.misbehaviour = ({ url }, response) => {
    if (!isWeights(url)) return false;
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, 70_000));
    return true;
  };
  const reason = new DOMException('interrupted', 'AbortError');
  const stopped = pull({
    signal: stop.signal,
    onProgress: ({ doneBytes }) => doneBytes >= 70_000 && setTimeout(() => stop.abort(reason), 20),
  });
  await assert.rejects(stopped, { name: 'AbortError' });
  assert.equal((await partsIn(cache)).length, 1);
  hub.misbehaviour = undefined;
  hub.sent = 0;
  await pull();
  assert.equal(hub.sent, weights.length - 70_000);
});
