import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { load } from '../language-model/load.ts';
import { writeCarefulTexts } from './careful-texts.ts';

test('careful texts are the same in one go and with a stop between', async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, 'text.txt');
  await writeFile(data, 'A cat sat.\n\nThe dog ran far away from it.');
  const { writeTinyModel } = await import('../../test/tiny-model.ts');
  await writeTinyModel(join(folder, 'model'));
  const model = await load(join(folder, 'model'));
  try {
    const options = { data: [data], length: 8, block: 4, temperature: 1, seed: 2 };
    await writeCarefulTexts(model, join(folder, 'once.jsonl'), { ...options, texts: 12 });
    await writeCarefulTexts(model, join(folder, 'twice.jsonl'), { ...options, texts: 5 });
    await writeCarefulTexts(model, join(folder, 'twice.jsonl'), { ...options, texts: 12 });
    assert.equal(
      await readFile(join(folder, 'twice.jsonl'), 'utf8'),
      await readFile(join(folder, 'once.jsonl'), 'utf8'),
    );
  } finally {
    await model.close();
  }
});
