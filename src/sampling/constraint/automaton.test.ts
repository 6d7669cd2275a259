import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accepts } from '../../../test/accepts.ts';
import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import { buildAutomaton } from './build-automaton.ts';
import type { Automaton } from './automaton.ts';
import { anyCharacter, characters, type Expression, literally, repeated, sequence } from './expression.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';
import { utf8Ranges } from './utf8-ranges.ts';

const automaton = (source: string): Automaton =>
  buildAutomaton(whole(parseRegularExpression(source, 'regex')));

test('ranges of bytes spell exactly the code points of a set', () => {
  const point = fc.oneof(
    fc.integer({ min: 0, max: 0x10ffff }),
    fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff),
  );
  fc.assert(
    fc.property(point, point, point, (a, b, c) => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      const sequences = utf8Ranges([[first, last]]);
      for (const x of [a, b, c, first - 1, last + 1]) {
        if (x < 0 || x > 0x10ffff || (x >= 0xd800 && x <= 0xdfff)) continue;
        const bytes = new TextEncoder().encode(String.fromCodePoint(x));
        const spelled = sequences.filter(
          (ranges) =>
            ranges.length === bytes.length &&
            ranges.every(([low, high], i) => low <= bytes[i] && bytes[i] <= high),
        );
        assert.equal(spelled.length, x >= first && x <= last ? 1 : 0);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
  const all = utf8Ranges(anyCharacter).map((ranges) =>
    ranges.reduce((n, [low, high]) => n * (high - low + 1), 1),
  );
  assert.equal(
    all.reduce((a, b) => a + b),
    0x110000 - 0x800,
  );
});

test('an automaton has as few states as can be', () => {
  const states = (pattern: string): number => automaton(pattern).accepting.length;
  assert.equal(states('(?:a|b)*abb'), 4);
  assert.equal(states('(?:ab|cb|d(?:b))'), 3);
  assert.equal(states('a*a*|a*'), 1);
  assert.equal(states('[^]*'), 1 + 7); // within a character of two to four bytes: seven places
  assert.equal(states('x{300}'), 301);
});

test('of a list each part may be absent, and separators stand between parts only', () => {
  const list = {
    kind: 'list',
    separator: literally(','),
    parts: ['a', 'b', 'c', 'd'].map((x, i) => ({ part: literally(x), optional: i !== 1 })),
    least: 0,
    most: Infinity,
  } as const;
  const language = buildAutomaton(list);
  const all = ['', 'a', 'b', 'c', 'd'].flatMap((w) =>
    ['', ',', 'a', ',b', 'b', ',c'].flatMap((x) =>
      ['', ',c', ',d'].flatMap((y) => ['', ',d', ','].map((z) => w + x + y + z)),
    ),
  );
  const expected = ['b', 'a,b', 'b,c', 'b,d', 'a,b,c', 'a,b,d', 'b,c,d', 'a,b,c,d'];
  const accepted = [...new Set(all.filter((x) => accepts(language, x)))];
  assert.deepEqual(accepted.sort(), expected.sort());
  assert.ok(accepts(buildAutomaton({ ...list, parts: [] }), ''));
  for (let least = 0; least <= 5; least++) {
    for (const most of [0, 1, 2, 3, 4, Infinity]) {
      const counted = buildAutomaton({ ...list, least, most });
      const length = (x: string): number => (x === '' ? 0 : x.split(',').length);
      for (const x of expected)
        assert.equal(accepts(counted, x), length(x) >= least && length(x) <= most, `${x} ${least} ${most}`);
    }
  }
});

test('what is repeated may have a separator', () => {
  for (const [least, most] of [
    [0, Infinity],
    [1, Infinity],
    [0, 1],
    [2, 3],
    [5, 6],
    [5, Infinity],
    [0, 0],
  ]) {
    const language = buildAutomaton(repeated(literally('a'), least, most, literally(',')));
    for (let n = 0; n < 9; n++) {
      const x = Array(n).fill('a').join(',');
      assert.equal(accepts(language, x), n >= least && n <= most, `${x} ${least} ${most}`);
      assert.ok(!accepts(language, `${x},`) && (n <= 1 || !accepts(language, x.replace('a', ''))));
    }
  }
});

test('an automaton can be a part of an expression', () => {
  const part: Expression = { kind: 'automaton', automaton: automaton('[ab]+') };
  const language = buildAutomaton(sequence(literally('<'), repeated(part, 0, Infinity), literally('>')));
  assert.ok(accepts(language, '<>') && accepts(language, '<abba>'));
  assert.ok(!accepts(language, '<c>') && !accepts(language, '<ab'));
});

test('what no automaton can do is refused with its place', () => {
  const refused = (
    pattern: string,
    message: RegExp,
    kind = UnsupportedError as new (...a: never[]) => Error,
  ): void => {
    assert.throws(
      () => automaton(pattern),
      (error) => {
        assert.ok(error instanceof kind, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  };
  refused('(?<!b)a', /the look-behind \(\?<!…\)/);
  refused('(a)\\1', /the back-reference \\1 isn't supported at character 4/);
  refused('(?<x>a)\\k<x>', /the back-reference \\k/);
  refused('\\ba', /the word boundary \\b/);
  refused('a?^b', /\^ there isn't supported at character 3/);
  refused('(?:a(?=b))*', /\^, \$ or a look-ahead in what is repeated/);
  refused('a(', /^regex: must be a regular expression of JavaScript \(.+\), got "a\("$/, InvalidOptionError);
  refused('a{2,1}', /must be a regular expression of JavaScript/, InvalidOptionError);
  refused('(?:a|b)*a(?:a|b){20}', /needs an automaton of more than 60000 states/);
  refused(
    `${'('.repeat(300)}a${')'.repeat(300)}`,
    /a group inside 200 others isn't supported at character 201/,
  );
  refused('(?:(?:a{1000}){1000}){1000}', /more than 500000 parts/);
});

test('named groups, classes with brackets, and every way to write a character', () => {
  const cases: [string, string][] = [
    ['a(?:){999999999}(?:){0,999999999}b', 'ab'],
    ['(?<year>\\d{4})', '2024'],
    ['[\\]\\\\-]', ']'],
    ['\\x41\\u0042\\u{43}\\cJ\\n\\/\\ud83d\\ude00', 'ABC\n\n/😀'],
    ['\\p{Script=Greek}\\P{L}', 'α1'],
    ['\\w\\W\\s\\S\\0', 'a- x\0'],
  ];
  for (const [pattern, x] of cases) assert.ok(accepts(automaton(pattern), x), pattern);
  assert.equal(buildAutomaton(characters([])).accepting[0], 0);
});
