import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unscoredWords } from './unscored.ts';

test('runs without an exact number are named together where they have one reason, in words', () => {
  const penalty = 'frequencyPenalty changes the probabilities; write with frequencyPenalty 0';
  assert.deepEqual(
    unscoredWords([
      { name: 'A', unscored: penalty },
      { name: 'B', unscored: 'it is long; write a shorter one' },
      { name: 'C' },
      { name: 'D', unscored: penalty },
    ]),
    [
      'Runs A and D have no exact number, which tells how likely a text was for the model that wrote it: frequency penalty changes the probabilities; write with frequency penalty 0.',
      'Run B has no exact number, which tells how likely a text was for the model that wrote it: it is long; write a shorter one.',
    ],
  );
  assert.deepEqual(unscoredWords([{ name: 'A' }]), []);
});
