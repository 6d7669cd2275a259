import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdown } from './countdown.ts';
import { paths, planningDistance } from './paths.ts';
import { type Puzzle, type PuzzleKind, puzzles } from './puzzle.ts';
import { sudoku } from './sudoku.ts';

const some = (kind: PuzzleKind, count: number, held = false): Puzzle[] => [
  ...puzzles(kind, { count, seed: 7, held }),
];

/** Every order of some items. */
function orders<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => orders(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

test('the same seed gives the same puzzles, and number i is the same however many are asked for', () => {
  for (const kind of [countdown(3), paths, sudoku(4)]) {
    assert.deepEqual(some(kind, 5), some(kind, 9).slice(0, 5));
    assert.equal(new Set(some(kind, 50).map(({ prompt }) => prompt)).size, 50);
    for (const { prompt, answer } of some(kind, 50)) assert.ok(kind.isSolved(prompt, answer));
  }
});

test('countdown: numbers, targets and equations are as in the published sets, and tests have targets of their own', () => {
  const kind = countdown(4);
  const [learned, held] = [some(kind, 150), some(kind, 150, true)];
  const targetsOf = (list: readonly Puzzle[]) =>
    new Set(list.map(({ prompt }) => Number(prompt.split(',').at(-1))));
  const known = targetsOf(learned);
  for (const target of targetsOf(held)) assert.ok(!known.has(target));
  for (const { prompt, answer } of learned) {
    const numbers = prompt.split(',').map(Number);
    assert.equal(numbers.length, 5);
    assert.ok(numbers.at(-1)! >= 10 && numbers.every((number) => number >= 1 && number <= 100));
    assert.equal(answer.split(',').length, 3);
  }
  // what is made stands last
  assert.equal(countdown(3).isSolved('15,44,79,50', '44-15=29,79-29=50'), true);
});

test('countdown: any right way counts, and nothing else', () => {
  const { isSolved } = countdown(3);
  assert.ok(isSolved('2,3,4,14', '3*4=12,2+12=14') && isSolved('2,3,4,14', '4*3=12,12+2=14'));
  for (const wrong of [
    '3*4=12,3+12=15',
    '3*4=13,2+12=14',
    '3*4=12',
    '3*4=12,2+12=14,',
    '2*4=8,8+3=11',
    '4*3=12,12+2=15',
    '7+7=14,3*4=12',
    '',
  ])
    assert.equal(isSolved('2,3,4,14', wrong), false, wrong);
  assert.equal(isSolved('2,5,10,4', '5/2=2,10+2=4'), false, 'a quotient with a rest');
});

test('paths: one way leads from start to goal, the other crosses it, and every planning distance comes up', () => {
  const all = some(paths, 600);
  const counts = [0, 0, 0, 0, 0, 0];
  for (const puzzle of all) {
    const [list, ends] = puzzle.prompt.split('-');
    const edges = list.split('/').map((edge) => edge.split(','));
    assert.equal(edges.length, 10);
    assert.deepEqual(
      [...new Set(edges.flat().map(Number))].sort((a, b) => a - b),
      [...Array(11).keys()],
    );
    // every walk from the start, by brute force
    const walks = (at: string): string[][] => {
      const on = edges.filter(([from]) => from === at);
      return on.length === 0
        ? [[]]
        : on.flatMap(([from, to]) => walks(to).map((rest) => [`${from},${to}`, ...rest]));
    };
    const [start, goal] = ends.split(',');
    const found = walks(start).filter((walk) => walk.at(-1)!.endsWith(`,${goal}`));
    assert.deepEqual(found, [puzzle.answer.split('/')]);
    counts[planningDistance(puzzle)] += 1;
    assert.equal(paths.isSolved(puzzle.prompt, puzzle.answer.split('/').slice(1).join('/')), false);
  }
  for (const count of counts) assert.ok(count > 60, `${counts}`);
  assert.equal(
    planningDistance({
      prompt: '4,7/5,8/7,0/3,1/1,7/10,4/2,6/8,9/7,5/0,2-3,9',
      answer: '3,1/1,7/7,5/5,8/8,9',
    }),
    3,
  );
});

test('sudoku: the answer is the only grid that fits, by trying all', () => {
  const rows = orders([1, 2, 3, 4]).map((row) => row.join(''));
  const { isSolved } = sudoku(4);
  for (const { prompt, answer } of some(sudoku(4), 20)) {
    assert.equal([...prompt].filter((digit) => digit !== '0').length, 8);
    const fits = (row: string, r: number) =>
      [...row].every((digit, c) => ['0', digit].includes(prompt[4 * r + c]));
    const [a, b, c, d] = [0, 1, 2, 3].map((r) => rows.filter((row) => fits(row, r)));
    const grids = a.flatMap((w) => b.flatMap((x) => c.flatMap((y) => d.map((z) => w + x + y + z))));
    assert.deepEqual(
      grids.filter((grid) => isSolved(prompt, grid)),
      [answer],
    );
  }
  const [nine] = some(sudoku(9), 1);
  const given = [...nine.prompt].filter((digit) => digit !== '0').length;
  assert.ok(given >= 31 && given <= 36);
  assert.ok(sudoku(9).isSolved(nine.prompt, nine.answer));
  assert.ok(
    !sudoku(9).isSolved(
      nine.prompt,
      nine.answer.replace(/^./, (digit) => `${(Number(digit) % 9) + 1}`),
    ),
  );
});
