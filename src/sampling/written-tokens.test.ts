import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WrittenTokens } from './written-tokens.ts';

const maskId = 9;

test('a written token keeps the confidence of its step until it is rewritten, masked again or moved', () => {
  const written = new WrittenTokens(maskId);
  written.read({ tokens: [1, maskId, maskId], changed: [], confidence: [NaN, NaN, NaN] });
  assert.equal(written.count, 0);
  written.read({ tokens: [1, 2, maskId], changed: [1], confidence: [NaN, 0.5, 0.2] });
  written.read({ tokens: [1, 2, 3], changed: [2], confidence: [NaN, 0.9, 0.25] });
  assert.deepEqual(
    [0, 1, 2].map((i) => written.confidenceAt(i)),
    [undefined, 0.5, 0.25],
  );
  written.read({ tokens: [1, 4, maskId], changed: [1, 2], confidence: [NaN, 0.75, 0.25] });
  assert.deepEqual([written.confidenceAt(1), written.confidenceAt(2), written.count], [0.75, undefined, 1]);
  // the token that was at 1 is at 2 now, behind a new mask
  written.read({
    tokens: [1, maskId, 4],
    changed: [1],
    sources: [0, -1, 1],
    confidence: [NaN, NaN, 0.75],
  });
  assert.deepEqual([written.confidenceAt(1), written.confidenceAt(2)], [undefined, 0.75]);
});

test('a token that was filled in without being predicted is written, and nobody knows how surely', () => {
  const written = new WrittenTokens(maskId);
  written.read({ tokens: [5], changed: [0], confidence: [NaN] });
  assert.equal(written.count, 1);
  assert.ok(Number.isNaN(written.confidenceAt(0)));
});
