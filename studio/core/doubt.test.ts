import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubtOf, likelihood, nothingLikelier, whyLeft } from './doubt.ts';

test('the less likely, the more it is doubted, and one in a hundred is no doubt', () => {
  assert.deepEqual([1e-9, 0.0009, 0.001, 0.0099, 0.01, 0.099, 0.1, 1].map(doubtOf), [
    'doubt-2',
    'doubt-2',
    'doubt-1',
    'doubt-1',
    '',
    '',
    '',
    '',
  ]);
  assert.deepEqual([1e-12, 0.000049, 0.0012, 0.034, 0.5].map(likelihood), [
    'less than 1 in a billion',
    '1 in 20,000',
    '0.12 %',
    '3.4 %',
    '50 %',
  ]);
});

test('where nothing is suggested it is said why, and what helps', () => {
  const helps = / Check lists unlikely words; Others, beside each, has other words written all the same\.$/;
  assert.match(nothingLikelier([], {}), /^No word is so unlikely .*the option Threshold/);
  assert.match(nothingLikelier([], { maxChange: 0.1 }), /^No word that fits .* is so unlikely/);
  assert.match(
    nothingLikelier(['“purple”'], {}),
    /^In the place of “purple” the model finds nothing likelier\./,
  );
  for (const said of [nothingLikelier([], {}), nothingLikelier(['“a”'], {})]) assert.match(said, helps);
  assert.match(
    nothingLikelier(['“a”', '“b”'], { isMarked: true }),
    /^In the place of “a”, “b” .* nothing else/,
  );
  assert.match(nothingLikelier(['“a”'], { dryRun: true, isMarked: true }), /^A dry run: “a” would be/);
});

test('of an unlikely word that is left as it is it is said why', () => {
  const asked = { threshold: 0.0003, dryRun: false };
  const left = (probability: number, isWritten: boolean) => whyLeft({ probability, isWritten }, asked);
  assert.equal(left(0.0001, true), 'left: nothing likelier');
  assert.equal(left(0.0001, false), 'left: beyond the most that may change');
  assert.equal(left(0.0003, false), 'left: not under the threshold, 1 in 3,000');
  assert.equal(
    whyLeft({ probability: 0.0001, isWritten: true }, { ...asked, dryRun: true }),
    'would be written anew',
  );
});
