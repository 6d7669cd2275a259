import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../../test/cpu-time.ts';
import { inputs } from '../../../test/inputs.ts';
import * as fc from 'fast-check';
import { applyUpdate } from './apply-update.ts';

const elision = '// ... existing code ...';
const original = [
  'import a',
  '',
  'function f() {',
  '  return 1;',
  '}',
  '',
  'function g() {',
  '  return 2;',
  '}',
].join('\n');

/** What an update makes of the code; undefined where it is refused. */
function applied(code: string, update: readonly string[]): string | undefined {
  const outcome = applyUpdate(code, update.join('\n'));
  return outcome.kind === 'applied' ? outcome.text : undefined;
}

/** Why an update is refused. */
function refused(code: string, update: readonly string[]): string {
  const outcome = applyUpdate(code, update.join('\n'));
  return outcome.kind === 'refused' ? outcome.problem : assert.fail(outcome.text);
}

test('a piece goes where its first and last line are', () => {
  const update = [elision, 'function f() {', '  return 10;', '  // done', '', 'function g() {', elision];
  assert.equal(applied(original, update), original.replace('  return 1;\n}\n', '  return 10;\n  // done\n'));
});

test('pieces at the ends begin and end the file', () => {
  const update = [
    'import a',
    'import b',
    '',
    '# ... existing code ...',
    'function g() {',
    '  return 3;',
    '}',
  ];
  assert.equal(
    refused(original, update),
    'line 3 of the update ("") stands in the code more than once, so that it isn\'t certain which is meant: begin and end each piece with a line that is there only once',
  );
  assert.equal(
    applied(original, ['import b', 'import a', '# ... existing code ...', ...update.slice(4)]),
    ['import b', ...original.split('\n').slice(0, 6), 'function g() {', '  return 3;', '}'].join('\n'),
  );
});

test('a new method whose last line the file has as well, and no line that says where it goes, is refused', () => {
  const calculator = [
    'class Calculator:',
    '    def add(self, a, b):',
    '        """Adds two numbers."""',
    '        result = a + b',
    '        return result',
  ].join('\n');
  const method = [
    'def multiply(self, a, b):',
    '        """Multiplies two numbers."""',
    '        result = a * b',
    '        return result',
  ];
  assert.match(refused(calculator, [elision, ...method, elision]), /^line 2 of the update \("def multiply/);
  assert.match(
    refused(calculator, [elision, '        return result', '', ...method, elision]),
    /^line 7 .* only before/,
  );
  assert.equal(
    applied(calculator, [
      elision,
      '        return result',
      '',
      `    ${method[0]}`,
      ...method.slice(1, 3),
      '        return a * b',
    ]),
    [calculator, '', `    ${method[0]}`, ...method.slice(1, 3), '        return a * b'].join('\n'),
  );
});

test('an update without such lines is the whole file, and may only add to it unless it begins and ends as the file does', () => {
  assert.equal(applied('', ['x']), 'x');
  assert.equal(applied('a\nb\n', ['a', 'new', 'b', 'end']), 'a\nnew\nb\nend');
  assert.equal(applied('a\nb\nc', ['a', 'c']), 'a\nc');
  assert.match(
    refused(original, ['function f() {', '  return 10;', '}']),
    /^the piece at line 1 of the update has no/,
  );
});

test('what might leave code out, and what might be code, is refused', () => {
  assert.match(
    refused(original, ['import a', '// ... rest of the file ...']),
    /^line 2 of the update seems to leave code out/,
  );
  assert.match(refused(`a\n${elision}\nb`, ['a', elision, 'b']), /^the code itself has a line/);
  assert.equal(applied('a\n# ...\nb', ['a', '# ...', 'c', 'b']), 'a\n# ...\nc\nb');
  assert.match(refused(original, [elision, 'foo', 'bar', elision]), /"foo"\) is no line of the code/);
  assert.match(refused(original, [elision, 'function g() {', elision]), /stands alone between two/);
  // the same code with another indentation is other code
  assert.match(refused('if x:\n    a\n    b\n    c', [elision, 'a', 'd', 'c', elision]), /is no line/);
});

test("line ends are the file's", () => {
  assert.equal(applied('a\r\nb\r\nc\r\n', [elision, 'a', 'x', 'b', elision]), 'a\r\nx\r\nb\r\nc\r\n');
});

test('a file of more lines than a call may have arguments takes an update', () => {
  const file = Array.from({ length: 300_000 }, (_, n) => `${n}`);
  const update = ['// ... existing code ...', file.at(-1)!, 'new'];
  assert.equal(applied(file.join('\n'), update), [...file, 'new'].join('\n'));
});

test('an update of a megabyte is laid over at once', () => {
  const lines = Array.from({ length: 25_000 }, (_, i) => `line ${i % 7}`);
  const dots = '.'.repeat(1_000_000);
  const begin = cpuMs();
  applyUpdate(lines.join('\n'), lines.flatMap((line) => [line, line, elision]).join('\n'));
  applyUpdate(dots, `${elision}\n${dots}\n${elision}`);
  assert.ok(cpuMs() - begin < 3000);
});

/** A stretch of a file that stays, and what is changed behind it: the last may be no change. */
interface Hunk {
  readonly kept: readonly string[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

const fileOf = (hunks: readonly Hunk[]): string[] =>
  hunks.flatMap(({ kept, removed }) => [...kept, ...removed]);
const editedBy = (hunks: readonly Hunk[]): string[] =>
  hunks.flatMap(({ kept, added }) => [...kept, ...added]);

/** The edited file with stretches that stay left out, but for so many lines at each change. */
function updateOf(hunks: readonly Hunk[], context: number): string[] {
  const shownAt = (hunk: Hunk | undefined): number =>
    hunk && hunk.removed.length + hunk.added.length > 0 ? context : 0;
  return hunks.flatMap((hunk, k) => {
    const { kept, added } = hunk;
    const [left, right] = [shownAt(hunks[k - 1]), shownAt(hunk)];
    if (kept.length <= left + right) return [...kept, ...added];
    return [...kept.slice(0, left), elision, ...kept.slice(kept.length - right), ...added];
  });
}

/** @param words  different lines that there are: the fewer, the less certain is which one is meant */
const edits = (words: number): fc.Arbitrary<Hunk[]> => {
  const line = fc.oneof(
    fc.integer({ min: 0, max: words - 1 }).map((n) => `  line ${n}`),
    fc.constantFrom('', '}'),
  );
  const lines = (minLength: number, maxLength: number) => fc.array(line, { minLength, maxLength });
  const change = fc
    .record({ kept: lines(1, 8), removed: lines(0, 3), added: lines(0, 3) })
    .filter(({ removed, added }) => removed.length + added.length > 0);
  const first = fc.record({ kept: lines(0, 3), removed: lines(1, 2), added: lines(0, 3) });
  const last = fc.record({ kept: lines(1, 8), removed: fc.constant([]), added: fc.constant([]) });
  return fc
    .tuple(
      fc.array(first, { maxLength: 1 }),
      fc.array(change, { maxLength: 5 }),
      fc.array(last, { maxLength: 1 }),
    )
    .map((parts) => parts.flat());
};

const files = inputs({ all: 1500, few: 300 });

test(`whatever is applied is the edit that the update was made of: ${4 * files} random files`, () => {
  for (const words of [2, 6, 40, 1000]) {
    let done = 0;
    const holds = fc.property(edits(words), fc.integer({ min: 1, max: 3 }), (hunks, context) => {
      const result = applied(fileOf(hunks).join('\n'), updateOf(hunks, context));
      if (result === undefined) return;
      done += 1;
      assert.equal(result, editedBy(hunks).join('\n'));
    });
    fc.assert(holds, { numRuns: files });
    assert.ok(done > files / 15, `${words}: ${done}`);
  }
});

test('of a file whose lines are all different every edit that shows a line around each change is applied', () => {
  const distinct = edits(5).map((hunks) => {
    let n = 0;
    const named = (lines: readonly string[]): string[] => lines.map((line) => `${line} ${n++}`);
    const edge = { kept: named(['first']), removed: [], added: [] };
    const inner = hunks.map(({ kept, removed, added }): Hunk => ({
      kept: named([...kept, 'kept']),
      removed: named(removed),
      added: named(added),
    }));
    return [edge, ...inner, { ...edge, kept: named(['a', 'last']) }];
  });
  const holds = fc.property(distinct, (hunks) => {
    assert.equal(applied(fileOf(hunks).join('\n'), updateOf(hunks, 1)), editedBy(hunks).join('\n'));
  });
  fc.assert(holds, { numRuns: inputs({ all: 1000, few: 250 }) });
});
