import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aboutOf } from './about.ts';

test('a model is what the first paragraph of its card says, without marks, in whole sentences', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'unmask-about-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const long = `It writes. ${'very '.repeat(70)}long.`;
  const cases: [card: string | undefined, about: string | undefined][] = [
    [
      '# tiny\n\nA **small** model\nof [texts](https://x.org). It `writes`:\n\n```sh\nrun\n```\n',
      'A small model of texts. It writes.',
    ],
    ['---\nlicense: mit\n---\n<img src=x>\n\n![a](b)\n\n## Big\n\n- a list\n\nSays this.\n', 'Says this.'],
    [`# x\n\n${long}\n`, 'It writes.'],
    ['# only a title\n', undefined],
    [undefined, undefined],
  ];
  for (const [i, [card, about]] of cases.entries()) {
    const directory = join(folder, String(i));
    await mkdir(directory);
    if (card !== undefined) await writeFile(join(directory, 'README.md'), card);
    assert.equal(await aboutOf(directory), about);
  }
});
