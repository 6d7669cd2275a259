import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorsFrom, type RunColors, withColor } from './run-colors.ts';

const count = 3;

test('a run keeps its colour, and no two that are seen together have the same', () => {
  let colors: RunColors = {};
  let seen: string[] = [];
  const show = (run: string) => {
    colors = withColor(colors, run, { beside: seen, count });
    seen.push(run);
    assert.equal(new Set(seen.map((one) => colors[one])).size, seen.length);
  };
  for (const run of ['a', 'b', 'c']) show(run);
  assert.deepEqual({ ...colors }, { a: 0, b: 1, c: 2 });
  // in any order, and after others
  seen = [];
  for (const run of ['c', 'a']) show(run);
  assert.deepEqual([colors.c, colors.a], [2, 0]);
  show('d');
  assert.equal(colors.d, 1);
  seen = [];
  for (const run of ['d', 'a', 'b']) show(run);
  assert.deepEqual([colors.d, colors.a], [1, 0]);
  assert.equal(colors.b, 2, 'one whose colour is taken gets one that is free');
});

test('colours are read as they were kept, and what is unreadable is none', () => {
  assert.deepEqual(colorsFrom('{"a":1,"b":"red"}'), { a: 1 });
  for (const json of [null, '', '[', 'null', '7']) assert.deepEqual(colorsFrom(json), {});
});
