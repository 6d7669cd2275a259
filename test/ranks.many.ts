import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { traceOf } from './kills.ts';
import { killRanks } from './rank-kills.ts';
import {
  finetuningFiles,
  launchers,
  outcomeOfRun,
  overNetwork,
  rankProcesses,
  smallRun,
  someText,
  startRanks,
  startUnlike,
  stepsOf,
  untilTrue,
  withLauncher,
} from './ranks.ts';
import { temporaryFolder } from './tiny-model.ts';

const steps = 12;

/** Where runs of one process are that several tests compare with. */
const folderOfOne = await temporaryFolder({ after });
const outcomes = new Map<number, Promise<ReturnType<typeof outcomeOfRun>>>();

/** What one process comes to in so many steps of the small run. */
async function outcomeOfOne(length: number): Promise<ReturnType<typeof outcomeOfRun>> {
  const [text, out] = ['text.txt', `of-${length}`].map((name) => join(folderOfOne, name));
  await writeFile(text, someText());
  const { code, err } = await startRanks(undefined, 1, [...smallRun(text, length), '--out', out]).ended;
  assert.equal(code, 0, err);
  return outcomeOfRun(out);
}

/** The same, computed once. */
function expectedOutcome(length: number): Promise<ReturnType<typeof outcomeOfRun>> {
  const outcome = outcomes.get(length) ?? outcomeOfOne(length);
  outcomes.set(length, outcome);
  return outcome;
}

async function prepare(t: TestContext): Promise<{ folder: string; text: string }> {
  const folder = await temporaryFolder(t);
  const text = join(folder, 'text.txt');
  await writeFile(text, someText());
  return { folder, text };
}

for (const launcher of [...launchers, ...overNetwork])
  test(
    `${launcher.name}: 2 and 4 ranks end in the bits of one process`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      for (const ranks of [2, 4]) {
        const out = join(folder, `of-${ranks}`);
        const { code, err } = await startRanks(launcher, ranks, [...smallRun(text, steps), '--out', out])
          .ended;
        assert.equal(code, 0, err);
        assert.deepEqual(outcomeOfRun(out), await expectedOutcome(steps), `${ranks} ranks`);
      }
    },
  );

for (const launcher of launchers) {
  test(
    `${launcher.name}: asked to stop, any rank has all saved; another number of ranks goes on to the same bits`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      const long = 120; // the signal may be late
      const out = join(folder, 'stopped');
      const { ended } = startRanks(launcher, 4, [...smallRun(text, long), '--out', out]);
      await untilTrue(() => stepsOf(out) >= 3);
      process.kill(rankProcesses(out).at(-1)!, 'SIGUSR1');
      const { err } = await ended;
      assert.match(err, /stopped after step \d+; unmask train --resume/);
      assert.ok(stepsOf(out) < long);
      const { code, err: said } = await startRanks(launcher, 2, ['train', '--resume', out]).ended;
      assert.equal(code, 0, said);
      assert.deepEqual(outcomeOfRun(out), await expectedOutcome(long));
    },
  );

  test(
    `${launcher.name}: a rank that is killed ends the job within ten seconds, and the run goes on afterwards`,
    withLauncher(launcher),
    async (t) => {
      const { folder, text } = await prepare(t);
      const out = join(folder, 'killed');
      const { ended } = startRanks(launcher, 2, [...smallRun(text, 100_000), '--out', out]);
      await untilTrue(() => stepsOf(out) >= 6);
      process.kill(rankProcesses(out).at(-1)!, 'SIGKILL');
      const began = performance.now();
      const { code } = await ended;
      assert.notEqual(code, 0);
      assert.ok(performance.now() - began < 10_000);
      await untilTrue(() => rankProcesses(out).length === 0);
      const { code: again, err } = await startRanks(launcher, 2, ['train', '--resume', out, '--steps', '12'])
        .ended;
      assert.equal(again, 0, err);
    },
  );
}

/** Two ranks end in the bits of one process, whatever they learn. @param kinds  flags of runs, by a name */
async function assertSameBits(folder: string, kinds: Readonly<Record<string, string>>): Promise<void> {
  const common =
    '--batch 2 --accumulate 2 --steps 6 --warmup 1 --threads 1 --validation-every 3 --sample-every 3 --seed 5 --length 48';
  for (const [kind, flags] of Object.entries(kinds)) {
    const run = async (ranks: number): Promise<object> => {
      const out = join(folder, `${kind}-${ranks}`);
      const args = `${flags} ${common} --out ${out}`.split(' ');
      const { code, err } = await startRanks(ranks > 1 ? launchers[0] : undefined, ranks, args).ended;
      assert.equal(code, 0, err);
      return traceOf(out);
    };
    const [one, two] = await Promise.all([run(1), run(2)]);
    assert.deepEqual(two, one, kind);
  }
}

test(
  'every objective is learned by 2 ranks to the bits of one process',
  withLauncher(launchers[0]),
  async (t) => {
    const { folder, text } = await prepare(t);
    const small = `train ${text} --tokenizer characters --packing stream --layers 1 --width 16 --heads 2 --hidden 24`;
    await assertSameBits(folder, {
      blocks: `${small} --objective block-diffusion --block 8 --block-warmup 4`,
      causal: `${small} --objective autoregressive`,
      both: `${small} --causal-warmup 3 --times bell --random-length-share 0.2`,
      holes: `${small} --variable-length 0.5 --surplus 3`,
    });
  },
);

test(
  'answers, adapters and preferences are learned by 2 ranks to the bits of one process',
  withLauncher(launchers[0]),
  async (t) => {
    const folder = await temporaryFolder(t);
    const { base, talk, pairs } = await finetuningFiles(folder);
    const answers = join(folder, 'answers-1');
    await assertSameBits(folder, {
      answers: `finetune ${base} ${talk}`,
      adapter: `finetune ${answers} ${talk} --lora-rank 2`,
      averages: `finetune ${answers} ${talk} --ema 0.9 --complementary`,
      preferences: `finetune ${answers} ${pairs} --learn preferences --ema 0.9`,
      'preferences-adapter': `finetune ${answers} ${pairs} --learn preferences --lora-rank 2`,
    });
  },
);

test(
  'ranks with other options or other data are told in one sentence, which names the rank',
  withLauncher(launchers[0]),
  async (t) => {
    const { folder, text } = await prepare(t);
    const flags = [...smallRun(text, 4), '--out', join(folder, 'out')];
    const refusal = async (of: (rank: number) => { args: string[]; directory: string }): Promise<string> => {
      const { code, err } = await startUnlike(launchers[0], [0, 1].map(of)).ended;
      assert.equal(code, 2, err);
      return err;
    };
    const otherSeed = await refusal((rank) => ({
      args: [...flags, '--ema', `0.${rank + 1}`],
      directory: folder,
    }));
    assert.match(
      otherSeed,
      /^unmask train: --distributed: needs ranks that work alike, and of rank 1 --ema is 0\.2, of rank 0 0\.1$/m,
    );
    const otherText = await refusal((rank) => {
      const directory = join(folder, `host-${rank}`);
      mkdirSync(directory);
      writeFileSync(join(directory, 'a.txt'), someText() + 'ab'[rank]);
      return { args: [...smallRun('a.txt', 4), '--out', join(folder, 'unlike')], directory };
    });
    assert.match(
      otherText,
      /needs ranks that work alike, and of rank 1 the SHA-256 of a\.txt is "[0-9a-f]{12}"/,
    );
  },
);

test(
  'what several ranks do is told: tokens a second in all and of each, and the shares of exchange and of waiting',
  withLauncher(launchers[1]),
  async (t) => {
    const { folder, text } = await prepare(t);
    const { err } = await startRanks(launchers[1], 2, [...smallRun(text, 8), '--out', join(folder, 'out')])
      .ended;
    assert.match(
      err,
      /8\/8 {2}loss .* [\d,]+ tokens\/s {2}2 ranks, [\d,]+ each, \d+\.\d % exchange, \d+\.\d % waiting/,
    );
  },
);

for (const launcher of launchers)
  test(
    `${launcher.name}: runs of which ranks are killed at random moments end with the bits of one that was left alone`,
    withLauncher(launcher),
    async () => {
      const report = await killRanks({ kills: 3, seed: 4, steps: 30, launcher });
      assert.deepEqual(report.differences, []);
      assert.equal(report.kills, 3);
      assert.ok(report.slowestEndMs < 10_000, `${report.slowestEndMs} ms`);
    },
  );

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

test(
  'without the package that speaks to MPI there is one sentence, which says how to get it',
  withLauncher(launchers[0]),
  async (t) => {
    const { folder, text } = await prepare(t);
    const hook =
      "export const resolve = (name, context, next) => { if (name === 'koffi') throw new Error('not here'); return next(name, context); }";
    const program = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${hook}`)});`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
    const flags = [...smallRun(text, 2), '--out', join(folder, 'out')];
    const { code, err } = await startRanks(launchers[0], 2, flags, env).ended;
    assert.equal(code, 2, err);
    assert.match(
      err,
      /^unmask train: a job of several ranks \(Open MPI\) needs the package koffi: npm install koffi$/m,
    );
  },
);

test('with --distributed off each process of a job is alone', withLauncher(launchers[0]), async (t) => {
  const { folder, text } = await prepare(t);
  const each = ['a', 'b'].map((out) => ({
    args: [...smallRun(text, steps), '--out', join(folder, out), '--distributed', 'off'],
    directory: folder,
  }));
  const { code, err } = await startUnlike(launchers[0], each).ended;
  assert.equal(code, 0, err);
  for (const out of ['a', 'b'])
    assert.deepEqual(outcomeOfRun(join(folder, out)), await expectedOutcome(steps));
});
