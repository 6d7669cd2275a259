import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileError, InvalidOptionError, UnsupportedError } from './errors.ts';
import { receivedError, sentError } from './sent-errors.ts';

test('errors of another thread are the same errors here', () => {
  const errors = [
    new InvalidOptionError('steps', 'must be at least 1', 0),
    new FileError('a/config.json', 'JSON', 'nothing'),
    new UnsupportedError('webgpu: none'),
    new RangeError('a bug'),
  ];
  for (const error of errors) {
    const received = receivedError(structuredClone(sentError(error)));
    assert.deepEqual([received.name, received.message], [error.name, error.message]);
    if (error.name !== 'RangeError') assert.ok(received instanceof error.constructor);
  }
  assert.equal((receivedError(sentError(errors[0])) as InvalidOptionError).option, 'steps');
});
