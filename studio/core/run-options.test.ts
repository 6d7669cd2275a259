import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldOptions } from './run-options.ts';

test('what is other than usual in a run comes apart, in the words of the schema', () => {
  const schema = {
    properties: {
      learningRate: { type: 'number', description: 'highest learning rate [set by size]' },
      tied: { type: 'boolean', description: 'one matrix for both [false]' },
    },
  };
  const options = { data: ['a.txt', 'b.txt'], learningRate: 0.002, tied: false, ema: null, mine: { a: 1 } };
  const { changed, others } = toldOptions(options, schema, { learningRate: 0.001, tied: false });
  assert.deepEqual(changed, [
    { name: 'data', label: 'data', help: '', value: 'a.txt, b.txt' },
    { name: 'learningRate', label: 'learning rate', help: 'highest learning rate', value: '0.002' },
    { name: 'mine', label: 'mine', help: '', value: '{"a":1}' },
  ]);
  assert.deepEqual(others, [{ name: 'tied', label: 'tied', help: 'one matrix for both', value: 'no' }]);
});

test('of a run whose usual options nobody knows all are told', () => {
  assert.equal(toldOptions({ size: 'nano', seed: 1 }).changed.length, 2);
});
