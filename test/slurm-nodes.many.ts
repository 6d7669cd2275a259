import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noHosts, startHosts } from './hosts.ts';
import {
  launchers,
  outcomeOfRun,
  smallRun,
  someText,
  startRanks,
  stepsOf,
  untilTrue,
  withLauncher,
} from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { startSlurm, withSlurm } from './slurm.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const script = join(repositoryRoot, 'deploy/slurm/train.sh');
// together some seconds: nobody may be too late to disturb a run
const [steps, accumulate] = [100, 32];
const skip = [noHosts, withLauncher(launchers[0]).skip, withSlurm.skip].find((reason) => reason !== false);

test(
  'a job on four nodes of Slurm ends in the bits of one process',
  { skip: skip ?? false, timeout: 600_000 },
  async (t) => {
    const hosts = await startHosts(t, 4);
    const folder = await temporaryFolder(t);
    const cluster = await startSlurm(t, { UNMASK: `${process.execPath} ${main}` }, hosts);
    const text = join(folder, 'text.txt');
    writeFileSync(text, someText());
    const whole = join(folder, 'whole');
    assert.equal(
      (await startRanks(undefined, 1, [...smallRun(text, steps, accumulate), '--out', whole]).ended).code,
      0,
    );

    /** Begins a run of four ranks on as many nodes, and does something to its job, which is queued again by that. */
    const queuedAgain = async (
      name: string,
      disturb: (job: string) => Promise<unknown>,
    ): Promise<{ readonly job: string; readonly out: string; readonly said: () => string }> => {
      const [out, log] = [join(folder, name), join(folder, `${name}.log`)];
      const flags = [...smallRun(text, steps, accumulate).slice(1), '--out', out];
      const job = cluster.run('sbatch', '--parsable', `--output=${log}`, script, ...flags).trim();
      const said = (): string => readFileSync(log, 'utf8');
      await untilTrue(() => stepsOf(out) >= 6, said, 90);
      await disturb(job);
      await cluster.until(job, /JobState=PENDING/);
      assert.ok(stepsOf(out) < steps);
      assert.match(said(), / 4 ranks, /);
      return { job, out, said };
    };

    await t.test(
      'a job whose nodes are taken by one that is more urgent has saved, and goes on',
      async () => {
        const asked = '--nodes=4 --exclusive --partition=urgent --output=/dev/null'.split(' ');
        const { job, out, said } = await queuedAgain('preempted', async () => {
          const urgent = cluster.run('sbatch', '--parsable', ...asked, '--wrap=sleep 3').trim();
          await cluster.until(urgent, /JobState=COMPLETED/);
        });
        await cluster.startAgain(job);
        await cluster.until(job, /JobState=COMPLETED/).catch((error: Error) => {
          throw new Error(`${error.message}\n${said()}`);
        });
        assert.match(said(), /stopped after step \d+[^]*\ngoes on after step \d+/);
        assert.deepEqual(outcomeOfRun(out), outcomeOfRun(whole));
      },
    );

    await t.test(
      'a job that loses a node is queued again; its run goes on from a checkpoint, elsewhere',
      async () => {
        const { job, out } = await queuedAgain('unplugged', async () => {
          cluster.setPatience({ KillWait: 5, SlurmdTimeout: 5 });
          hosts.connect('host-3', false);
        });
        cluster.run('scancel', job); // instead of waiting for the node
        const { code, err } = await startRanks(undefined, 1, ['train', '--resume', out]).ended;
        assert.equal(code, 0, err);
        assert.match(err, /goes on after step \d+/);
        assert.deepEqual(outcomeOfRun(out), outcomeOfRun(whole));
      },
    );
  },
);
