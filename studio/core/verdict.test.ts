import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOn } from './verdict.ts';

const bits = (value: number, error = 0.1) => ({ value, error });

test('a run is weighed beside another once both have ended', () => {
  assert.equal(verdictOn({ name: 'B' }, { name: 'A', tokensPerForward: 1 }), undefined);
  const told = (b: object, a: object) =>
    verdictOn({ name: 'B', tokensPerForward: 2, ...b }, { name: 'A', tokensPerForward: 1, ...a });
  assert.match(told({}, { isStopped: true })!, /^A was stopped/);
  assert.match(
    told({}, { bits: bits(1) })!,
    /^For a token B takes 0\.50 times the forwards of A; .*Judge the texts/,
  );
  assert.match(told({ bits: bits(2) }, { bits: bits(1) })!, /worse, by 1\.00 bits a character\.$/);
  assert.match(told({ bits: bits(1) }, { bits: bits(2) })!, /better, by 1\.00 bits/);
  assert.match(told({ bits: bits(1.2) }, { bits: bits(1) })!, /neither text is better beyond the error\.$/);
  assert.match(
    told({ tokensPerForward: 1.001, bits: bits(1, NaN) }, { bits: bits(2) })!,
    /as many forwards as A, .* neither/,
  );
});
