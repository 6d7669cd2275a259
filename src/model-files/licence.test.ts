import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { licenceOf } from './licence.ts';
import { shippedModel } from './locate.ts';

test('a licence is what the files of a model say: its card, its config, its LICENSE, in this order', async (t) => {
  const folder = await temporaryFolder(t);
  const cases: [files: Record<string, string>, licence: string | undefined][] = [
    [{}, undefined],
    [{ 'README.md': '# A model\n\nNothing about it.' }, undefined],
    [{ 'README.md': '---\nlanguage: en\nlicense: mit\n---\n# A model' }, 'mit'],
    [{ 'README.md': '---\r\nlicense: "apache-2.0"\r\n---\r\n' }, 'apache-2.0'],
    [{ 'README.md': '---\nlicense: other\nlicense_name: nvidia-open\n---\n' }, 'nvidia-open'],
    [{ 'README.md': 'x', 'config.json': '{"license": "llama3"}', LICENSE: 'y' }, 'llama3'],
    [{ LICENSE: '\n   MIT License\n\nCopyright' }, 'MIT License'],
    [{ 'README.md': '**Licence** of the weights: Apache-2.0.' }, 'Apache-2.0'],
  ];
  for (const [i, [files, licence]] of cases.entries()) {
    const directory = join(folder, String(i));
    await mkdir(directory);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    assert.equal(await licenceOf(directory), licence, JSON.stringify(files));
  }
  await mkdir(join(folder, 'odd', 'LICENSE'), { recursive: true });
  assert.equal(await licenceOf(join(folder, 'odd')), undefined);
});

test('the model that ships says its licence', async () => {
  assert.equal(await licenceOf(shippedModel), 'Apache-2.0');
});
