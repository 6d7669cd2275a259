import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { modelDirectory, modelFile, shippedModels } from './locate.ts';

test('models that ship are found by their names, from any directory; what is no name below models/ is not', async () => {
  for (const [name, directory] of Object.entries(shippedModels)) {
    assert.ok(existsSync(join(directory, 'config.json')), name);
    assert.equal(await modelDirectory(name), directory);
    assert.equal(await modelFile(name), undefined);
  }
  for (const name of ['puzzles', 'stories/../talk', '../models/stories', 'story'])
    await assert.rejects(modelDirectory(name), { name: 'FileError' }, name);
});

test('what is neither a directory nor a file is no model, and may be looked into', async () => {
  await assert.rejects(modelDirectory('/dev/null'), /found none/);
});
