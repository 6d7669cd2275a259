import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fimRows } from '../recipes/fim-rows.ts';
import { root } from '../recipes/recipe.ts';
import { typescriptSources } from '../recipes/typescript-sources.ts';
import { controlMarks } from '../src/data/fill-in-the-middle.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';

const length = 160;
const anyMark = new RegExp(`[${Object.values(controlMarks).join('')}]`);
const tokenizer = await loadTokenizer(`${root}models/typescript`);
const { learned, heldOut } = typescriptSources();
const sources = learned.slice(0, 40);
const rows = [...fimRows(sources, tokenizer, { length })];
/** Before, after and middle of the rows that are rearranged. */
const parts = rows.map((row) => {
  const [head, after, before, middle] = row.split(anyMark);
  return head === '' ? { before, after, middle } : undefined;
});

test('half of the rows are sources as they are, and half give one when they are put together again', () => {
  for (const [i, row] of rows.entries()) {
    const part = parts[i];
    const text = part ? part.before + part.middle + part.after : row;
    assert.ok(
      sources.some((source) => source.includes(text)),
      text,
    );
  }
  const share = parts.filter(Boolean).length / rows.length;
  assert.ok(share > 0.45 && share < 0.55, String(share));
});

test('a row fits into a window, with the end of the text', () => {
  const most = Math.max(...rows.map((row) => tokenizer.encode(row).length + 1));
  assert.ok(most <= length, String(most));
});

test('most holes end with their line, and half of these begin with it', () => {
  const holes = parts.flatMap((part) => (part ? [part] : []));
  const toTheEnd = holes.filter(({ after, middle }) => !middle.includes('\n') && /^\s*(\n|$)/.test(after));
  assert.ok(toTheEnd.length > 0.7 * holes.length);
  const whole = toTheEnd.filter(({ before }) => /(^|\n)\s*$/.test(before));
  assert.ok(whole.length > 0.35 * toTheEnd.length && whole.length < 0.7 * toTheEnd.length);
});

test('sources that are held out are not among those that are learned', () => {
  assert.equal(heldOut.length, 17);
  assert.equal(heldOut.filter((text) => learned.includes(text)).length, 0);
});
