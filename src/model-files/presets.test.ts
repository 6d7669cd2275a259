import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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

test('the model of stories says what was measured of four ways', () => {
  const path = join(shippedModels.stories, 'generation_config.json');
  const names = presetsIn(JSON.parse(readFileSync(path, 'utf8')), path).map(({ name }) => name);
  assert.deepEqual(names, ['careful', 'balanced', 'fast', 'explore']);
});
