import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOn } from './verdict.ts';

const bits = (value: number, error = 0.1) => ({ value, error });

test('a run is weighed beside another once both have ended', () => {
  assert.equal(verdictOn({ name: 'B' }, { name: 'A', forwards: 9 }), undefined);
  const told = (b: object, a: object) =>
    verdictOn({ name: 'B', forwards: 100, ...b }, { name: 'A', forwards: 200, ...a });
  assert.match(told({}, { bits: bits(1) })!, /^B takes 0\.50 times the forwards of A; .*Judge the texts/);
  assert.match(told({ bits: bits(2) }, { bits: bits(1) })!, /worse, by 1\.00 bits a character\.$/);
  assert.match(told({ bits: bits(1) }, { bits: bits(2) })!, /better, by 1\.00 bits/);
  assert.match(told({ bits: bits(1.2) }, { bits: bits(1) })!, /neither text is better beyond the error\.$/);
  assert.match(
    told({ forwards: 200, bits: bits(1, NaN) }, { bits: bits(2) })!,
    /as many forwards .* neither/,
  );
});
