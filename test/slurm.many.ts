import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { hostname, setPriority } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { outcomeOfRun, rankProcesses, smallRun, someText, startRanks, stepsOf, untilTrue } from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { freePort, withBalancer } from './replicas.ts';
import { startSlurm, withSlurm } from './slurm.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const script = (name: string): string => join(repositoryRoot, 'deploy/slurm', name);
// together some seconds: nobody may be too late to disturb a run
const [steps, accumulate] = [100, 32];

/** A job, the folder of its run, and what it says. */
interface Submitted {
  readonly job: string;
  readonly out: string;
  readonly log: string;
}

const title = 'jobs of Slurm: training that is requeued and warned, and shares of a batch';

test(title, { ...withSlurm, concurrency: 2 }, async (t) => {
  const folder = await temporaryFolder(t);
  const cluster = await startSlurm(t, { UNMASK: `${process.execPath} ${main}` });
  const text = join(folder, 'text.txt');
  await writeFile(text, someText());
  const whole = join(folder, 'whole');
  assert.equal(
    (await startRanks(undefined, 1, [...smallRun(text, steps, accumulate), '--out', whole]).ended).code,
    0,
  );

  const until = (isTrue: () => boolean, log: string, seconds = 60): Promise<void> =>
    untilTrue(isTrue, () => (existsSync(log) ? readFileSync(log, 'utf8') : 'nothing was written'), seconds);
  /** Has two ranks train. */
  const submit = (
    name: string,
    { mpi = 'pmix', flags = [], updates = steps }: { mpi?: string; flags?: string[]; updates?: number },
  ): Submitted => {
    const [out, log] = [join(folder, name), join(folder, `${name}.log`)];
    const job = cluster
      .run(
        'sbatch',
        '--parsable',
        '--nodes=1',
        '--ntasks-per-node=2',
        `--output=${log}`,
        `--export=ALL,UNMASK_MPI=${mpi}`,
        ...flags,
        script('train.sh'),
        ...smallRun(text, updates, accumulate).slice(1),
        '--out',
        out,
      )
      .trim();
    return { out, log, job };
  };
  const hasStopped = (log: string): boolean =>
    existsSync(log) && /stopped after step \d+/.test(readFileSync(log, 'utf8'));

  /** Two ranks that end in the bits of the whole run, whatever is done to their job on the way. */
  const trained = async (name: string, mpi: string, disturb: (job: string) => void): Promise<void> => {
    const { out, log, job } = submit(name, { mpi });
    await until(() => stepsOf(out) >= 4, log);
    disturb(job);
    await until(() => hasStopped(log), log);
    assert.ok(stepsOf(out) < steps);
    await cluster.startAgain(job);
    await cluster.until(job, /JobState=COMPLETED/).catch((error: Error) => {
      throw new Error(`${error.message}\n${readFileSync(log, 'utf8')}`);
    });
    assert.match(readFileSync(log, 'utf8'), /goes on after step \d+/);
    assert.deepEqual(outcomeOfRun(out), outcomeOfRun(whole));
  };

  // Slurm looks every half minute, and warns up to half a minute too early: meanwhile the other tests run
  const warned = t.test(
    'a job whose time is nearly up is warned by Slurm itself, as its script asks',
    async () => {
      const { out, log, job } = submit('timed', { updates: 1_000_000, flags: ['--time=2'] });
      await until(() => stepsOf(out) > 0, log);
      for (const pid of rankProcesses(out))
        for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), 19);
      await until(() => hasStopped(log), log, 150);
      await cluster.until(job, /JobState=PENDING/);
      cluster.run('scancel', job);
    },
  );

  for (const [library, mpi] of [
    ['Open MPI', 'pmix'],
    ['MPICH', 'pmi2'],
  ])
    await t.test(
      `${library}: a job that is queued again goes on to the bits of one that was left alone`,
      () => trained(`requeued-${mpi}`, mpi, (job) => cluster.run('scontrol', 'requeue', job)),
    );

  await t.test('a job that is warned by USR1 saves, has itself queued again, and ends in the same bits', () =>
    trained('warned', 'pmix', (job) => cluster.run('scancel', '--signal=USR1', job)),
  );

  await t.test(
    'a job of which a rank dies of a segmentation fault before it begins is started again',
    async () => {
      const once = join(folder, 'once.sh');
      const died = join(folder, 'died');
      // mkdir: only one of both ranks makes it
      const lines = [
        '#!/bin/sh',
        `mkdir ${died} 2>/dev/null && kill -SEGV $$`,
        `exec ${process.execPath} ${main} "$@"`,
      ];
      writeFileSync(once, lines.join('\n'), { mode: 0o755 });
      const { out, log, job } = submit('begun-again', {
        updates: 6,
        flags: [`--export=ALL,UNMASK_MPI=pmix,UNMASK=${once}`],
      });
      await cluster.until(job, /JobState=COMPLETED/);
      assert.match(readFileSync(log, 'utf8'), /Segmentation fault/);
      assert.equal(stepsOf(out), 6);
    },
  );

  for (const [library, mpi] of [
    ['Open MPI', 'pmix'],
    ['MPICH', 'pmi2'],
  ])
    await t.test(`${library}: a rank that is killed ends its job within ten seconds`, async () => {
      const { out, log, job } = submit(`died-${mpi}`, { mpi, updates: 100_000 });
      await until(() => stepsOf(out) >= 4, log);
      process.kill(rankProcesses(out).at(-1)!, 'SIGKILL');
      const killedMs = performance.now();
      while (rankProcesses(out).length > 0) {
        assert.ok(performance.now() - killedMs < 10_000, readFileSync(log, 'utf8'));
        await wait(50);
      }
      await cluster.until(job, /JobState=FAILED/);
    });

  await t.test('tasks that are started without MPI are told how to have it', () => {
    const args = [
      process.execPath,
      main,
      ...smallRun(text, steps, accumulate),
      '--out',
      join(folder, 'none'),
    ];
    assert.throws(
      () => cluster.run('srun', '--mpi=none', '--ntasks=2', ...args),
      /unmask train: srun started 2 processes without MPI: srun --mpi=pmix /,
    );
  });

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

  await t.test('replicas of a job answer through its balancer, and end with it', withBalancer, async () => {
    const [port, out, balancer] = [await freePort(), join(folder, 'serve.log'), join(folder, 'haproxy.cfg')];
    const shipped = readFileSync(join(repositoryRoot, 'deploy/haproxy.cfg'), 'utf8');
    writeFileSync(balancer, shipped.replace('bind :8000', `bind 127.0.0.1:${port}`));
    writeFileSync(join(folder, 'keys'), 'secret\n');
    const places = `--export=ALL,UNMASK_HAPROXY=${balancer},UNMASK_PORT=${await freePort()}`;
    const flags = ['--model', join(repositoryRoot, 'models/stories'), '--key-file', join(folder, 'keys')];
    const sbatch = ['--parsable', '--nodes=1', `--output=${out}`, places, script('serve.sh'), ...flags];
    const job = cluster.run('sbatch', ...sbatch).trim();
    const models = (): Promise<number | undefined> =>
      new Promise((resolve) => {
        const headers = { host: hostname(), authorization: 'Bearer secret' };
        const asked = get({ host: '127.0.0.1', port, path: '/v1/models', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asked.on('error', () => resolve(undefined));
      });
    for (let i = 0; (await models()) !== 200; i++) {
      if (i > 300) throw new Error(readFileSync(out, 'utf8'));
      await wait(200);
    }
    cluster.run('scancel', job);
    await cluster.until(job, /JobState=CANCELLED/);
    assert.equal(await models(), undefined);
  });

  await warned;
});
