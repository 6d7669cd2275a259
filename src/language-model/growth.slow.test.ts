import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { load } from './load.ts';

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

test('a text that grows to 4,096 tokens takes as long for a block at its end as for one at its beginning', async (t) => {
  const directory = join(await temporaryFolder(t), 'long');
  // heads of 128, and an MLP 64 times as wide: attention has the share of the products that it has in LLaDA-8B
  await writeTinyModel(directory, { maxLength: 4096, width: 256, heads: 2, hidden: 16_384 });
  const model = await load(directory);
  t.after(() => model.close());
  const blocks = { blockCausal: true, blockLength: 32, stepsPerBlock: 2 };
  const growing = { grow: true, endless: true, stopRepeating: false, stopEarly: false } as const;
  const times: number[] = [];
  let [length, beganMs] = [0, cpuMs()];
  for await (const { tokens } of model.sample({ prompt: 'A dog', ...blocks, ...growing })) {
    if (tokens.length === length) continue;
    if (length > 0) times.push(cpuMs() - beganMs);
    [length, beganMs] = [tokens.length, cpuMs()];
  }
  assert.equal(length, 4096);
  assert.equal(times.length, 4096 / 32 - 1);
  const tenth = Math.floor(times.length / 10);
  // the first block has nothing before it
  const [first, last] = [times.slice(1, 1 + tenth), times.slice(-tenth)].map(median);
  t.diagnostic(`${first.toFixed(0)} ms a block at first, ${last.toFixed(0)} ms at last`);
  assert.ok(last <= 1.3 * first, `${first} ms at first, ${last} ms at last`);
});
