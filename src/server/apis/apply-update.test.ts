import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyUpdate } from './apply-update.ts';

const original = [
  'import a',
  '',
  'function f() {',
  '  return 1;',
  '}',
  '',
  'function g() {',
  '  return 2;',
  '}',
].join('\n');

test('a piece goes where its first and last line are', () => {
  const update = [
    '// ... existing code ...',
    'function f() {',
    '  return 10;',
    '}',
    '// ... existing code ...',
  ].join('\n');
  assert.equal(applyUpdate(original, update), original.replace('return 1;', 'return 10;'));
});

test('pieces at the ends begin and end the file', () => {
  const update = [
    'import a',
    'import b',
    '# ... existing code ...',
    'function g() {',
    '  return 3;',
    '}',
  ].join('\n');
  assert.equal(
    applyUpdate(original, update),
    ['import a', 'import b', ...original.split('\n').slice(1, 6), 'function g() {', '  return 3;', '}'].join(
      '\n',
    ),
  );
});

test('without such lines the update is the whole file; where it goes must be told', () => {
  assert.equal(applyUpdate(original, 'x'), 'x');
  assert.equal(
    applyUpdate(original, '// ... existing code ...\nfoo\nbar\n// ... existing code ...'),
    undefined,
  );
});
