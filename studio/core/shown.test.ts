import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMostlyLines, maskShape, percent, shownText, styleOf, tokenName } from './shown.ts';

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
  assert.deepEqual(
    [' ', '\n\n', ' a', ''].map((text) => tokenName(1, text)),
    ['␣', '↵↵', ' a', '·'],
  );
});

test('a mask has the shape of the token that comes there, else of some word', () => {
  assert.deepEqual(maskShape(3, ' garden'), { characters: 6, hasBlank: true });
  assert.deepEqual(maskShape(3, 'den.'), { characters: 4, hasBlank: false });
  assert.deepEqual(maskShape(0, '\n'), { characters: 1, hasBlank: false });
  assert.deepEqual(maskShape(0, ''), { characters: 1, hasBlank: true });
  assert.equal(maskShape(0, 'x'.repeat(1000)).characters, 14);
  for (let position = 0; position < 100; position++) {
    const { characters, hasBlank } = maskShape(position);
    assert.ok(hasBlank && characters >= 2 && characters <= 7);
  }
});

test('a text of line ends is told from one of words', () => {
  assert.equal(isMostlyLines('\n\n\na'), true);
  assert.equal(isMostlyLines('One day.\n\nAnd another one.'), false);
  assert.equal(isMostlyLines(''), false);
});
