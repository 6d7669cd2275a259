import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, dictionary, jsonValue, property, string } from 'fast-check';
import { fragmentOf, placeOf } from './link.ts';

test('a link restores the page and its settings', () => {
  const settings = dictionary(string(), jsonValue());
  check(
    property(settings, (given) => {
      const place = placeOf(fragmentOf({ page: 'fill', settings: given }), 'write');
      assert.deepEqual(place, { page: 'fill', settings: JSON.parse(JSON.stringify({ ...given })) });
    }),
  );
});

test('what is no link of ours is the first page', () => {
  for (const fragment of ['', '#', '#/', '#token=abc', '#/write?%', '#/write?[1]', '#/../x'])
    assert.deepEqual(placeOf(fragment, 'write'), { page: 'write', settings: {} });
});
