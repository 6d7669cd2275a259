// The commands of docs/many-machines.md, typed as they stand there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Hosts, noHosts, startHosts } from './hosts.ts';
import {
  type Ended,
  launchers,
  someText,
  type Started,
  startCommand,
  stepsOf,
  untilTrue,
  withLauncher,
} from './ranks.ts';
import { repositoryRoot } from './reference.ts';
import { withBalancer } from './replicas.ts';
import { type Cluster, startSlurm, withSlurm } from './slurm.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** Those that need a cluster, or a registry of images: test/deploy.many.ts and test/image.many.ts check their files. */
const notTyped = /^(?:podman|kubectl) /;

/** The commands of the page's blocks, and those in its text that have more than two words. */
function documentedCommands(): Set<string> {
  const page = readFileSync(join(repositoryRoot, 'docs/many-machines.md'), 'utf8');
  const blocks = Array.from(page.matchAll(/^```sh\n([^]*?)^```/gm), ([, block]) =>
    block.trim().split('\n'),
  ).flat();
  const inline = page.matchAll(/`((?:unmask|haproxy|sbatch|kubectl|ssh) [^ `…]+ [^`…]+)`/g);
  const commands = [
    ...blocks.map((line) => line.replace(/\s+#\s.*$/, '')),
    ...Array.from(inline, ([, line]) => line),
  ];
  return new Set(commands.filter((command) => !notTyped.test(command)));
}

/** Flags that commands of the page are given beside its own, so that they are small: a pattern of what is typed, and the flags. */
const smaller: Readonly<Record<string, string>> = {
  '*--resume*': '',
  'train*': '--layers 1 --width 32 --heads 2 --hidden 64 --length 32 --batch 4 --vocabulary-size 300',
  'bench*': '--length 16 --strategy margin --strategy threshold',
};

/** The hosts of the page, and a shell on each. */
interface Site {
  readonly hosts: Hosts;
  readonly cluster: Cluster;
  /** Where commands are typed, and what stands for the page's /shared. */
  readonly folder: string;
  /** The one command of the page that is, or begins, so. */
  typed(beginning: string): string;
  begin(command: string, host?: string): Started;
  run(command: string): Promise<Ended>;
  /** Those of the page that nothing has typed. */
  readonly left: Set<string>;
}

/** Four hosts with Slurm on them, `unmask` and `mpirun` in their path, and a folder with what the page's commands read. */
async function startSite(t: TestContext): Promise<Site> {
  const hosts = await startHosts(t, 4);
  const folder = await temporaryFolder(t);
  const inFolder = (name: string): string => join(folder, name);
  const script = (path: string, command: string): void =>
    writeFileSync(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  const more = Object.entries(smaller).map(([typed, flags]) => `${typed}) more='${flags}' ;;`);
  script(
    join(hosts.bin, 'unmask'),
    `case "$*" in ${more.join(' ')} esac\nexec ${process.execPath} ${main} "$@" $more`,
  );
  script(join(hosts.bin, 'mpirun'), `exec ${launchers[0].program} "$@"`);
  for (const name of ['corpus', 'node_modules', 'node_modules/.bin', 'runs']) mkdirSync(inFolder(name));
  for (const name of ['deploy', 'models', 'tasks']) symlinkSync(join(repositoryRoot, name), inFolder(name));
  symlinkSync(join(hosts.bin, 'unmask'), inFolder('node_modules/.bin/unmask'));
  for (const name of ['corpus.txt', 'corpus/a.txt']) writeFileSync(inFolder(name), someText());
  writeFileSync(inFolder('keys'), 'secret\n');
  const env = {
    PATH: `${hosts.bin}:${process.env['PATH']}`,
    OMPI_ALLOW_RUN_AS_ROOT: '1',
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  };
  const cluster = await startSlurm(t, env, hosts);
  const left = documentedCommands();
  const begin = (command: string, host = 'host-1'): Started =>
    startCommand(
      [...hosts.on(host, folder), 'bash', '-c', command.replaceAll('/shared/', `${folder}/`)],
      cluster.env,
    );
  return {
    hosts,
    cluster,
    folder,
    left,
    begin,
    typed(beginning) {
      const found = left.has(beginning)
        ? [beginning]
        : [...left].filter((command) => command.startsWith(beginning));
      assert.equal(found.length, 1, `${beginning} begins ${found.length} commands of docs/many-machines.md`);
      left.delete(found[0]);
      return found[0];
    },
    async run(command) {
      const ended = await begin(command).ended;
      assert.equal(ended.code, 0, `${command}: ${ended.err}`);
      return ended;
    },
  };
}

const skip = [noHosts, withLauncher(launchers[0]).skip, withSlurm.skip, withBalancer.skip].find(
  (reason) => reason !== false,
);

test(
  'the commands of docs/many-machines.md, on four hosts',
  { skip: skip ?? false, timeout: 600_000 },
  async (t) => {
    const site = await startSite(t);
    await t.test('training by mpirun, stopped, and gone on with by one process', () => trainsAndGoesOn(site));
    await t.test('training by mpirun on four hosts', () => trainsOnHosts(site));
    await t.test('training by sbatch on four nodes, and by srun', () => trainsUnderSlurm(site));
    await t.test('tasks and ways to sample, shared out over ranks', async () => {
      const { out } = await site.run(site.typed('mpirun -n 2 unmask evaluate'));
      assert.match(out, /^held-out-stories: 20 questions\b/m);
      assert.match((await site.run(site.typed('mpirun -n 2 unmask bench sample'))).out, /tokens\/s/);
    });
    await t.test('a file of requests, in one and in shares', () => answersFile(site));
    await t.test('replicas on three hosts behind HAProxy, and those of a job', () => serves(site));
    assert.deepEqual([...site.left], []);
  },
);

/** Has a command begin a run and take some steps, and asks it to stop. @param stop  asks it */
async function trainsUntil(site: Site, { child, ended }: Started, stop: () => void): Promise<void> {
  const out = join(site.folder, 'runs/mine');
  const before = stepsOf(out);
  let said = '';
  child.stderr!.on('data', (data) => (said += data));
  await untilTrue(
    () => stepsOf(out) > before + 1 || child.exitCode !== null,
    () => said,
  );
  stop();
  assert.match(
    (await ended).err,
    /stopped after step \d+; unmask train --resume runs\/mine|stopped after step \d+/,
  );
}

/** Removes the run of a section. */
const removeRun = ({ folder }: Site): void => rmSync(join(folder, 'runs/mine'), { recursive: true });

async function trainsAndGoesOn(site: Site): Promise<void> {
  for (const beginning of ['mpirun -n 2 unmask train', 'unmask train --resume']) {
    const started = site.begin(site.typed(beginning));
    await trainsUntil(site, started, () => started.child.kill('SIGUSR1'));
  }
  removeRun(site);
}

async function trainsOnHosts(site: Site): Promise<void> {
  const started = site.begin(site.typed('mpirun --host'));
  await trainsUntil(site, started, () => started.child.kill('SIGUSR1'));
  assert.match((await started.ended).err, / 4 ranks, /);
  removeRun(site);
}

async function trainsUnderSlurm(site: Site): Promise<void> {
  const { cluster, folder } = site;
  const job = await submitted(site, 'sbatch deploy/slurm/train.sh');
  const out = join(folder, 'runs/mine');
  const log = (): string => readFileSync(join(folder, `slurm-${job}.out`), 'utf8');
  await untilTrue(() => stepsOf(out) > 1, log);
  cluster.run('scancel', '--signal=USR1', job);
  await cluster.until(job, /JobState=PENDING/);
  assert.match(log(), / 4 ranks, [^]*stopped after step \d+/);
  cluster.run('scancel', job);

  const srun = await begunUnderSlurm(site, site.typed('SLURM_PMIX_FENCE=tree srun'));
  await trainsUntil(site, srun, () =>
    cluster.run('scancel', '--signal=USR1', '--state=RUNNING', '--user=root'),
  );
  assert.match((await srun.ended).err, /goes on after step \d+[^]* 4 ranks, /);
  removeRun(site);
}

/** Begins a command of srun; where Open MPI let a rank die in MPI_Init, and nothing is done yet, again, as the page says. */
async function begunUnderSlurm(site: Site, command: string): Promise<Started> {
  const out = join(site.folder, 'runs/mine');
  const before = stepsOf(out);
  for (let tries = 1; ; tries++) {
    const started = site.begin(command);
    let said = '';
    started.child.stderr!.on('data', (data) => (said += data));
    await untilTrue(
      () => stepsOf(out) > before || started.child.exitCode !== null,
      () => said,
    );
    const diedInInit =
      started.child.exitCode !== null && /Segmentation fault/.test(said) && !/\branks, /.test(said);
    if (!diedInInit || tries === 5) return started;
  }
}

/** Types a command of sbatch, and returns the number of its job. */
async function submitted(site: Site, beginning: string): Promise<string> {
  const { out } = await site.run(site.typed(beginning));
  return /^Submitted batch job (\d+)$/m.exec(out)![1];
}

async function answersFile(site: Site): Promise<void> {
  const { cluster, folder } = site;
  const results = (name: string): string => readFileSync(join(folder, name), 'utf8');
  symlinkSync(join(repositoryRoot, 'models/stories'), join(folder, 'runs/mine'));
  await site.run(site.typed('echo'));
  for (const end of ['', ' --retry-failed'])
    await site.run(site.typed(`npx unmask batch requests.jsonl --out answers${end}`));
  for (const shard of [0, 1])
    await site.run(site.typed(`npx unmask batch requests.jsonl --out shares --shard ${shard}/2`));
  assert.equal((await site.run(site.typed('cat'))).out, results('answers/results.jsonl'));
  assert.equal(JSON.parse(results('answers/results.jsonl')).response.status_code, 200);

  rmSync(join(folder, 'answers'), { recursive: true });
  const job = await submitted(site, 'sbatch deploy/slurm/batch.sh');
  await cluster.until(job, /^(?:JobState=COMPLETED ?){16}$/);
  const { out } = await site.run('cat answers/share-*/results.jsonl');
  assert.equal(JSON.parse(out).custom_id, '1');
  await site.run(site.typed('ssh host-2 unmask batch'));
}

/** The status of an answer to a host that asks the balancer of another, which may not be there. */
const askedStatus = (site: Site, host: string): string =>
  execFileSync(
    site.hosts.on('host-4', site.folder)[0],
    [
      ...site.hosts.on('host-4', site.folder).slice(1),
      process.execPath,
      '-e',
      `require('http').get({ host: '${host}', port: 8000, path: '/v1/models',
        headers: { host: 'unmask', authorization: 'Bearer secret' } },
        (response) => { console.log(response.statusCode); response.resume(); }).on('error', () => console.log('none'))`,
    ],
    { encoding: 'utf8' },
  ).trim();

async function serves(site: Site): Promise<void> {
  const serve = site.typed('unmask serve');
  const started = ['host-1', 'host-2', 'host-3'].map((host) => site.begin(serve, host));
  const balancer = site.begin(site.typed('haproxy'));
  let said = '';
  for (const { child } of [...started, balancer])
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (said += data));
  await untilTrue(
    () => askedStatus(site, 'host-1') === '200',
    () => said,
  );
  for (const { child } of [...started, balancer]) child.kill('SIGTERM');
  await Promise.all([...started, balancer].map(({ ended }) => ended));
  assert.equal(askedStatus(site, 'host-1'), 'none');

  const job = await submitted(site, 'sbatch deploy/slurm/serve.sh');
  await site.cluster.until(job, /JobState=RUNNING/);
  const log = (): string => readFileSync(join(site.folder, `slurm-${job}.out`), 'utf8');
  await untilTrue(() => askedStatus(site, 'host-1') === '200', log);
  site.cluster.run('scancel', job);
  await site.cluster.until(job, /JobState=CANCELLED/);
}
