import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { outcomeOfRun, smallRun, someText, startRanks } from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { startSlurm, withSlurm } from './slurm.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const script = (name: string): string => join(repositoryRoot, 'deploy/slurm', name);
const steps = 60;

const stepsOf = (out: string): number => {
  const path = join(out, 'metrics.jsonl');
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/"kind":"step"/g) ?? []).length : 0;
};

test('jobs of Slurm: training that is requeued and warned, and shares of a batch', withSlurm, async (t) => {
  const folder = await temporaryFolder(t);
  const cluster = await startSlurm(t, { UNMASK: `${process.execPath} ${main}` });
  const text = join(folder, 'text.txt');
  await writeFile(text, someText());
  const whole = join(folder, 'whole');
  assert.equal((await startRanks(undefined, 1, [...smallRun(text, steps), '--out', whole]).ended).code, 0);

  const until = async (isTrue: () => boolean, log: string): Promise<void> => {
    for (let i = 0; !isTrue(); i++) {
      if (i > 600) throw new Error(existsSync(log) ? readFileSync(log, 'utf8') : 'nothing was written');
      await wait(100);
    }
  };
  /** Two ranks that end in the bits of the whole run, whatever is done to their job on the way. */
  const trained = async (name: string, disturb: (job: string) => void): Promise<void> => {
    const [out, log] = [join(folder, name), join(folder, `${name}.log`)];
    const [, , ...flags] = smallRun(text, steps);
    const job = cluster
      .run(
        'sbatch',
        '--parsable',
        '--nodes=1',
        '--ntasks-per-node=2',
        `--output=${log}`,
        script('train.sh'),
        text,
        ...flags,
        '--out',
        out,
      )
      .trim();
    await until(() => stepsOf(out) >= 4, log);
    disturb(job);
    await until(() => /stopped after step \d+/.test(readFileSync(log, 'utf8')), log);
    assert.ok(stepsOf(out) < steps);
    // Slurm has a job that is queued again wait for two minutes
    await cluster.until(job, /JobState=PENDING/);
    await wait(8000); // what the job was before is still being cleared away
    cluster.run('scontrol', 'update', `JobId=${job}`, 'StartTime=now');
    await cluster.until(job, /JobState=COMPLETED/).catch((error: Error) => {
      throw new Error(`${error.message}\n${readFileSync(log, 'utf8')}`);
    });
    assert.match(readFileSync(log, 'utf8'), /goes on after step \d+/);
    assert.deepEqual(outcomeOfRun(out), outcomeOfRun(whole));
  };

  await t.test('a job that is queued again goes on to the bits of one that was left alone', () =>
    trained('requeued', (job) => cluster.run('scontrol', 'requeue', job)),
  );

  await t.test('a job that is warned by USR1 saves, has itself queued again, and ends in the same bits', () =>
    trained('warned', (job) => cluster.run('scancel', '--signal=USR1', job)),
  );

  await t.test('the shares of an array, one behind the other, are what one program writes', async () => {
    const input = join(folder, 'requests.jsonl');
    const request = (i: number) => ({
      custom_id: `r${i}`,
      method: 'POST',
      url: '/v1/completions',
      body: { prompt: 'The dog', length: 8, steps: 2 },
    });
    await writeFile(input, Array.from({ length: 8 }, (_, i) => `${JSON.stringify(request(i))}\n`).join(''));
    const flags = ['--model', join(repositoryRoot, 'models/stories')];
    const alone = join(folder, 'alone');
    assert.equal((await startRanks(undefined, 1, ['batch', input, '--out', alone, ...flags]).ended).code, 0);
    const out = join(folder, 'shares');
    const log = join(folder, 'batch.log');
    const job = cluster
      .run(
        'sbatch',
        '--parsable',
        '--array=0-2',
        `--output=${log}`,
        script('batch.sh'),
        input,
        '--out',
        out,
        ...flags,
      )
      .trim();
    await cluster.until(job, /^(?:JobState=COMPLETED ?){3}$/);
    const shares = [0, 1, 2].map((i) => readFileSync(join(out, `share-${i}-of-3/results.jsonl`), 'utf8'));
    assert.equal(shares.join(''), readFileSync(join(alone, 'results.jsonl'), 'utf8'));
  });
});
