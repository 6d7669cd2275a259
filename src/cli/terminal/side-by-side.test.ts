import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { SideBySide } from './side-by-side.ts';

const { mask } = fakeIds;
const ids = (text: string): Int32Array =>
  Int32Array.from(text, (character) => (character === '_' ? mask : byteTokenizer.encode(character)[0]));
const frame = (text: string, changed: number[] = []) => ({
  tokens: ids(text),
  changed,
  confidence: new Float64Array(text.length).fill(0.95),
});

test('two canvases stand beside each other, each with its heading and how much of it stands, within the columns', () => {
  const terminal = new FakeTerminal(44, 12);
  const panels = ['any order', 'left to right'].map((heading) => ({
    heading,
    tokenizer: byteTokenizer,
    maskId: mask,
  }));
  const view = new SideBySide(terminal, {}, panels);
  view.show(0, frame('a_c'));
  view.show(1, frame('__'));
  view.show(1, frame('x_', [0]));
  assert.deepEqual(terminal.lines, [
    'any order              left to right',
    'a▓c                    x▓',
    '0 of 1 tokens ──────   1 of 2 tokens ━━━───',
  ]);
  view.show(0, frame('abc', [1]));
  view.close();
  terminal.write('next');
  assert.equal(terminal.lines[1], 'abc                    x▓');
  assert.equal(terminal.lines.at(-1), 'next');
  assert.ok(terminal.cursorShown);
});

test('on a terminal too small for both it draws what fits', () => {
  const terminal = new FakeTerminal(6, 3);
  const panels = [{ heading: 'any order', tokenizer: byteTokenizer, maskId: mask }];
  const view = new SideBySide(terminal, {}, [...panels, ...panels]);
  view.show(0, frame('a very long text that does not fit'));
  assert.ok(terminal.lines.length <= 3);
  view.close();
});
