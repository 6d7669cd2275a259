import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { goldenFile, goldenRoot } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

const files = readdirSync(goldenRoot, { recursive: true })
  .map(String)
  .filter((name) => statSync(join(goldenRoot, name)).isFile());

test('golden/ stays below 25 MB', () => {
  const bytes = files.reduce((sum, name) => sum + statSync(join(goldenRoot, name)).size, 0);
  assert.ok(bytes < 25e6, `${bytes}`);
});

test('each published tokenizer is the file that its vectors were recorded with', () => {
  const hasVectors = (name: string): boolean => files.includes(name.replace(/\.json\.gz$/, '.vectors.json'));
  const packed = files.filter((name) => /^tokenizers.*\.json\.gz$/.test(name) && hasVectors(name));
  assert.ok(packed.length >= 7);
  for (const name of packed) {
    const path = goldenFile(name.replace(/\.gz$/, ''));
    const vectors = readFileSync(join(goldenRoot, name.replace(/\.json\.gz$/, '.vectors.json')), 'utf8');
    const { source } = JSON.parse(vectors) as { source: { sha256: string } };
    assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), source.sha256, name);
  }
});

test('a file is unpacked whole, also where several ask for it at once', async (t) => {
  const name = 'tokenizers/torchtune_tokenizer.json';
  const whole = readFileSync(goldenFile(name));
  const folder = await temporaryFolder(t);
  const script = `
    const { goldenFile } = await import(${JSON.stringify(new URL('./reference.js', import.meta.url).href)});
    const { readFileSync } = await import('node:fs');
    const { parentPort } = await import('node:worker_threads');
    parentPort.postMessage(readFileSync(goldenFile(${JSON.stringify(name)}, ${JSON.stringify(folder)})));
  `;
  const workers = Array.from(
    { length: 4 },
    () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`)),
  );
  const found = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<Uint8Array>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  for (const bytes of found) assert.ok(whole.equals(bytes));
});
