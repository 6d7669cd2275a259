import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordNumbers } from './doubts.ts';

/** Atoms of a text that `|` divides. */
function atomsOf(divided: string) {
  let at = 0;
  return divided.split('|').map((piece) => ({ start: at, end: (at += piece.length), ids: [0] }));
}

const numbers = (divided: string, before = 0, more = 0): number[] => {
  const atoms = atomsOf(divided);
  return [
    ...wordNumbers(divided.replaceAll('|', ''), atoms, { before, length: before + atoms.length + more }),
  ];
};

test('tokens of a word have its number; blanks, signs and what stands around the text have one each', () => {
  assert.deepEqual(numbers('The| tele|ph|one|.'), [0, 1, 1, 1, 2]);
  assert.deepEqual(numbers('The| tele|ph|one|.', 2, 1), [0, 1, 2, 3, 3, 3, 4, 5]);
  assert.deepEqual(numbers("Tim|'|s| do|n|'t|, |“|o|k|”"), [0, 0, 0, 1, 1, 1, 2, 3, 4, 4, 5]);
  assert.deepEqual(numbers('a|b| |c', 0), [0, 0, 1, 2]);
});

test('where a language writes no blanks its words are told apart', () => {
  assert.deepEqual(numbers('我|喜|欢|猫'), [0, 1, 1, 2]);
});

test('what is long without a blank is read in pieces of eight tokens', () => {
  const long = Array(20).fill('x').join('|');
  assert.deepEqual(numbers(`${long}| y`), [...Array(8).fill(0), ...Array(8).fill(1), ...Array(4).fill(2), 3]);
});
