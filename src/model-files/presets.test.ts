import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { usualPresets } from '../base/usual-presets.ts';
import { shippedModels } from './locate.ts';
import { presetsIn } from './presets.ts';

test('a way to write sets what it names, and nothing else', () => {
  const unmask_presets = [
    { name: 'balanced', options: {}, measured: 'x' },
    { name: 'fast', options: { strategy: 'threshold', tau: 0.5 }, measured: 'y' },
  ];
  assert.deepEqual(presetsIn({ unmask_presets }, 'f'), unmask_presets);
  assert.deepEqual(presetsIn({}, 'f'), []);
});

test('what is no way to write is refused with its place', () => {
  const wrong = { unmask_presets: [{ name: 'fast', options: { tau: 'much' }, measured: 'y' }] };
  assert.throws(
    () => presetsIn(wrong, 'f'),
    /^FileError: f: expected unmask_presets .*, found 0\.options\.tau: /,
  );
});

test('what was measured of the models of stories and of talk are the usual ways, with a threshold of its own', () => {
  for (const [model, revises] of [
    [shippedModels.stories, true],
    [shippedModels.talk, false],
  ] as const) {
    const path = join(model, 'generation_config.json');
    const json = JSON.parse(readFileSync(path, 'utf8')) as Parameters<typeof presetsIn>[0];
    const ways = presetsIn(json, path).map(({ name, options }) => ({ name, options }));
    const tau = ways.find(({ name }) => name === 'fast')?.options.tau;
    assert.deepEqual(ways, usualPresets(json.unmask_sampling as object, { tau, revises }));
  }
});
