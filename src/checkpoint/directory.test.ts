import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { FileError } from '../base/errors.ts';
import { readModelConfig, writeModelDirectory } from './directory.ts';
import { type DurableFs, nodeFs } from './durable-fs.ts';
import { readJson } from './read-json.ts';
import { openWeights } from './open-weights.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unmask-directory-'));
});
after(() => rm(folder, { recursive: true }));

const modelOf = (value: number) => ({
  config: { model_type: 'llada', vocab_size: value },
  generationConfig: { eos_token_id: 0 },
  weights: [{ name: 'w', shape: [1], data: Float32Array.of(value) }],
  tokenizerFiles: new Map([['tokenizer.json', Buffer.from('{}')]]),
});

test('a model directory is read as it was written', async () => {
  const directory = join(folder, 'new', 'model');
  await writeModelDirectory(directory, modelOf(7));
  assert.deepEqual((await readdir(directory)).sort(), [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
  ]);
  const { config, path } = await readModelConfig(directory);
  assert.equal(path, join(directory, 'config.json'));
  assert.deepEqual({ ...config }, { model_type: 'llada', vocab_size: 7 });
  assert.equal(config['constructor'], undefined);
  assert.deepEqual((await (await openWeights(directory)).read('w')).data, Float32Array.of(7));
  assert.match(
    await readFile(join(directory, 'model.safetensors'), 'latin1'),
    /"__metadata__":\{"format":"pt"\}/,
  );
  assert.deepEqual(await readdir(dirname(directory)), ['model']);
});

test('large weights lie in several files with an index, no tensor divided', async () => {
  const directory = join(folder, 'shards');
  const weights = [3, 2, 4, 1].map((length, i) => ({
    name: `w${i}`,
    shape: [length],
    data: new Float32Array(length).fill(i),
  }));
  await writeModelDirectory(directory, { ...modelOf(1), weights }, { shardBytes: 5 * 4 });
  const read = await openWeights(directory);
  const shard = (i: number) => `model-0000${i}-of-00002.safetensors`;
  assert.deepEqual(
    Array.from(read.entries.values(), ({ name, file }) => [name, basename(file)]),
    [
      ['w0', shard(1)],
      ['w1', shard(1)],
      ['w2', shard(2)],
      ['w3', shard(2)],
    ],
  );
  for (const { name, data } of weights) assert.deepEqual((await read.read(name)).data, data);
  const index = join(directory, 'model.safetensors.index.json');
  assert.deepEqual(((await readJson(index)) as { metadata: object }).metadata, { total_size: 40 });
});

test('a directory with something in it is replaced only when that is asked for and it is a model', async () => {
  const directory = join(folder, 'stands');
  await writeModelDirectory(directory, modelOf(1));
  await assert.rejects(
    writeModelDirectory(directory, modelOf(2)),
    /expected a new or an empty directory, found "/,
  );
  await writeModelDirectory(directory, modelOf(2), { replace: true });
  assert.equal((await readModelConfig(directory)).config['vocab_size'], 2);
  assert.ok(!(await readdir(folder)).some((name) => name.startsWith('.')));

  const other = await mkdtemp(join(folder, 'other-'));
  await writeModelDirectory(other, modelOf(3));
  await rm(join(other, 'config.json'));
  await assert.rejects(
    writeModelDirectory(other, modelOf(4), { replace: true }),
    /expected a model to replace/,
  );
  await assert.rejects(writeModelDirectory(join(other, 'model.safetensors'), modelOf(4)), FileError);
});

test('whichever operation of the disk fails, one whole model stands and no half one has its name', async () => {
  const directory = join(folder, 'failing');
  let failures = 0;
  for (let n = 1; ; n++) {
    await rm(directory, { recursive: true, force: true });
    await writeModelDirectory(directory, modelOf(1));
    let left = n;
    const operate = (): void => {
      if (--left === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    };
    const fs: DurableFs = {
      ...nodeFs,
      makeDirectory: async (path) => (operate(), nodeFs.makeDirectory(path)),
      rename: async (from, to) => (operate(), nodeFs.rename(from, to)),
      syncDirectory: async (path) => (operate(), nodeFs.syncDirectory(path)),
      async create(path) {
        operate();
        const file = await nodeFs.create(path);
        return { ...file, write: async (bytes) => (operate(), file.write(bytes)) };
      },
    };
    const error: unknown = await writeModelDirectory(directory, modelOf(2), { replace: true, fs }).catch(
      (error: unknown) => error,
    );
    if (left > 0) break;
    failures++;
    if (error !== undefined) assert.match(String(error), /a full disk \(ENOSPC\)/);
    const { config } = await readModelConfig(directory);
    const { data } = await (await openWeights(directory)).read('w');
    assert.equal(data[0], config['vocab_size'], `operation ${n}`);
    assert.ok(!(await readdir(folder)).some((name) => name.includes('.tmp-')), `operation ${n}`);
    await rm(join(folder, `.${basename(directory)}.old`), { recursive: true, force: true });
  }
  assert.ok(failures > 10, `${failures}`);
});

test('JSON that is absent, empty, broken, too large, too deep or no object is a FileError that says so', async () => {
  const path = join(folder, 'config.json');
  const cases: [text: string | Uint8Array, reason: RegExp][] = [
    ['', /expected JSON, found an empty file/],
    ['{"a":1,}', /expected JSON, found /],
    ['[1]', /expected an object in JSON, found a list/],
    ['null', /expected an object in JSON, found null/],
    [`{"a":"${'x'.repeat(5 << 20)}"}`, /at most 4194304 bytes of JSON/],
    [`{"a":${'['.repeat(65)}${']'.repeat(65)}}`, /at most 64 deep, found a depth of 66/],
    [Buffer.from([0x7b, 0xff, 0x7d]), /text in UTF-8/],
  ];
  await assert.rejects(readModelConfig(folder), /config\.json: .* nothing there/);
  for (const [text, reason] of cases) {
    await writeFile(path, text);
    await assert.rejects(readModelConfig(folder), (error) => {
      assert.ok(error instanceof FileError);
      assert.match(error.message, reason);
      return true;
    });
  }
});

test('brackets in strings are not depth, and members of Object.prototype are only what the file says', async () => {
  const path = join(folder, 'fine.json');
  await writeFile(path, JSON.stringify({ text: `\\"${'['.repeat(1000)}`, list: [1, { a: null }] }));
  assert.deepEqual(await readJson(path), { text: `\\"${'['.repeat(1000)}`, list: [1, { a: null }] });
  await writeFile(join(folder, 'config.json'), '{"__proto__":{"admin":true}}');
  const { config } = await readModelConfig(folder);
  assert.equal(config['admin'], undefined);
  assert.equal(config['toString'], undefined);
});
