import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { load } from './load.ts';
import type { Model } from './language-model.ts';

const [maxLength, blockLength] = [4096, 32];

test('a text that grows to 4,096 tokens takes as long for a block at its end as for one at its beginning', async (t) => {
  const directory = join(await temporaryFolder(t), 'long');
  // heads of 128, and an MLP 72 times as wide: attention over 4,096 is 0.145 of the products with weights, as in LLaDA-8B
  await writeTinyModel(directory, { maxLength, width: 256, heads: 2, hidden: 18_432 });
  const model = await load(directory);
  t.after(() => model.close());
  // what grows does so in every round, and other programs only make the later block longer: it reads more
  const rounds: number[] = [];
  while (rounds.length < 3 && !(rounds.at(-1)! <= 1.3)) {
    const [first, last]: number[][] = [[], []];
    const [short, long] = [growing(model, 'A dog'), growing(model, 'A dog. '.repeat(516))];
    // the prompt, and the first block, which has nothing before it
    for (const text of [short, short, long, long]) await text.nextBlock();
    // in turn, as a machine has better and worse minutes
    while (long.length() < maxLength) {
      first.push(await short.nextBlock());
      last.push(await long.nextBlock());
    }
    for (const text of [short, long]) await text.close();
    const [before, after] = [first, last].map(lowerQuartile);
    t.diagnostic(`${last.length} blocks: ${before.toFixed(0)} ms at first, ${after.toFixed(0)} at last`);
    rounds.push(after / before);
  }
  assert.ok(Math.min(...rounds) <= 1.3, `${rounds.join(', ')} times as long at last`);
});

/** A text that is written block by block. */
function growing(model: Model, prompt: string) {
  const blocks = { blockCausal: true, blockLength, stepsPerBlock: 2 };
  const endless = { grow: true, endless: true, stopRepeating: false, stopEarly: false } as const;
  const frames = model.sample({ prompt, ...blocks, ...endless })[Symbol.asyncIterator]();
  let length = 0;
  return {
    length: () => length,
    /** Milliseconds of processor time until the next block of masks follows. */
    async nextBlock(): Promise<number> {
      const startMs = cpuMs();
      for (;;) {
        const { value, done } = await frames.next();
        assert.ok(!done, `the text ended at ${length} tokens`);
        if (value.tokens.length === length) continue;
        length = value.tokens.length;
        return cpuMs() - startMs;
      }
    },
    close: () => frames.return(undefined as never),
  };
}

/** Other programs only ever make it longer. */
const lowerQuartile = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 2];
