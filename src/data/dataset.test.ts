import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import { saveTokenizer } from '../tokenizer/save.ts';
import type { Batch, Dataset, DatasetOptions } from './dataset.ts';
import { openDataset } from './open-dataset.ts';
import { makeTokenizer } from './make-tokenizer.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-dataset-'));
after(() => rmSync(root, { recursive: true }));

/** 60 documents of 10 to 69 characters; document i is made of its own character. */
const documents = Array.from({ length: 60 }, (_, i) => String.fromCodePoint(0x4e00 + i).repeat(10 + i));
const path = join(root, 'documents.jsonl');
writeFileSync(path, documents.map((text) => `${JSON.stringify({ text })}\n`).join(''));
saveTokenizer(
  join(root, 'tokenizer'),
  await makeTokenizer([path], { kind: 'characters', vocabularySize: 0 }),
);
const tokenizer = await loadTokenizer(join(root, 'tokenizer'));
const { endId = -1 } = tokenizer;

let runs = 0;
function open(options: Partial<DatasetOptions>, directory = join(root, `run-${runs++}`)): Promise<Dataset> {
  return openDataset(
    { data: [path], length: 32, packing: 'document', seed: 1, ...options },
    tokenizer,
    directory,
  );
}

function rowsOf({ shape: [B, L], data, lengths }: Batch): { text: number[]; filling: number[] }[] {
  return Array.from({ length: B }, (_, row) => ({
    text: [...data.subarray(row * L, row * L + lengths[row])],
    filling: [...data.subarray(row * L + lengths[row], (row + 1) * L)],
  }));
}

test('a window holds one document only, and is padded with the end token', async () => {
  const dataset = await open({});
  const whole = new Set<number>();
  for (const batch of [
    dataset.batch(0, 40),
    dataset.batch(1, 40),
    dataset.validation.batch(0, dataset.validation.count),
  ]) {
    for (const { text, filling } of rowsOf(batch)) {
      const [first] = text;
      assert.ok(text.every((id, i) => id === first || (id === endId && i === text.length - 1)));
      assert.ok(filling.every((id) => id === endId));
      if (text.at(-1) === endId) whole.add(first);
    }
  }
  assert.ok(whole.size > 20);
});

test('a tokenizer without an end of a text is refused before any text is read: nothing else may pad a window', async () => {
  const { endId: _, ...endless } = tokenizer;
  const directory = join(root, 'endless');
  await assert.rejects(
    openDataset({ data: [path], length: 32, packing: 'document', seed: 1 }, endless, directory),
    /expected a tokenizer with a token for the end of a text, found none; set eos_token in tokenizer_config.json/,
  );
  assert.ok(!existsSync(directory));
});

test('an epoch holds every window once, in an order of its own', async () => {
  const dataset = await open({ randomLengthShare: 0 });
  const { windows } = dataset;
  // documents of n + 1 tokens make ⌈(n + 1) / 32⌉ windows
  const epoch = (index: number) => rowsOf(dataset.batch(index, windows)).map(({ text }) => text.join());
  assert.notDeepEqual(epoch(0), epoch(1));
  assert.deepEqual(epoch(0).sort(), epoch(1).sort());
  assert.equal(
    dataset.tokens + dataset.validation.tokens,
    documents.reduce((sum, text) => sum + text.length + 1, 0),
  );
  assert.ok(Math.abs(dataset.bytesPerToken! - 3) < 0.15);
});

test('a batch is a function of seed, index and size, whatever was asked before', async () => {
  const [one, other, seeded] = [await open({}), await open({}), await open({ seed: 2 })];
  for (const index of [3, 100, 7, 3]) one.batch(index, 8);
  assert.deepEqual(one.batch(42, 8), other.batch(42, 8));
  assert.notDeepEqual(one.batch(42, 8), seeded.batch(42, 8));
  // two halves of an epoch's batches are the same rows whether an index is reached first or last
  assert.deepEqual(other.batch(0, 8), one.batch(0, 8));
});

test('the documents held out are the same for every seed and never trained on', async () => {
  const [one, other] = [await open({ seed: 1 }), await open({ seed: 9 })];
  assert.deepEqual(one.validation.batch(0, 5), other.validation.batch(0, 5));
  const first = (batch: Batch) => new Set(rowsOf(batch).map(({ text }) => text[0]));
  const held = first(one.validation.batch(0, one.validation.count));
  assert.equal(held.size, 6);
  for (const id of first(one.batch(0, 3 * one.windows))) assert.ok(!held.has(id));
});

test('one batch in a hundred has a random length', async () => {
  const dataset = await open({ length: 64, randomLengthShare: 0.01 });
  const odd = Array.from({ length: 4000 }, (_, i) => dataset.batch(i, 1)).filter(
    ({ shape }) => shape[1] % 32 !== 0,
  );
  assert.ok(odd.length > 20 && odd.length < 65, `${odd.length} of 4000`);
  for (const { shape, lengths } of odd) assert.ok(lengths[0] <= shape[1]);
  assert.ok(new Set(odd.map(({ shape }) => shape[1])).size > 10);
  const always = await open({ length: 64, randomLengthShare: 1 });
  const lengths = Array.from({ length: 2000 }, (_, i) => always.batch(i, 1).shape[1]);
  assert.ok(Math.abs(lengths.reduce((sum, length) => sum + length, 0) / 2000 - 32.5) < 1.5);
  assert.equal(Math.max(...lengths), 64);
  assert.equal(Math.min(...lengths), 1);
});

test('a batch is no longer than its longest row, rounded up to a multiple of 32', async () => {
  const dataset = await open({ length: 256, randomLengthShare: 0 });
  for (let i = 0; i < 30; i++) {
    const { shape, lengths } = dataset.batch(i, 3);
    assert.equal(shape[1], Math.ceil(Math.max(...lengths) / 32) * 32);
  }
});

test('a stream goes over boundaries, in windows that begin anywhere', async () => {
  const dataset = await open({ packing: 'stream', randomLengthShare: 0 });
  const rows = rowsOf(dataset.batch(0, 400));
  assert.ok(rows.every(({ text, filling }) => text.length === 32 && filling.length === 0));
  assert.ok(rows.some(({ text }) => text.indexOf(endId) >= 0 && text.indexOf(endId) < 31));
  assert.ok(new Set(rows.map(({ text }) => text.join())).size > 250);
  const aligned = await open({ packing: 'stream', offsets: 'aligned', randomLengthShare: 0 });
  const epoch = rowsOf(aligned.batch(0, aligned.windows)).map(({ text }) => text.join());
  assert.equal(epoch.length, Math.floor(aligned.tokens / 32));
  assert.equal(
    new Set(rowsOf(aligned.batch(1, aligned.windows)).map(({ text }) => text.join())).size,
    new Set(epoch).size,
  );
});

test('of a single text the last tenth is held out, in windows that do not overlap', async () => {
  const text = Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 60))).join('');
  const file = join(root, 'one.txt');
  writeFileSync(file, text);
  const dataset = await open({ data: [file], packing: 'stream', length: 10, randomLengthShare: 0 });
  assert.equal(dataset.tokens, 900);
  assert.equal(dataset.validation.count, 10);
  for (const { text: ids } of rowsOf(dataset.batch(0, 300)))
    assert.ok(text.slice(0, 900).includes(tokenizer.decode(ids)));
  const starts = new Set(rowsOf(dataset.batch(1, 3000)).map(({ text: ids }) => ids.join()));
  assert.equal(starts.size, 60);
  const seen = rowsOf(dataset.validation.batch(0, 10)).map(({ text: ids }) => tokenizer.decode(ids));
  assert.deepEqual(
    [...seen].sort(),
    Array.from({ length: 10 }, (_, i) => text.slice(900 + 10 * i, 910 + 10 * i)).sort(),
  );
});

test('text is tokenised once; a change of text, tokenizer or options makes it anew', async () => {
  const directory = join(root, 'cached');
  const file = join(directory, 'text.txt');
  mkdirSync(directory);
  writeFileSync(file, `${documents[0]}\n`.replaceAll('\n', ''));
  const notes: string[] = [];
  const reopen = (options: Partial<DatasetOptions> = {}) =>
    openDataset(
      { data: [file], length: 4, packing: 'stream', seed: 1, ...options },
      tokenizer,
      directory,
      (line) => notes.push(line),
    );
  const first = await reopen();
  assert.deepEqual((await reopen()).batch(0, 2), first.batch(0, 2));
  assert.equal(notes.length, 1);
  await reopen({ separator: documents[5] });
  assert.equal(notes.length, 2);
  writeFileSync(file, documents[1]);
  assert.equal((await reopen()).manifest.files[0].bytes, documents[1].length * 3);
  assert.equal(notes.length, 3);
  const other = { ...tokenizer, source: 'of another tokenizer' };
  await openDataset({ data: [file], length: 4, packing: 'stream', seed: 1 }, other, directory, (line) =>
    notes.push(line),
  );
  assert.equal(notes.length, 4);
  // a damaged cache is made anew
  const tokens = join(directory, 'tokens');
  for (const name of readdirSync(tokens)) truncateSync(join(tokens, name, 'tokens.bin'), 2);
  assert.equal((await reopen()).tokens, (await reopen()).tokens);
  assert.equal(notes.length, 5);
  // so is one with a token that the tokenizer doesn't have, and one that says to be larger than any memory
  for (const damage of ['token', 'size']) {
    for (const name of readdirSync(tokens)) {
      const [ids, store] = ['tokens.bin', 'store.json'].map((file) => join(tokens, name, file));
      if (damage === 'token') writeFileSync(ids, readFileSync(ids).fill(255));
      else writeFileSync(store, readFileSync(store, 'utf8').replace(/"tokens":\d+/, '"tokens":8000000000'));
    }
    assert.equal((await reopen()).tokens, (await reopen()).tokens);
  }
  assert.equal(notes.length, 7);
  assert.ok(readdirSync(tokens).every((name) => !name.startsWith('.')));
});

test('bad rows are in the summary; too many leave nothing behind', async () => {
  const file = join(root, 'bad.jsonl');
  writeFileSync(file, `${documents.map((text) => JSON.stringify({ text })).join('\n')}\nnot json\n`);
  await assert.rejects(
    open({ data: [file] }, join(root, 'refused')),
    /at most 1 % unreadable rows, found 1 of 61/,
  );
  assert.deepEqual(readdirSync(join(root, 'refused', 'tokens')), []);
  const dataset = await open({ data: [file], maximumBadShare: 0.05 });
  assert.equal(dataset.manifest.counts['badRows'], 1);
  assert.match(dataset.summary.join('\n'), /skipped 1 row: 1 not JSON \(.*bad\.jsonl:61 not JSON\)/);
});

test('an empty corpus, a stream shorter than a window and an impossible length are refused', async () => {
  const file = join(root, 'empty.txt');
  writeFileSync(file, ' \n');
  await assert.rejects(
    open({ data: [file] }),
    (error) =>
      error instanceof FileError &&
      /expected text to learn from, found nothing but blanks/.test(error.message),
  );
  writeFileSync(file, documents[0]);
  await assert.rejects(
    open({ data: [file], packing: 'stream' }),
    (error) =>
      error instanceof InvalidOptionError && /length: must be at most the \d+ tokens/.test(error.message),
  );
  await assert.rejects(open({ length: 0 }), InvalidOptionError);
});
