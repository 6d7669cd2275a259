import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectation, parametersOf, tokensIn, workOf } from './expectation.ts';

const nano = { layers: 4, width: 128, hidden: 344, vocabularySize: 1024 };
const sizes = { nano, tiny: { layers: 6, width: 256, hidden: 688, vocabularySize: 2048 } };

test('the parameters of a network are those of its matrices', () => {
  assert.equal(parametersOf(nano), 4 * (4 * 128 ** 2 + 3 * 128 * 344) + 2 * 1024 * 128);
  assert.ok(Number.isNaN(parametersOf(undefined)));
});

test('how fast a machine is says the latest run that was long enough, whatever its size', () => {
  const run = (size: string, tokens: number, seconds: number) => ({ options: { size }, tokens, seconds });
  const of = parametersOf(nano);
  assert.equal(workOf([run('nano', 100, 1), run('other', 10, 60), run('nano', 6000, 60)], sizes), 100 * of);
  assert.equal(workOf([run('nano', 100, 1), { options: {} }], sizes), undefined);
});

test('a run of a time has the largest network that reads six tokens a parameter', () => {
  const [small, large] = [sizes.nano, sizes.tiny].map(parametersOf);
  // tiny reads exactly six tokens a parameter in a minute
  const work = (6 * large * large) / (0.85 * 60);
  assert.equal(Math.round(tokensIn(1, sizes, { work })), 6 * large);
  assert.equal(Math.round(tokensIn(0.5, sizes, { work })), Math.round((3 * large * large) / small));
  assert.equal(Math.round(tokensIn(0.5, sizes, { work, size: 'tiny' })), 3 * large);
});

test('what can be expected grows with what is read, of a text that is long enough', () => {
  const said = (read: number, text?: number, minutes?: number) => expectation({ read, text, minutes });
  assert.equal(
    said(2.5e6, 100_000, 1),
    'The text is read about 25 times: expect words and short phrases, seldom a whole sentence. Simple sentences take about 2 minutes and a text of at least 0.3 MB.',
  );
  assert.match(
    said(1e6, 1e6, 5),
    /^The text is read once: expect words and short phrases, .* Simple sentences take about 25 minutes\.$/,
  );
  assert.equal(
    said(3e7, 5e6, 20),
    'The text is read about 6 times: expect simple sentences with slips of sense.',
  );
  assert.match(said(1e8, 2e7, 20), /: expect sentences that are mostly sound where/);
  // of a short text more time teaches no more than the text
  assert.match(
    said(1e8, 100_000, 60),
    /knows by heart.* Simple sentences take a text of at least 0\.3 MB\.$/,
  );
  // whatever the text, which nobody knows yet
  assert.equal(
    said(1e4, undefined, 1),
    'Expect single words and letters, no sentences. Simple sentences take about 9 hours and a text of at least 0.3 MB.',
  );
  assert.match(said(2e5, 2e6), /Simple sentences take about 25 times the updates\.$/);
});
