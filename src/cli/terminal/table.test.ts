import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableOf } from './table.ts';
import { widthOf } from './width.ts';

const head = ['', 'bits a character', 'distinct-2', 'words'];
const rows = [
  ['low-confidence, 2 a step, block 16', '1.126 ± 0.032', '0.549', '1595'],
  ['runs/mine', '1.08', '0.5', '12'],
];

test('numbers stand under each other, heads and names break between words', () => {
  assert.equal(
    tableOf(head, rows, 60),
    [
      '                                   bits a',
      '                                character  distinct-2  words',
      'low-confidence, 2 a step,   1.126 ± 0.032       0.549   1595',
      '  block 16',
      'runs/mine                            1.08         0.5     12',
      '',
    ].join('\n'),
  );
});

test('a row of a name alone stands over those below it, as wide as the table', () => {
  assert.equal(
    tableOf(['', 'words'], [['low-confidence, 1 a step'], ['T 0', '12'], ['T 1', '3']]),
    ['     words', 'low-confidence, 1 a step', 'T 0     12', 'T 1      3', ''].join('\n'),
  );
});

test('no line is wider than the terminal; where there is no room each row is lines of its own', () => {
  for (let columns = 30; columns < 90; columns++)
    for (const line of tableOf(head, rows, columns).split('\n')) assert.ok(widthOf(line) <= columns, line);
  assert.match(
    tableOf(head, rows, 30),
    /^low-confidence, 2 a step,\n {2}block 16\n {2}bits a character {2}1\.126 ±\n/,
  );
});

test('a terminal of hardly any columns, or none, has all of it in some way', () => {
  for (let columns = 0; columns < 30; columns++) {
    const text = tableOf(head, rows, columns).replaceAll(/\s/g, '');
    for (const cell of rows.flat())
      assert.ok(text.includes(cell.replaceAll(/\s/g, '')), `${columns}: ${text}`);
  }
});
