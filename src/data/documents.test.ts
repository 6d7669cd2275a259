import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FileError } from '../base/errors.ts';
import { checkRows, describeBadRows, RowCounter } from './bad-rows.ts';
import { type DocumentPart, readDocuments, type ReadingOptions } from './documents.ts';
import { findSources } from './sources.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-documents-'));
after(() => rmSync(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array, options: ReadingOptions = {}) {
  const path = join(root, name);
  writeFileSync(path, content);
  const rows = new RowCounter();
  const parts: DocumentPart[] = [];
  for await (const part of readDocuments(findSources([path]), rows, options)) parts.push(part);
  const documents: string[] = [];
  let open = '';
  for (const { text, ends } of parts) {
    open += text;
    if (!ends) continue;
    documents.push(open);
    open = '';
  }
  assert.equal(open, '', 'the last document has no end');
  return { documents, parts, rows: rows.counts(), path };
}

test('a text file is one document, to the character', async () => {
  const text = '\n  a \n\nb\n\n\n';
  assert.deepEqual((await read('a.txt', text)).documents, [text]);
  assert.deepEqual((await read('a.txt', 'no end')).documents, ['no end']);
  assert.deepEqual((await read('a.txt.gz', gzipSync(text))).documents, [text]);
  assert.deepEqual((await read('a.txt', 'one\r\ntwo\r\n')).documents, ['one\ntwo\n']);
});

test('a separator parts documents; line breaks around it and empty documents go', async () => {
  const separated = await read('b.txt', 'one\n<|endoftext|>\ntwo\nlines\n<|endoftext|>\n<|endoftext|>three', {
    separator: '<|endoftext|>',
  });
  assert.deepEqual(separated.documents, ['one', 'two\nlines', 'three']);
  assert.deepEqual((await read('b.txt', 'a\n\nb\n\n\n\nc\n\n\nd\n', { separator: '\\n\\n\\n' })).documents, [
    'a\n\nb',
    'c',
    'd',
  ]);
});

test('a long document comes in parts that are cut after a single line break', async () => {
  const text = `${'some words in a line\n'.repeat(150_000)}the end`;
  const { documents, parts } = await read('long.txt', text);
  assert.deepEqual(documents, [text]);
  assert.ok(parts.length >= 3);
  for (const { text: part } of parts.slice(0, -1)) assert.ok(part.endsWith('line\n'));
});

test('a long document without line breaks is cut between characters', async () => {
  const text = 'x' + '😀'.repeat(2 ** 20);
  const { documents, parts } = await read('flat.txt', text, { separator: '|' });
  assert.deepEqual(documents, [text]);
  for (const { text: part } of parts) assert.ok(!/\p{Surrogate}/u.test(part));
});

test('a separator across blocks is found', async () => {
  const documents = Array.from({ length: 40 }, (_, i) => `${i} ${'y'.repeat(65_533)}`);
  assert.deepEqual(
    (await read('c.txt', documents.join('<|end|>'), { separator: '<|end|>' })).documents,
    documents,
  );
  // long documents end in the middle of the separator, where a part could be handed on
  const long = Array.from({ length: 3 }, (_, i) => `${i}${'y'.repeat(1_100_000)}`);
  assert.deepEqual((await read('c.txt', long.join('\n<>\n'), { separator: '\n<>\n' })).documents, long);
});

test('each row of a .jsonl file is a document; bad ones are counted by reason, with file and line', async () => {
  const good = Array.from({ length: 300 }, (_, i) => JSON.stringify({ text: `story ${i}` }));
  const bad = [
    '{"text": ',
    '{"other": "x"}',
    '{"text": 5}',
    '{"text": "  "}',
    '[]',
    'null',
    '{"text": "\\ud800"}',
  ];
  const content = [...good.slice(0, 2), '', bad[0], ...bad.slice(1), ...good.slice(2)].join('\n');
  const { documents, rows, path } = await read('d.jsonl', content);
  assert.equal(documents.length, 300);
  assert.equal(documents[2], 'story 2');
  assert.deepEqual(rows.bad, {
    'not JSON': 1,
    'no such field': 3,
    'not a text': 1,
    empty: 1,
    'half a surrogate pair': 1,
  });
  assert.deepEqual(rows.examples[0], { path, line: 4, reason: 'not JSON' });
  assert.equal(
    describeBadRows({ ...rows, examples: rows.examples.slice(0, 1) }),
    `1 not JSON, 3 no such field, 1 not a text, 1 empty, 1 half a surrogate pair (${path}:4 not JSON); --field names the one with the text`,
  );
});

test('another field can hold the text, and inherited names are not fields', async () => {
  assert.deepEqual((await read('e.jsonl', '{"story": "x\\r\\ny"}\n', { field: 'story' })).documents, [
    'x\ny',
  ]);
  assert.deepEqual((await read('e.jsonl', '{"a": 1}\n', { field: 'constructor' })).rows.bad, {
    'no such field': 1,
  });
});

test('more bad rows than allowed, or no good one, is an error', async () => {
  const refuse = (good: number, bad: number) => {
    const rows = new RowCounter();
    for (let i = 0; i < good; i++) rows.good();
    for (let i = 0; i < bad; i++) rows.bad({ path: 'a.jsonl', line: i + 1, reason: 'not JSON' });
    return () => checkRows(rows.counts(), ['a.jsonl'], 0.01);
  };
  assert.doesNotThrow(refuse(99, 1));
  assert.throws(
    refuse(98, 2),
    /a\.jsonl: expected at most 1 % unreadable rows, found 2 of 100: 2 not JSON \(a\.jsonl:1 not JSON/,
  );
  assert.throws(
    refuse(0, 0),
    (error) => error instanceof FileError && /expected text to learn from, found none/.test(error.message),
  );
});

test('a directory stands for its text files at any depth, in the order of their names', () => {
  const folder = join(root, 'folder');
  mkdirSync(join(folder, 'b', '.git'), { recursive: true });
  for (const name of ['c.txt', 'a.jsonl.gz', 'b/z.md', 'b/picture.png', '.hidden.txt', 'b/.git/x.txt'])
    writeFileSync(join(folder, name), '');
  symlinkSync(folder, join(folder, 'b', 'loop'));
  symlinkSync(join(folder, 'c.txt'), join(folder, 'd.txt'));
  assert.deepEqual(
    findSources([folder]).map(({ path, kind, gzip }) => [path.slice(folder.length + 1), kind, gzip]),
    [
      ['a.jsonl.gz', 'jsonl', true],
      [join('b', 'z.md'), 'text', false],
      ['c.txt', 'text', false],
      ['d.txt', 'text', false],
    ],
  );
  assert.throws(() => findSources([join(folder, 'b', '.git', 'no')]), /nothing there/);
  assert.throws(() => findSources([join(folder, 'b', 'picture.png')]), /another ending/);
  mkdirSync(join(root, 'empty'));
  assert.throws(() => findSources([join(root, 'empty')]), /none in it/);
});

test('a 300 MB line is skipped in little memory', async () => {
  const path = join(root, 'wide.jsonl');
  writeFileSync(path, '{"text": "a"}\n{"text": "');
  truncateSync(path, 300e6);
  appendFileSync(path, '"}\n{"text": "b"}\n');
  const rows = new RowCounter();
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  let most = 0;
  const texts: string[] = [];
  for await (const { text } of readDocuments(findSources([path]), rows)) {
    most = Math.max(most, process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before);
    texts.push(text);
  }
  assert.deepEqual(texts, ['a', 'b']);
  assert.deepEqual(rows.counts().examples, [{ path, line: 2, reason: 'too long' }]);
  assert.ok(most < 128e6, `${most} bytes`);
});

test('a text of one long line is a document like any other, cut between words, in little memory', async () => {
  const path = join(root, 'text8.txt');
  writeFileSync(path, 'the dog ran and '.repeat(1_100_000)); // 17.6 MB, as text8 has 100
  const rows = new RowCounter();
  let length = 0;
  let parts = 0;
  for await (const { text, ends } of readDocuments(findSources([path]), rows)) {
    assert.ok(text.length < 3 * 2 ** 20);
    assert.match(text, ends ? /^(?: |the)/ : /^(?: |the)[^]*\w$/);
    length += text.length;
    parts++;
  }
  assert.deepEqual([length, rows.counts().good, rows.counts().bad], [17_600_000, 1, {}]);
  assert.ok(parts > 8);
});
