import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percent, shownText, styleOf } from './shown.ts';

test('a position looks as sure as the model was', () => {
  assert.equal(styleOf(null, null), 'mask');
  assert.equal(styleOf(3, null), 'filled');
  assert.deepEqual(
    [1, 0.9, 0.6, 0.3, 0.29, 0].map((confidence) => styleOf(3, confidence)),
    ['sure', 'sure', 'likely', 'unsure', 'guess', 'guess'],
  );
  assert.deepEqual([0.99999, 0.5, 0.0004].map(percent), ['100 %', '50.0 %', '0.0 %']);
});

test('whatever a token spells can be seen, and turns nothing around', () => {
  assert.equal(shownText(1, 'a\u0007\u001b[31m\nb\u202e'), 'a␇␛[31m\nb<202e>');
  assert.equal(shownText(null, ''), '▒▒▒');
  assert.equal(shownText(1, ''), '·');
  assert.equal(shownText(1, '<b>'), '<b>');
});
