import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readComparison, writeComparison } from './comparison-file.ts';

const run = {
  asked: { prompt: 'a', model: 'm', options: { seed: 1 } },
  events: [
    {
      ms: 0,
      frame: { revision: 0, step: 0, block: 0, t: 1, length: 1, committed: 0, reset: true, changes: [] },
    },
  ],
};

test('a comparison is read as it was written; another file is none', () => {
  const quality = { bitsPerCharacter: 1.2, standardError: 0.1, distinct: 0.7, unscored: 'it is penalised' };
  const comparison = { name: 'steps', runs: [run, { ...run, quality }] };
  assert.equal(writeComparison(readComparison(writeComparison(comparison))!), writeComparison(comparison));
  assert.equal(readComparison('{"format":"unmask recording 1"}'), undefined);
  assert.equal(readComparison('no JSON'), undefined);
});

test('a comparison that could not be shown is refused in a sentence', () => {
  assert.throws(() => readComparison('{"format":"unmask comparison 1","name":"x","runs":[]}'), /no runs/);
  assert.throws(
    () => readComparison('{"format":"unmask comparison 1","name":"x","runs":[{"asked":1}]}'),
    /asked is not as it must be/,
  );
  const wrong = { name: 'x', runs: [{ ...run, quality: { exact: 'low' } }] };
  assert.throws(
    () => readComparison(JSON.stringify({ format: 'unmask comparison 1', ...wrong })),
    /quality is not as it must be/,
  );
});
