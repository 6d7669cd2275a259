import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FileError } from '../base/errors.ts';
import { type TextLine, readLines } from './read-lines.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-lines-'));
after(() => rmSync(root, { recursive: true }));

async function linesOf(
  content: Uint8Array | string,
  options: { longestRow?: number; kind?: 'text' | 'jsonl' } = {},
  gzip = false,
): Promise<TextLine[]> {
  const path = join(root, gzip ? 'text.gz' : 'text');
  writeFileSync(path, content);
  const lines: TextLine[] = [];
  for await (const line of readLines({ path, kind: 'text', gzip, ...options }, options)) lines.push(line);
  return lines;
}

const short = (lines: readonly TextLine[]) =>
  lines.map((line) => (line.reason ? `${line.number} ${line.reason}` : line.text));

test('LF and CRLF end lines, a byte order mark is dropped, a last line needs no end', async () => {
  const lines = await linesOf('\ufeffone\r\ntwo\n\nfour\rstill');
  assert.deepEqual(short(lines), ['one', 'two', '', 'four\rstill']);
  assert.deepEqual(
    lines.map((line) => !line.reason && line.terminated),
    [true, true, true, false],
  );
  assert.deepEqual(await linesOf(''), []);
});

test('NUL, U+2028 and characters of any plane are text', async () => {
  assert.deepEqual(short(await linesOf('a\0b\u2028c\n😀\n')), ['a\0b\u2028c', '😀']);
});

test('a line that is not UTF-8 is reported with its number, the others are read', async () => {
  const bytes = Buffer.concat([
    Buffer.from('good\n'),
    Buffer.from([0xc3, 0x28, 0x0a, 0xff]),
    Buffer.from('\ngood\n'),
  ]);
  assert.deepEqual(short(await linesOf(bytes)), ['good', '2 not UTF-8', '3 not UTF-8', 'good']);
});

test('characters cut by the edges of chunks are whole', async () => {
  // chunks are of 2^20 bytes; é takes two, and the text begins with one byte
  const text = `a${'é'.repeat(2 ** 20)}`;
  assert.deepEqual(short(await linesOf(`${text}\nb`, { kind: 'jsonl' })), [text, 'b']);
});

test('a long line of text comes in pieces that put together are the line, whatever is cut', async () => {
  for (const unit of ['the dog ran and ', 'é', '語', '😀', 'x\r']) {
    const long = unit.repeat(Math.ceil(5e6 / Buffer.byteLength(unit)));
    for (const before of ['', 'a', 'ab']) {
      const lines = await linesOf(`\ufeff${before}${long}\r\nnext\n`);
      const texts = lines.map((line) => (line.reason === undefined ? line.text : line.reason));
      assert.ok(texts.length > 4 && texts.every((text) => Buffer.byteLength(text) < 2.1 * 2 ** 20), unit);
      assert.equal(texts.slice(0, -1).join(''), `${before}${long}`);
      assert.deepEqual(
        lines.map((line) => [line.number, line.reason === undefined && line.ends]),
        texts.map((_, i) => [i < texts.length - 1 ? 1 : 2, i >= texts.length - 2]),
      );
    }
  }
});

test('a row that is too long is skipped without being kept', async () => {
  const lines = await linesOf(`a\n${'x'.repeat(5000)}\nb\n`, { longestRow: 1000, kind: 'jsonl' });
  assert.deepEqual(short(lines), ['a', '2 too long', 'b']);
});

test('gzip of one or several members is read', async () => {
  const packed = Buffer.concat([gzipSync('one\ntw'), gzipSync('o\n')]);
  assert.deepEqual(short(await linesOf(packed, {}, true)), ['one', 'two']);
});

test('a truncated or damaged gzip file gives what comes before, and a bad line', async () => {
  const text = Array.from({ length: 50_000 }, (_, i) => `line ${i * i}`).join('\n');
  const packed = gzipSync(text);
  const lines = short(await linesOf(packed.subarray(0, packed.length / 2), {}, true));
  assert.ok(lines.length > 1000);
  assert.equal(lines[7], 'line 49');
  assert.match(lines.at(-1) ?? '', /^\d+ damaged gzip$/);
  assert.deepEqual(short(await linesOf('not gzip at all', {}, true)), ['1 damaged gzip']);
});

test('a gzip bomb is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 27));
  await assert.rejects(
    linesOf(bomb, {}, true),
    (error) => error instanceof FileError && /at most 200 times its size/.test(error.message),
  );
});
