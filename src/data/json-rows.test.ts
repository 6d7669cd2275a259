import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readJsonRows } from './json-rows.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-rows-'));
after(() => rmSync(root, { recursive: true }));

async function rowsOf(text: string, kind: 'json' | 'jsonl'): Promise<unknown[]> {
  const path = join(root, `rows.${kind}`);
  writeFileSync(path, text);
  const rows: unknown[] = [];
  for await (const row of readJsonRows({ path, kind, gzip: false })) rows.push(row.reason ?? row.value);
  return rows;
}

const message = { role: 'user', content: 'Hi' };
const conversation = [message, { role: 'assistant', content: 'Hello' }];

test('a line of messages is a row, a list of rows is not', async () => {
  const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');
  assert.deepEqual(await rowsOf(lines([conversation, conversation]), 'jsonl'), [conversation, conversation]);
  const rows = [{ messages: conversation }, { messages: conversation }];
  assert.deepEqual(await rowsOf(JSON.stringify(rows), 'jsonl'), rows);
  assert.deepEqual(await rowsOf(JSON.stringify(rows, undefined, 2), 'jsonl'), rows);
  assert.deepEqual(await rowsOf(lines(rows), 'json'), rows);
  assert.deepEqual(await rowsOf(JSON.stringify([conversation, conversation]), 'json'), [
    conversation,
    conversation,
  ]);
});

test('a list of many megabytes in one line is read', async () => {
  const row = { prompt: 'é'.repeat(300_000), answer: '[{"\\' };
  const list = Array.from({ length: 30 }, (_, n) => ({ ...row, n }));
  assert.deepEqual(await rowsOf(JSON.stringify(list), 'json'), list); // 18 MB
});

test('a row of more than 16 MiB is skipped, wherever it stands, and the others are read', async () => {
  const long = { text: 'x'.repeat(17 * 2 ** 20) };
  const rows = [{ n: 1 }, long, { n: 2 }];
  const expected = [{ n: 1 }, 'too long', { n: 2 }];
  assert.deepEqual(await rowsOf(JSON.stringify(rows), 'json'), expected);
  assert.deepEqual(await rowsOf(rows.map((row) => JSON.stringify(row)).join('\n'), 'jsonl'), expected);
  assert.deepEqual(await rowsOf(rows.map((row) => JSON.stringify(row)).join('\n'), 'json'), expected);
});
