import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { goldenRoot, referencePath } from '../../test/reference.ts';
import { writeSafetensors } from '../../test/write-safetensors.ts';
import { FileError } from '../base/errors.ts';
import { resolveInside } from './resolve-inside.ts';
import { openWeights } from './open-weights.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unmask-weights-'));
});
after(() => rm(folder, { recursive: true }));

const shard1 = 'model-00001-of-00002.safetensors';
const shard2 = 'model-00002-of-00002.safetensors';

/** A directory with the tensors a, b in the first shard and c in the second; tensor n holds its number. */
async function sharded(weightMap: Record<string, unknown>): Promise<string> {
  const directory = await mkdtemp(join(folder, 'sharded-'));
  const tensor = (name: string, value: number) => ({ name, shape: [1], data: Float32Array.of(value) });
  await writeSafetensors(join(directory, shard1), [tensor('a', 1), tensor('b', 2)]);
  await writeSafetensors(join(directory, shard2), [tensor('c', 3)]);
  await writeIndex(directory, { weight_map: weightMap });
  return directory;
}

const writeIndex = (directory: string, index: unknown): Promise<void> =>
  writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify(index));

const right = { a: shard1, b: shard1, c: shard2 };

describe('the weights of a directory', () => {
  test('are those of all its shards', async () => {
    const directory = await sharded(right);
    const weights = await openWeights(directory);
    assert.deepEqual([...weights.entries.keys()].sort(), ['a', 'b', 'c']);
    assert.equal(weights.totalBytes, 12);
    assert.equal(weights.entries.get('c')?.file, join(directory, shard2));
    assert.deepEqual(await weights.read('b'), { shape: [1], data: Float32Array.of(2) });
    assert.deepEqual(await weights.readRaw('c'), Uint8Array.of(0, 0, 0x40, 0x40));
    await assert.rejects(weights.read('d'), /expected weights with a tensor "d", found 3 others/);
  });

  test('are those of model.safetensors where there is one', async () => {
    const directory = await sharded(right);
    await writeSafetensors(join(directory, 'model.safetensors'), [
      { name: 'x', shape: [1], data: Float32Array.of(9) },
    ]);
    assert.deepEqual([...(await openWeights(directory)).entries.keys()], ['x']);
  });

  test('are the parts of a tensor that has parts, each at its place in the file', async () => {
    const directory = await mkdtemp(join(folder, 'parts-'));
    await writeSafetensors(join(directory, 'model.safetensors'), [
      { name: 'other', shape: [1], data: Float32Array.of(9) },
      { name: 'stack', shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) },
    ]);
    const parts = (shape: number[]) => (name: string) =>
      name === 'stack' ? [0, 1].map((i) => ({ name: `stack[${i}]`, shape })) : undefined;
    const weights = await openWeights(directory, parts([1, 2]));
    assert.deepEqual([...weights.entries.keys()].sort(), ['other', 'stack[0]', 'stack[1]']);
    assert.deepEqual(await weights.read('stack[1]'), { shape: [1, 2], data: Float32Array.of(3, 4) });
    assert.equal((await weights.readRaw('stack[0]')).length, 8);
    assert.equal(weights.totalBytes, 20);
    await assert.rejects(
      openWeights(directory, parts([1, 3])),
      /"stack" to be a stack of 2 matrices, found \[2, 1, 2\]/,
    );
  });

  const { a, b, c } = right;
  const wrong: [name: string, index: unknown, reason: RegExp][] = [
    ['no weight_map', {}, /expected an object weight_map, found undefined/],
    ['a weight_map that is a list', { weight_map: [] }, /an object weight_map/],
    ['an empty weight_map', { weight_map: {} }, /tensors in weight_map, found none/],
    ['an index that is a list', [], /an object in JSON, found a list/],
    ['a shard that is a number', { weight_map: { a, b, c: 2 } }, /a file name for "c", found 2/],
    [
      'a shard that is not there',
      { weight_map: { a, b, c: 'x.safetensors' } },
      /x\.safetensors: .* nothing there/,
    ],
    ['a tensor in another shard than it says', { weight_map: { a, b: c, c } }, /"b", in "model-00002/],
    ['a tensor that no shard has', { weight_map: { a, b, c, d: shard2 } }, /tensor "d", as the index says/],
    ['a tensor that it leaves out', { weight_map: { a, c } }, /"b", in no shard by it/],
    ['a shard above the directory', { weight_map: { a, b, c: `../x/${shard2}` } }, /names of files inside/],
    ['a shard in the root', { weight_map: { a, b, c: '/etc/passwd' } }, /names of files inside/],
  ];
  for (const [name, index, reason] of wrong) {
    test(`are refused for ${name}`, async () => {
      const directory = await sharded(right);
      await writeIndex(directory, index);
      await assert.rejects(openWeights(directory), (error) => {
        assert.ok(error instanceof FileError, String(error));
        assert.match(error.message, reason);
        return true;
      });
    });
  }

  test('are refused where one tensor is in two shards', async () => {
    const directory = await sharded(right);
    await writeSafetensors(join(directory, shard2), [
      { name: 'b', shape: [1], data: Float32Array.of(3) },
      { name: 'c', shape: [1], data: Float32Array.of(3) },
    ]);
    await assert.rejects(
      openWeights(directory),
      /model-00002.* only tensors that the index puts there, found "b", in/,
    );
  });

  test('are refused where the index is broken, absent or no JSON', async () => {
    const directory = await sharded(right);
    const path = join(directory, 'model.safetensors.index.json');
    await writeFile(path, '{"weight_map":');
    await assert.rejects(openWeights(directory), /index\.json: expected JSON, found Unexpected end/);
    await writeFile(path, `${'['.repeat(100_000)}`);
    await assert.rejects(openWeights(directory), /JSON at most 64 deep, found a depth of 100000/);
    await writeFile(path, Buffer.from('{"\xff":1}', 'latin1'));
    await assert.rejects(openWeights(directory), /text in UTF-8/);
    await rm(path);
    await assert.rejects(openWeights(directory), /model\.safetensors\.index\.json, found neither/);
    await assert.rejects(openWeights(join(directory, 'x')), /found nothing there; check the path/);
  });
});

describe('a name from a file', () => {
  test('leads only into the directory', async () => {
    const root = await mkdtemp(join(folder, 'root-'));
    await mkdir(join(root, 'sub'));
    await writeFile(join(root, 'sub', 'file'), '');
    await writeFile(join(folder, 'secret'), '');
    await symlink(join(folder, 'secret'), join(root, 'link'));
    await symlink(folder, join(root, 'linked'));
    await symlink('sub/file', join(root, 'inner'));
    assert.equal(await resolveInside(root, 'sub/file'), join(root, 'sub/file'));
    assert.ok((await resolveInside(root, 'inner')).endsWith(join('sub', 'file')));
    const names = [
      '',
      '.',
      '..',
      '../secret',
      'sub/../../secret',
      'sub/../sub/file',
      '/etc/passwd',
      '//etc/passwd',
      'sub//file',
      './sub/file',
      'sub/',
      '..\\secret',
      'sub\\file',
      'C:\\x',
      'c:x',
      'file\0',
      'a\nb',
      'link',
      'linked/secret',
      'absent',
      '%2e%2e/secret',
      'n'.repeat(2000),
      'sub/file/x',
    ];
    for (const name of names)
      await assert.rejects(resolveInside(root, name), FileError, JSON.stringify(name));
    await assert.rejects(
      resolveInside(join(root, 'none'), 'file'),
      /expected a directory, found nothing there/,
    );
  });

  test("may be a link into the blobs of the hub's cache, and into nothing else beside it", async () => {
    const cache = await mkdtemp(join(folder, 'models--org--name-'));
    const snapshot = join(cache, 'snapshots', '0123abcd');
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(cache, 'blobs'));
    await mkdir(join(cache, 'refs'));
    await writeSafetensors(join(cache, 'blobs', 'f00d'), [
      { name: 'w', shape: [1], data: Float32Array.of(5) },
    ]);
    await writeFile(join(cache, 'refs', 'main'), '');
    await symlink('../../blobs/f00d', join(snapshot, 'model.safetensors'));
    await symlink('../../refs/main', join(snapshot, 'other'));
    assert.deepEqual((await (await openWeights(snapshot)).read('w')).data, Float32Array.of(5));
    await assert.rejects(resolveInside(snapshot, 'other'), /found a link to/);
  });
});

test('the weights of every recorded model open and read, single and sharded', async () => {
  const families: string[] = [];
  for (const family of await readdir(goldenRoot)) {
    if (!existsSync(referencePath(family, 'config.json'))) continue;
    families.push(family);
    const weights = await openWeights(referencePath(family));
    let bytes = 0;
    for (const [name, entry] of weights.entries) {
      const { data, shape } = await weights.read(name);
      assert.deepEqual(shape, entry.shape);
      assert.ok(data.every(Number.isFinite), `${family} ${name}`);
      bytes += entry.byteLength;
    }
    assert.equal(bytes, weights.totalBytes);
  }
  assert.ok(families.includes('llada_moe') && families.length >= 12, families.join(' '));
});
