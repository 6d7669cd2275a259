import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkIds } from './check-ids.ts';

test('ids are whole numbers from 0 to one below the size; the first other one is named', () => {
  checkIds([0, 6], 7, 'tokens');
  checkIds(Int32Array.of(6), 7, 'tokens');
  for (const bad of [7, -1, 1.5, NaN])
    assert.throws(() => checkIds([0, bad, 9], 7, 'tokens'), {
      name: 'InvalidOptionError',
      message: /^tokens: must be ids of the tokenizer, which has 7, got /,
    });
});
