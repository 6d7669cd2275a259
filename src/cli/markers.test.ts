import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { anyText } from '../../test/any-text.ts';
import { UsageError } from './command.ts';
import { markerOf, partsOf, spansOf } from './markers.ts';

const braces = markerOf('{{', '--hole');

test('holes of a number, a range and any length, in the text around them', () => {
  assert.deepEqual(partsOf('a {{24}}b{{ 8..32 }}\r\n{{?}}', braces), [
    'a ',
    { length: 24 },
    'b',
    { minimum: 8, maximum: 32 },
    '\r\n',
    { length: 'any' },
  ]);
  assert.deepEqual(partsOf('{{1}}{{2}}.', braces), [{ length: 1 }, { length: 2 }, '.']);
});

test('the opening between marks is the opening itself', () => {
  assert.deepEqual(partsOf('x = {{{{}}4}}; {{2}}', braces), ['x = {{4}}; ', { length: 2 }]);
});

test('what opens and is no hole is told with its place, and so is a text without holes', () => {
  const wrong: [string, RegExp][] = [
    [
      'a\nbc {{name}} {{4}}',
      /^line 2, column 4: "{{name}}" is no hole; write \{\{24}}, \{\{8\.\.32}} or \{\{\?}}/,
    ],
    ['é\r\n😀{{4}', /^line 2, column 2: "{{" isn't closed; /],
    ['{{}}', /^line 1, column 1: "{{}}" is no hole/],
    ['{{-4}}', /is no hole/],
    ['{{4..}}', /is no hole/],
    ['a\n {{0}}', /^line 2, column 2: "\{\{0}}" must have at least 1 token$/],
    ['a{{0..3}}', /^line 1, column 2: "\{\{0\.\.3}}" must have at least 1 token$/],
    ['é😀{{12..3}}', /^line 1, column 3: "\{\{12\.\.3}}" must have its lower number first$/],
    [
      '{{5}}{{?}}',
      /^line 1, column 1: there must be text beside the holes; to write from nothing, unmask gen/,
    ],
    ['no holes', /^there is no hole in the text; write \{\{24}}/],
    ['{{{{}}', /^there is no hole in the text/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(
      () => partsOf(text, braces),
      (error: Error) => error instanceof UsageError && message.test(error.message),
      text,
    );
  }
});

test('a hole leaves room for text in what the model sees', () => {
  assert.deepEqual(partsOf('a{{15}}', braces, 16), ['a', { length: 15 }]);
  for (const hole of ['{{16}}', '{{2..16}}', '{{99999999999999999999}}']) {
    assert.throws(
      () => partsOf(`a {{1}}\n${hole}`, braces, 16),
      new UsageError(
        `line 2, column 1: "${hole}" must leave room for text beside it in the model's longest sequence (16 tokens)`,
      ),
    );
  }
});

test('a marker is closed by its mirror image, or by what is said', () => {
  assert.deepEqual(markerOf('[[', '--hole'), { opening: '[[', closing: ']]' });
  assert.deepEqual(markerOf('<%', '--hole'), { opening: '<%', closing: '%>' });
  assert.deepEqual(markerOf('@@', '--hole'), { opening: '@@', closing: '@@' });
  assert.deepEqual(markerOf('<hole> </hole>', '--hole'), { opening: '<hole>', closing: '</hole>' });
  assert.deepEqual(partsOf('a@@3@@b', markerOf('@@', '--hole')), ['a', { length: 3 }, 'b']);
  for (const wrong of ['', ' ', 'a b c', '[4', '[[ ']) {
    assert.throws(() => markerOf(wrong, '--hole'), /^UsageError: --hole: must be an opening like/);
  }
});

test('the text of parts is the text, with what stands for the opening put in its place', () => {
  const piece = fc.oneof(
    anyText.filter((text) => !text.includes('{')),
    fc.constantFrom('{{{{}}', '{{7}}', '{{2..9}}', '{{?}}', '{', '}}', '\r\n'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `${pieces.join('|')}|{{3}}`;
      const again = partsOf(text, braces).map((part) => {
        if (typeof part === 'string') return part.replaceAll('{{', '{{{{}}');
        if ('minimum' in part) return `{{${part.minimum}..${part.maximum}}}`;
        return part.length === 'any' ? '{{?}}' : `{{${String(part.length)}}}`;
      });
      assert.equal(again.join(''), text);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('marked stretches are found, and the marks are taken away', () => {
  assert.deepEqual(spansOf('a [[b c]] d[[e]]', markerOf('[[', '--mark')), {
    text: 'a b c de',
    spans: [
      { start: 2, end: 5 },
      { start: 7, end: 8 },
    ],
  });
  assert.throws(() => spansOf('a [[b', markerOf('[[', '--mark')), /line 1, column 3: "\[\[" isn't closed/);
  assert.throws(() => spansOf('a [[]]', markerOf('[[', '--mark')), /nothing is marked/);
});
