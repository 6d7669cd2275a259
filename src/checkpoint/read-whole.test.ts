import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import { readWhole } from './read-whole.ts';

test('a file is read whole, and what is none, or too large for the memory, is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'tokenizer.json');
  await writeFile(path, 'text');
  assert.deepEqual(Buffer.from(await readWhole(path, 4)).toString(), 'text');
  await assert.rejects(readWhole(path, 3, 'bytes of text'), /expected at most 3 bytes of text, found 4/);
  await truncate(path, 2 ** 40);
  await assert.rejects(loadTokenizer(folder), /bytes of text, found 1099511627776/);
  for (const [command, found] of [
    ['mkfifo', 'a pipe'],
    ['mkdir', 'a directory'],
  ]) {
    const other = join(folder, command);
    await mkdir(other);
    spawnSync(command, [join(other, 'tokenizer.json')]);
    await assert.rejects(loadTokenizer(other), new RegExp(`expected a regular file, found ${found}`));
  }
});
