import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds } from '../../../test/fake-model.ts';
import { CanvasReader } from './cells.ts';

const { mask, end } = fakeIds;
const none = [NaN, NaN, NaN, NaN, NaN];

test('what stood before the first frame is given, what was written is coloured by its confidence', () => {
  const reader = new CanvasReader(byteTokenizer, mask);
  const [a, b] = byteTokenizer.encode('ab');
  const first = reader.cells({ tokens: [a, mask, mask, mask], changed: [], confidence: none });
  assert.deepEqual(
    first.map(({ style }) => style),
    ['given', 'mask', 'mask', 'mask'],
  );
  const second = reader.cells({
    tokens: [a, b, mask, mask],
    changed: [1],
    confidence: [NaN, 0.95, 0.4, 0.7],
  });
  assert.deepEqual(second, [
    { text: 'a', style: 'given', fresh: false },
    { text: 'b', style: 'sure', fresh: true },
    { text: '▒', style: 'mask', fresh: false },
    { text: '▓', style: 'mask', fresh: false },
  ]);
  const third = reader.cells({ tokens: [a, b, b, mask], changed: [2], confidence: [NaN, NaN, 0.65, 0.1] });
  assert.deepEqual(
    third.map(({ style, fresh }) => [style, fresh]),
    [
      ['given', false],
      ['sure', false],
      ['likely', true],
      ['mask', false],
    ],
  );
});

test('a token that is masked again loses its colour', () => {
  const reader = new CanvasReader(byteTokenizer, mask);
  const [a] = byteTokenizer.encode('a');
  reader.cells({ tokens: [a], changed: [0], confidence: [0.2] });
  assert.equal(reader.cells({ tokens: [mask], changed: [0], confidence: [0.5] })[0].style, 'mask');
  assert.equal(reader.cells({ tokens: [a], changed: [0], confidence: [0.5] })[0].style, 'unsure');
});

test('the bytes of one character are one cell, as sure as the least sure of them', () => {
  const reader = new CanvasReader(byteTokenizer, mask);
  const tokens = byteTokenizer.encode('é中');
  const cells = reader.cells({ tokens, changed: [0, 1, 2, 3, 4], confidence: [0.99, 0.7, 0.9, 0.2, 0.9] });
  assert.deepEqual(
    cells.map(({ text, style }) => [text, style]),
    [
      ['é', 'likely'],
      ['中', 'guess'],
    ],
  );
});

test('a character of which some bytes are still masked shows as unknown', () => {
  const [first] = byteTokenizer.encode('é');
  const cells = new CanvasReader(byteTokenizer, mask).cells({
    tokens: [first, mask],
    changed: [0],
    confidence: [1, 0],
  });
  assert.deepEqual(
    cells.map(({ text }) => text),
    ['\ufffd', '░'],
  );
});

test('an end token is a dot, and control characters are signs', () => {
  const tokens = [...byteTokenizer.encode('\x1b'), end];
  const cells = new CanvasReader(byteTokenizer, mask).cells({ tokens, changed: [], confidence: none });
  assert.deepEqual(
    cells.map(({ text, style }) => [text, style]),
    [
      ['␛', 'given'],
      ['·', 'special'],
    ],
  );
});

test('a mask of a tokenizer of words is as wide as a short word', () => {
  const words = { ...byteTokenizer, vocabularySize: 4096 };
  const [cell] = new CanvasReader(words, mask).cells({ tokens: [mask], changed: [], confidence: none });
  assert.equal(cell.text, ' ░░░');
});

test('what is known of a token moves with it, and a new mask is a mask', () => {
  const reader = new CanvasReader(byteTokenizer, fakeIds.mask);
  const [a, b] = byteTokenizer.encode('ab');
  const M = fakeIds.mask;
  reader.cells({ tokens: [a, M, M, a], changed: [], confidence: [NaN, NaN, NaN, NaN] });
  reader.cells({ tokens: [a, M, b, a], changed: [2], confidence: [NaN, NaN, 0.4, NaN] });
  const moved = reader.cells({
    tokens: [a, M, M, b, a],
    changed: [1, 2],
    sources: [0, -1, -1, 2, 3],
    confidence: [NaN, NaN, NaN, 0.4, NaN],
  });
  assert.deepEqual(
    moved.map(({ style }) => style),
    ['given', 'mask', 'mask', 'unsure', 'given'],
  );
});
