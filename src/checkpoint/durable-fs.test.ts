import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { type DurableFile, type DurableFs, nodeFs, replaceFile } from './durable-fs.ts';

test('a file that is replaced several times at once is one of them, whole', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'notes.json');
  const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(1000 * (8 - i)));
  // nothing is asked of the disk
  const create = async (name: string): Promise<DurableFile> => ({
    ...(await nodeFs.create(name)),
    sync: async () => {},
  });
  const fs: DurableFs = { ...nodeFs, create, syncDirectory: async () => {} };
  await Promise.all(texts.map((text) => replaceFile(fs, path, Buffer.from(text))));
  assert.ok(texts.includes(await readFile(path, 'utf8')));
  assert.deepEqual(await readdir(folder), ['notes.json']);
});
