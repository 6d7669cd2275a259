import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { LiveArea } from './live.ts';
import { widthOf } from './width.ts';

const lines = (...texts: string[]) => texts.map((text) => ({ text, width: widthOf(text) }));

test('each drawing takes the place of the one before, longer or shorter', () => {
  const terminal = new FakeTerminal(20, 10);
  terminal.write('$ unmask\r\n');
  const area = new LiveArea(terminal);
  area.draw(lines('one', 'two', 'three'));
  assert.deepEqual(terminal.lines, ['$ unmask', 'one', 'two', 'three']);
  area.draw(lines('1'));
  assert.deepEqual(terminal.lines, ['$ unmask', '1']);
  area.draw(lines('eins', 'zwei'));
  assert.deepEqual(terminal.lines, ['$ unmask', 'eins', 'zwei']);
  assert.equal(terminal.scrolled.length, 0);
});

test('the cursor is hidden while the area lives, and shown after it', () => {
  for (const end of ['close', 'clear'] as const) {
    const terminal = new FakeTerminal(20, 10);
    const area = new LiveArea(terminal);
    area.draw(lines('one'));
    assert.ok(!terminal.cursorShown);
    area[end]();
    assert.ok(terminal.cursorShown);
    area.close();
    terminal.write('next');
    assert.deepEqual(terminal.lines, end === 'close' ? ['one', 'next'] : ['next']);
  }
});

test('an area that was never drawn leaves no trace', () => {
  const terminal = new FakeTerminal(20, 10);
  new LiveArea(terminal).close();
  new LiveArea(terminal).clear();
  assert.equal(terminal.raw, '');
});

test('an area at the bottom of the screen scrolls up once and then stays', () => {
  const terminal = new FakeTerminal(20, 4);
  terminal.write('a\r\nb\r\nc\r\n');
  const area = new LiveArea(terminal);
  for (let i = 0; i < 5; i++) area.draw(lines(`x${i}`, `y${i}`, `z${i}`));
  assert.deepEqual(terminal.scrolled, ['a', 'b']);
  assert.deepEqual(terminal.lines, ['c', 'x4', 'y4', 'z4']);
});
