// How long holes are found to be: stretches of held-out text are cut out and filled again, without being told their length. Some
// minutes on two cores.
//
//     npm run bench:holes                        the models that ship
//     npm run bench:holes -- MODEL DATA [SHARE]  another model, the text it learned from, the share of that it was validated on

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { counted } from '../src/base/format-count.ts';
import { openDataset } from '../src/data/open-dataset.ts';
import { modelDirectory } from '../src/model-files/locate.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { load } from '../src/language-model/load.ts';

const shipped = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
const [model, data, share = '0.02'] = process.argv.slice(2);
if (model !== undefined && data === undefined)
  throw new Error('usage: npm run bench:holes -- MODEL DATA [SHARE]');
const wanted =
  model === undefined
    ? [
        { path: shipped('stories'), data: join(shipped('stories'), 'stories.jsonl.gz') },
        { path: shipped('typescript'), data: join(shipped('typescript'), 'sources.jsonl.gz') },
      ]
    : [{ path: model, data }];

const [window, times] = [96, 24];
const lengths = [1, 2, 4, 8, 16, 24];

console.log(
  `| model | lengths are found by | ${lengths.map((n) => counted(n, 'token')).join(' | ')} | off by a factor of |`,
);
console.log(`|---|---|${lengths.map(() => '---').join('|')}|---|`);
for (const { path, data } of wanted) {
  const texts = await heldOut(path, data);
  const unmask = await load(path);
  const resizes = unmask.tokenizer.specialTokens.has('<|expand|>');
  for (const expand of resizes ? [true, false] : [false]) {
    const cells: string[] = [];
    let logs = 0;
    for (const n of lengths) {
      let found = 0;
      for (const ids of texts) {
        const from = Math.floor((window - n) / 2);
        const [before, after] = [ids.subarray(0, from), ids.subarray(from + n)].map((part) =>
          unmask.tokenizer.decode(part),
        );
        const length = expand ? 'any' : ([1, 32] as const);
        const { holes } = await unmask.infill({
          parts: [before, { length }, after],
          temperature: 0,
          tokensPerStep: expand ? 1 : 32,
          ...(resizes && { expand }),
        });
        const tokens = holes[0].tokens.length;
        found += tokens / texts.length;
        // a hole that is filled with nothing counts as half a token
        logs += Math.abs(Math.log2(Math.max(0.5, tokens) / n)) / (texts.length * lengths.length);
      }
      cells.push(found.toFixed(1));
    }
    const how = expand ? 'expand and delete tokens' : 'likelihood, of 1 to 32';
    console.log(`| ${path.split('/').at(-1)} | ${how} | ${cells.join(' | ')} | ${(2 ** logs).toFixed(1)} |`);
  }
  await unmask.close();
}

/** Windows of text that the model didn't learn from, in ids. */
async function heldOut(path: string, data: string): Promise<Int32Array[]> {
  const folder = mkdtempSync(join(tmpdir(), 'unmask-holes-'));
  try {
    const tokenizer = await loadTokenizer(await modelDirectory(path));
    const options = {
      data: [data],
      length: window,
      packing: 'document',
      seed: 0,
      validationShare: Number(share),
    } as const;
    const { validation } = await openDataset(options, tokenizer, folder);
    const { data: ids, lengths } = validation.batch(0, validation.count);
    const whole = Array.from(lengths, (length, w) => ({
      length,
      ids: ids.subarray(w * window, (w + 1) * window),
    }));
    const texts = whole.flatMap(({ length, ids }) => (length === window ? [ids] : [])).slice(0, times);
    if (texts.length === 0) throw new Error(`${data} has no held-out text of ${window} tokens`);
    return texts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
