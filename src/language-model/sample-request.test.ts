import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitting as fittingOf } from './sample-request.ts';

const fitting = (
  defaults: Parameters<typeof fittingOf>[0]['defaults'],
  ...asked: Parameters<typeof fittingOf> extends [unknown, ...infer Rest] ? Rest : never
) => fittingOf({ defaults, readsWhole: true }, ...asked);

test("a model's defaults give way to what is asked", () => {
  const cut = { strategy: 'threshold', tau: 0.9, steps: 8, length: 16, topP: 0.9 } as const;
  assert.deepEqual(fitting(cut, { length: 32 }), { strategy: 'threshold', tau: 0.9, length: 16, topP: 0.9 });
  const { tau: _, ...ofAll } = cut;
  assert.deepEqual(fitting(cut, { strategy: 'random' }), ofAll);
  assert.deepEqual(fitting(cut, { regex: 'a' }), { strategy: 'threshold', tau: 0.9, steps: 8, length: 16 });
});

test('a model that edits what it wrote only reveals where a constraint is to hold', () => {
  const editing = { strategy: 'editing', tau: 0.7, tauEdit: 0.5, corrections: 8, blockLength: 32 } as const;
  assert.deepEqual(fitting(editing, {}), editing);
  const revealing = { strategy: 'threshold', tau: 0.7, blockLength: 32 };
  assert.deepEqual(fitting(editing, { regex: 'a' }), revealing);
  assert.deepEqual(fitting(editing, {}, { kind: 'text', text: 'a' }), revealing);
});

test('the attention of blocks is for those that were learned, where a model reads whole texts as well', () => {
  const defaults = { blockCausal: true, blockLength: 4 };
  const both = { defaults, readsWhole: true };
  assert.deepEqual(fittingOf(both, { blockLength: 32 }), { blockLength: 4 });
  assert.deepEqual(fittingOf(both, { blockLength: 4 }), defaults);
  assert.deepEqual(fittingOf(both, {}), defaults);
  assert.deepEqual(fittingOf(both, { length: 48, steps: 13 }), defaults);
  assert.deepEqual(fittingOf(both, { length: 48, steps: 12 }), { blockLength: 4 }); // a prompt that ends within a block makes it 13
  assert.deepEqual(fittingOf({ defaults, readsWhole: false }, { blockLength: 8 }), defaults);
});
