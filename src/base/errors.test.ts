import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileError, InvalidOptionError, show } from './errors.ts';

test('a message says what was expected, what was found and what to do', () => {
  const option = new InvalidOptionError('blockLength', 'must divide length (8)', 3);
  assert.equal(option.message, 'blockLength: must divide length (8), got 3');
  assert.equal(new InvalidOptionError('grow', 'needs a prompt', true).message, 'grow: needs a prompt');
  assert.equal(new InvalidOptionError('data', 'is needed', undefined).message, 'data: is needed');
  assert.equal(
    new InvalidOptionError('data', 'must be a string', undefined).message,
    'data: must be a string, got undefined',
  );
  const file = new FileError('a/config.json', 'JSON', 'nothing', 'check the path');
  assert.equal(file.message, 'a/config.json: expected JSON, found nothing; check the path');
});

test('a quoted value is short, on one line, and moves no cursor', () => {
  assert.equal(show('a\nb'), '"a\\nb"');
  assert.equal(show('\u001b[2J\u009b\u202e'), '"\\u001b[2J\\u009b\\u202e"');
  assert.equal(show('x'.repeat(1000)).length, 78);
  assert.equal(show(undefined), 'undefined');
});
