import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from './automaton.ts';
import { buildAutomaton } from './build-automaton.ts';
import { gbnfLanguage } from './gbnf.ts';
import { unlimited } from './json-room.ts';
import { expressionOf } from './language.ts';

function taking(grammar: string): (text: string) => boolean {
  const automaton = buildAutomaton(expressionOf(gbnfLanguage(grammar), unlimited));
  return (text) => {
    const state = follow(automaton, new TextEncoder().encode(text));
    return state >= 0 && automaton.accepting[state] === 1;
  };
}

test('a grammar is the texts that it describes', () => {
  const cases: [grammar: string, right: string[], wrong: string[]][] = [
    ['root ::= "yes" | "no"', ['yes', 'no'], ['', 'yesno', 'y']],
    [
      `root ::= move (ws move){1,2} # moves of chess
       move ::= [a-h] [1-8] "-"? [a-h] [1-8]
       ws ::= [ \\t\\n]+`,
      ['e2-e4 e7e5', 'a1a2\na3a4\t a5-a6'],
      ['e2-e4', 'e2-e4  i7i5', 'e2-e4 e7e5 e7e5 e7e5'],
    ],
    ['root ::= [^"\\\\\\n]* "\\x41\\u00e9#"', ['Aé#', 'xyAé#'], ['"Aé#', 'Aé']],
    ['root ::= "[" item ("," item)* "]"\nitem ::= [0-9]{2} | .{3,}', ['[12]', '[12,abc]'], ['[]', '[1]']],
    ['root ::= [-+]? [a\\-z]', ['-a', '+-', 'z'], ['b', '--a']],
  ];
  for (const [grammar, right, wrong] of cases) {
    const takes = taking(grammar);
    for (const text of right) assert.ok(takes(text), `${grammar}: ${text}`);
    for (const text of wrong) assert.ok(!takes(text), `${grammar}: ${text}`);
  }
});

test('what is no grammar, or none of a regular language, is refused', () => {
  for (const [grammar, problem] of [
    ['', /must be rules/],
    ['start ::= "a"', /no rule root/],
    ['root ::= ("a"', /close/],
    ['root ::= "a" )', /go on/],
    ['root ::= "a" other', /no rule other/],
    ['root ::= "(" root ")" | "x"', /refers to itself/],
    ['root ::= "\\UFFFFFFFF"', /Unicode/],
    [
      `root ::= ${Array.from({ length: 14 }, (_, i) => `r${i}`)[0]}\n${Array.from({ length: 14 }, (_, i) => `r${i} ::= r${i + 1} r${i + 1} r${i + 1}`).join('\n')}\nr14 ::= "a"`,
      /too large/,
    ],
  ] as const)
    assert.throws(() => gbnfLanguage(grammar), problem, grammar);
});

test('what is nested deeply, and what is never closed, is refused at once', () => {
  const many = 100_000;
  for (const [name, grammar, problem] of [
    ['groups', `root ::= ${'('.repeat(many)}"a"${')'.repeat(many)}`, /nests more/],
    ['repetitions', `root ::= "a"${'*'.repeat(many)}`, /nests more/],
    [
      'rules',
      `root ::= r0\n${Array.from({ length: 5000 }, (_, i) => `r${i} ::= r${i + 1}`).join('\n')}`,
      /nests more/,
    ],
    ['classes', `root ::= ${'['.repeat(many)}`, /go on/],
    ['texts', `root ::= ${'"\\\n'.repeat(many)}`, /go on/],
  ] as const) {
    const start = performance.now();
    assert.throws(() => gbnfLanguage(grammar), problem, name);
    assert.ok(performance.now() - start < 2000, name);
  }
});
