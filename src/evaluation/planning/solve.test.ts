import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatAnswers } from '../../../test/fake-model.ts';
import { countdown } from './countdown.ts';
import { solvePuzzles } from './solve.ts';

test('puzzles are asked as a turn each, and counted as solved by the rules: another right answer counts, a wrong one does not', async () => {
  const puzzles = [
    { prompt: '2,3,4,14', answer: '3*4=12,2+12=14' },
    { prompt: '15,44,79,50', answer: '44-15=29,79-29=50' },
  ];
  const model = modelThatAnswers((given) => (given.includes('2,3,4,14') ? '4*3=12,12+2=14' : '44-15=29'));
  const { solved, answers, stats } = await solvePuzzles(model, countdown(3), puzzles, {
    sampling: { length: 24, stopEarly: false },
  });
  assert.deepEqual(
    answers.map(({ answer, isSolved }) => [answer, isSolved]),
    [
      ['4*3=12,12+2=14', true],
      ['44-15=29', false],
    ],
  );
  assert.equal(solved.mean, 0.5);
  assert.equal(stats.tokens, 48);
});
