import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { RowCounter } from './bad-rows.ts';
import { readDocuments } from './documents.ts';
import { findSources } from './sources.ts';

test('100 MB of text in one line, as text8 is, are read in memory that stays flat', async (t) => {
  const path = join(await temporaryFolder(t), 'text8.txt');
  const file = openSync(path, 'w');
  const megabyte = 'the dog ran and '.repeat(62_500);
  for (let i = 0; i < 100; i++) writeSync(file, megabyte);
  closeSync(file);
  const rows = new RowCounter();
  let length = 0;
  let begun = 0;
  let most = 0;
  for await (const { text } of readDocuments(findSources([path]), rows)) {
    length += text.length;
    const { rss } = process.memoryUsage();
    if (length < 20e6) begun = Math.max(begun, rss);
    most = Math.max(most, rss);
  }
  assert.deepEqual([length, rows.counts().good, rows.counts().bad], [100_000_000, 1, {}]);
  t.diagnostic(`${Math.round((most - begun) / 1e6)} MB more than after a fifth of it`);
  assert.ok(most - begun < 60e6, `${most - begun} bytes more`);
});
