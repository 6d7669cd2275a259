import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { temporaryFolder, writeTinyModel } from '../../../test/tiny-model.ts';
import { load } from '../../language-model/load.ts';
import { runProgram } from '../program.ts';
import { ScoreProgress, scoreCommand } from './score.ts';

/** What is written when shares come at these milliseconds. */
function written(isTTY: boolean, shares: readonly (readonly [ms: number, share: number])[]): string[] {
  const lines: string[] = [];
  let now = 0;
  const progress = new ScoreProgress({ write: (text) => lines.push(text), isTTY }, () => now);
  for (const [ms, share] of shares) {
    now = ms;
    progress.show(share);
  }
  progress.clear();
  return lines;
}

test('a terminal has a line that goes away, a pipe one every ten seconds, and what is soon done has none', () => {
  const shares = [
    [100, 0.05],
    [5000, 0.1],
    [20_000, 0.25],
    [80_000, 1],
  ] as const;
  assert.deepEqual(written(false, shares), ['scoring: 25 %, 1 min left\n']);
  assert.deepEqual(written(true, shares), [
    '\rscoring: 10 %, 45 s left\x1b[K',
    '\rscoring: 25 %, 1 min left\x1b[K',
    '\r\x1b[K',
  ]);
  assert.deepEqual(written(true, [[100, 0.5]]), []);
});

test('a score tells what share of it is done, over all pieces of a long text', async (t) => {
  const folder = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(folder, { maxLength: 16 });
  const model = await load(folder);
  t.after(() => model.close());
  const shares: number[] = [];
  const answer = 'Once upon a time there was a dog. '.repeat(3);
  const onProgress = (share: number): void => void shares.push(share);
  const score = await model.score({ answer, samples: 32, onProgress });
  assert.ok(score.windows > 1);
  assert.deepEqual(
    shares,
    shares.toSorted((a, b) => a - b),
  );
  assert.equal(shares.at(-1), 1);
  assert.ok(Math.abs(shares[0] - 0.5 / score.windows) < 1e-12, String(shares[0]));
  const io = fakeIo();
  const table = { score: async () => ({ default: scoreCommand(async () => load(folder)) }) };
  assert.equal(await runProgram(['score', 'Once', '--samples', '4'], io, table, '0'), 0);
  assert.match(io.out, /^-log p ≤ /);
  assert.equal(io.err, '');
});
