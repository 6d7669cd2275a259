import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import {
  launchers,
  outcomeOfRun,
  rankProcesses,
  smallRun,
  someText,
  startRanks,
  withLauncher,
} from './ranks.ts';
import { temporaryFolder } from './tiny-model.ts';

const steps = 20;

async function prepare(t: TestContext): Promise<{ folder: string; text: string }> {
  const folder = await temporaryFolder(t);
  const text = join(folder, 'text.txt');
  await writeFile(text, someText());
  return { folder, text };
}

/** The steps that a run has written down. */
const stepsOf = (out: string): number => {
  const path = join(out, 'metrics.jsonl');
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/"kind":"step"/g) ?? []).length : 0;
};

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; !isTrue(); i++) {
    assert.ok(i < 1200, 'it takes more than a minute');
    await wait(50);
  }
}

for (const launcher of launchers) {
  test(
    `${launcher.name}: 2 and 4 ranks end in the bits of one process`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      const run = async (ranks: number): Promise<ReturnType<typeof outcomeOfRun>> => {
        const out = join(folder, `of-${ranks}`);
        const flags = [...smallRun(text, steps), '--out', out];
        const { code, err } = await startRanks(ranks > 1 ? launcher : undefined, ranks, flags).ended;
        assert.equal(code, 0, err);
        return outcomeOfRun(out);
      };
      const one = await run(1);
      for (const ranks of [2, 4]) assert.deepEqual(await run(ranks), one, `${ranks} ranks`);
    },
  );

  test(
    `${launcher.name}: asked to stop, any rank has all saved; another number of ranks goes on to the same bits`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      const long = 60;
      const whole = join(folder, 'whole');
      assert.equal((await startRanks(undefined, 1, [...smallRun(text, long), '--out', whole]).ended).code, 0);
      const out = join(folder, 'stopped');
      const { ended } = startRanks(launcher, 4, [...smallRun(text, long), '--out', out]);
      await until(() => stepsOf(out) >= 3);
      process.kill(rankProcesses(out).at(-1)!, 'SIGUSR1');
      const { err } = await ended;
      assert.match(err, /stopped after step \d+; unmask train --resume/);
      assert.ok(stepsOf(out) < long);
      const { code, err: said } = await startRanks(launcher, 2, ['train', '--resume', out]).ended;
      assert.equal(code, 0, said);
      assert.deepEqual(outcomeOfRun(out), outcomeOfRun(whole));
    },
  );

  test(
    `${launcher.name}: a rank that is killed ends the job within ten seconds, and the run goes on afterwards`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      const out = join(folder, 'killed');
      const { ended } = startRanks(launcher, 2, [...smallRun(text, 100_000), '--out', out]);
      await until(() => stepsOf(out) >= 6);
      process.kill(rankProcesses(out).at(-1)!, 'SIGKILL');
      const began = performance.now();
      const { code } = await ended;
      assert.notEqual(code, 0);
      assert.ok(performance.now() - began < 10_000);
      await until(() => rankProcesses(out).length === 0);
      const { code: again, err } = await startRanks(launcher, 2, ['train', '--resume', out, '--steps', '12'])
        .ended;
      assert.equal(again, 0, err);
    },
  );
}

test(
  'a number of ranks that a batch can’t be shared out over is one sentence',
  withLauncher(launchers[0]),
  async (t) => {
    const { folder, text } = await prepare(t);
    const { code, err } = await startRanks(launchers[0], 3, [
      ...smallRun(text, 4),
      '--out',
      join(folder, 'out'),
    ]).ended;
    assert.equal(code, 2);
    assert.match(err, /^unmask train: --accumulate: 4 micro-batches can't be shared out over 3 ranks/m);
  },
);
