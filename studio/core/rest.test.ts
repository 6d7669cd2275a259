import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restOf } from './rest.ts';

const cell = (text: string | null) => ({
  frame: 0,
  token: text === null ? null : 1,
  text: text ?? '',
  confidence: null,
});
const canvas = [' a', ' dog', null, ' ran', null, null].map(cell);
const asked = { prompt: 'Once', model: 'stories', options: { length: 6, seed: 3 } };

test('a text goes on behind what stands before its first mask, as long as was asked for in all', () => {
  assert.deepEqual(restOf(asked, canvas), {
    prompt: 'Once a dog',
    model: 'stories',
    options: { length: 4, seed: 3 },
  });
  const options = { ...asked.options, steps: 3, blockLength: 6 };
  assert.deepEqual(restOf({ ...asked, options }, canvas)?.options, {
    length: 4,
    seed: 3,
    steps: 2,
    blockLength: 4,
  });
});

test('what is written to its end, a grid, or bound to a whole has no rest', () => {
  assert.equal(restOf(asked, [cell(' a')]), undefined);
  assert.equal(restOf({ ...asked, prompt: '3102200002100320' }, canvas), undefined);
  assert.equal(restOf({ ...asked, options: { regex: 'a+' } }, canvas), undefined);
});
