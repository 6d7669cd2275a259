import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../../test/cpu-time.ts';
import { patternFinder } from './matcher.ts';

const found = (pattern: string, text: string) =>
  patternFinder(pattern)(text).map(([start, end]) => text.slice(start, end));

test('by hand: classes, groups, repetitions and edges are those of Oniguruma', () => {
  const cases: [pattern: string, text: string, matches: string[]][] = [
    ['a|ab', 'ab', ['a']],
    ['(?:a|ab)c', 'abc', ['abc']],
    ['a+?b?', 'aab', ['a', 'ab']],
    ['a++a', 'aaa', []],
    ['(?>a+|ab)b', 'aab', ['aab']],
    ['x*', 'axxb', ['', 'xx', '']],
    ['\\s+(?!\\S)|\\s+', 'a   b ', ['  ', ' ', ' ']],
    ['(?<=a)b|(?<!a)c', 'abcac', ['b', 'c']],
    ["(?i:'S|k)", "'s\u017f\u212ak 'ſ", ["'s", '\u212a', 'k', "'ſ"]],
    ['[a-c&&[^b]]+', 'abcca', ['a', 'cca']],
    ['[[:digit:]\\p{Lu}]+', 'aB٣1c', ['B٣1']],
    ['^.|.$', 'ab\ncd', ['a', 'b', 'c', 'd']],
    ['\\bà', 'àà à', ['à', 'à']],
    ['a{2}|b{,2}c|d{1', 'aaabbcd{1', ['aa', 'bbc', 'd{1']],
    ['(?x) a # one\n b', 'ab', ['ab']],
    ['\\u0041\\x{1F44D}', 'A👍', ['A👍']],
    ['\\p{Han}+|\\p{^L}', '中文a ', ['中文', ' ']],
  ];
  for (const [pattern, text, matches] of cases) assert.deepEqual(found(pattern, text), matches, pattern);
});

test('what needs more than the place in the text is refused by name', () => {
  const refused = [
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(a*)*',
    '\\X',
    '\\p{Nothing}',
    '(?<=a+)b',
    '(',
    '[a',
    '*',
    'a\\',
    '(?(1)a)',
  ];
  for (const pattern of refused) assert.throws(() => patternFinder(pattern), Error, pattern);
  assert.throws(() => patternFinder('(a)\\1'), /the regular expression .* has \\1, which is not supported/);
});

test('time is linear in the text, for every pattern that takes others the square of it or forever', () => {
  const hostile = [
    '(a+)+$',
    '(a|a)*b|a',
    '(a|aa)+$',
    'a*a*a*a*b|a',
    '(?=.*b)a|a',
    '(?>a*)b|a',
    '(?=(a+)+$)a',
    'a*?a*?x|a',
    '(?:a+b?)+c',
  ];
  for (const pattern of hostile) {
    const find = patternFinder(pattern);
    const timeOf = (length: number) => {
      const begun = cpuMs();
      find('a'.repeat(length));
      return cpuMs() - begun;
    };
    timeOf(1000);
    const [short, long] = [timeOf(5000), timeOf(20_000)];
    assert.ok(long < 16 * Math.max(short, 10), `${pattern}: ${short} ms, then ${long} ms`);
  }
});
