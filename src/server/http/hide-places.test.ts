import assert from 'node:assert/strict';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { placeHider } from './hide-places.ts';

test('a message names files without the way to them, the innermost directory first', () => {
  const home = join(sep, 'home', 'ada');
  const hide = placeHider([home, join(home, 'models'), sep]);
  assert.equal(
    hide(`${join(home, 'models', 'tiny', 'config.json')}: expected JSON`),
    `${join('tiny', 'config.json')}: expected JSON`,
  );
  assert.equal(hide(`see ${join(home, 'a.txt')} and /v1/models`), 'see a.txt and /v1/models');
});
