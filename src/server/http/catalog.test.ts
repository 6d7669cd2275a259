import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { catalogOf } from './catalog.ts';

test('models have the names of their folders, or those that a person gives', async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ['models/b', 'models/a', 'models/none', 'run/model']) {
    await mkdir(join(folder, name), { recursive: true });
    if (!name.endsWith('none')) await writeFile(join(folder, name, 'config.json'), '{}');
  }
  const path = (name: string): string => join(folder, name);
  assert.deepEqual(
    [...catalogOf([`best=${path('models/b')}`, path('models'), path('run'), 'org/name@v1'])],
    [
      ['best', path('models/b')],
      ['a', path('models/a')],
      ['b', path('models/b')],
      ['run', path('run')],
      ['org/name@v1', 'org/name@v1'],
    ],
  );
  assert.throws(() => catalogOf([path('models'), path('models/a')]), InvalidOptionError);
  assert.throws(() => catalogOf([`bad name=${path('models/a')}`]), InvalidOptionError);
  assert.throws(() => catalogOf([path('models/none')]), FileError);
});
