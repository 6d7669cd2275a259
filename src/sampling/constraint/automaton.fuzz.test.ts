import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accepts } from '../../../test/accepts.ts';
import { inputs } from '../../../test/inputs.ts';
import type { Automaton } from './automaton.ts';
import { intersection } from './automaton-product.ts';
import { buildAutomaton } from './build-automaton.ts';
import { anywhere, parseRegularExpression, whole } from './regular-expression.ts';

const automaton = (source: string): Automaton =>
  buildAutomaton(whole(parseRegularExpression(source, 'regex')));

/** Small regular expressions over a few characters, of one to four bytes. */
const source: fc.Arbitrary<string> = fc.letrec<{ whole: string; part: string }>((tie) => ({
  whole: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'é',
      '😀',
      '.',
      '[ab]',
      '[^aé]',
      '\\d',
      '\\p{L}',
      '\\.',
      '\\u{1f600}',
      '[a-é\\]]',
      '',
    ),
    fc.tuple(tie('whole'), tie('whole')).map(([x, y]) => x + y),
    fc.tuple(tie('whole'), tie('whole')).map(([x, y]) => `(?:${x}|${y})`),
    fc
      .tuple(tie('whole'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'))
      .map(([x, quantifier]) => `(${x})${quantifier}`),
  ),
  part: fc.constant(''),
})).whole;

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', '😀', '.', '0', ']', '\n', '語'),
  maxLength: 6,
});

test('an automaton accepts what the regular expression matches', () => {
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 10, maxLength: 10 }), (pattern, texts) => {
      const language = automaton(pattern);
      for (const x of texts)
        assert.equal(accepts(language, x), new RegExp(`^(?:${pattern})$`, 'u').test(x), x);
    }),
    { seed: 2, numRuns: inputs({ all: 30, few: 6 }) },
  );
});

test('^ and $ tie an alternative to the ends, and without them it matches anywhere', () => {
  const tied = fc
    .tuple(fc.constantFrom('', '^'), source, fc.constantFrom('', '$'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(tied, tied, fc.array(text, { minLength: 5, maxLength: 5 }), (one, other, texts) => {
      const pattern = `${one}|${other}`;
      const language = buildAutomaton(anywhere(parseRegularExpression(pattern, 'pattern')));
      for (const x of texts) assert.equal(accepts(language, x), new RegExp(pattern, 'u').test(x), x);
    }),
    { seed: 3, numRuns: inputs({ all: 15, few: 3 }) },
  );
});

test('^, $ and what looks ahead hold wherever they stand', () => {
  const piece = fc.oneof(
    source,
    fc.constantFrom(
      '^',
      '$',
      '(?=a)',
      '(?!b)',
      '(?=.*b$)',
      '(?![^]*0)',
      '(?:^a|b)',
      '(?:a|b$)',
      '(?:(?=a).|é)?',
    ),
    source.map((x) => `(?=${x})`),
    source.map((x) => `(?!${x})`),
  );
  const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const patterns = inputs({ all: 150, few: 6 });
  let refused = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 10, maxLength: 10 }), (one, texts) => {
      let language;
      try {
        language = buildAutomaton(anywhere(parseRegularExpression(one, 'pattern')));
      } catch (error) {
        assert.match(String(error), /\^ there isn't supported/); // behind what may be nothing
        refused += 1;
        return;
      }
      for (const x of texts) assert.equal(accepts(language, x), new RegExp(one, 'u').test(x), x);
    }),
    { seed: 5, numRuns: patterns },
  );
  assert.ok(refused < patterns / 5, `${refused}`);
});

test('an intersection has the texts of both', () => {
  fc.assert(
    fc.property(source, source, fc.array(text, { minLength: 10, maxLength: 10 }), (one, other, texts) => {
      const [a, b] = [automaton(one), automaton(other)];
      const both = intersection(a, b);
      for (const x of texts) assert.equal(accepts(both, x), accepts(a, x) && accepts(b, x), x);
    }),
    { seed: 4, numRuns: inputs({ all: 20, few: 5 }) },
  );
  assert.deepEqual([...intersection(automaton('a+'), automaton('b+')).accepting], [0]);
});
