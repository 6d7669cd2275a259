import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Hosts } from './hosts.ts';
import { freePort } from './replicas.ts';
import { temporaryFolder } from './tiny-model.ts';

const programs = ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged'];
const missing = programs.find((program) => !existsSync(program));

/** For a test that needs Slurm, whose daemons start no one else's jobs but as root. */
export const withSlurm = {
  skip:
    missing !== undefined
      ? `${missing} isn't there: apt-get install slurm-wlm munge libpmix-dev`
      : process.getuid?.() === 0
        ? false
        : 'the daemons of Slurm need root',
  timeout: 600_000,
};

/** What Slurm waits for, in seconds. */
interface Patience {
  /** From SIGTERM to SIGKILL; Slurm's own default is 30. */
  readonly KillWait: number;
  /** A node that has been silent for so long is down. */
  readonly SlurmdTimeout: number;
}

/** Longer than a job may take whose rank has died, and than a busy machine holds up a node. */
const usualPatience: Patience = { KillWait: 60, SlurmdTimeout: 20 };

/** A cluster whose nodes have two processors each, each for up to four jobs; jobs of the partition urgent take nodes from others. */
export interface Cluster {
  /** The environment of a command that speaks to it. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a program of Slurm, and returns what it prints. */
  run(program: string, ...args: string[]): string;
  /** Waits until a job is in one of these states: RUNNING, COMPLETED, … */
  until(job: string, states: RegExp, seconds?: number): Promise<void>;
  /** Starts a job that was queued again, as soon as nothing of it is left; Slurm itself waits for two minutes. */
  startAgain(job: string): Promise<void>;
  /** Has Slurm wait for less, or for longer. */
  setPatience(patience: Patience): void;
}

/** Waits until a node has a file. */
async function untilThere(on: readonly string[], path: string): Promise<void> {
  const [program, ...args] = [...on, 'test', '-e', path];
  for (let i = 0; i < 200 && spawnSync(program, args).status !== 0; i++) await wait(50);
}

/** Where the daemons of Slurm run. */
interface Node {
  readonly name: string;
  readonly address: string;
  /** The words before a command that have this node run it. */
  readonly on: readonly string[];
}

const linesOf = (patience: Patience): string =>
  Object.entries(patience)
    .map(([name, seconds]) => `${name}=${seconds}\n`)
    .join('');

/** What slurm.conf says. @param inFolder  a file that all see @param local  a file of each node */
async function configurationOf(
  nodes: readonly Node[],
  inFolder: (name: string) => string,
  local: (name: string) => string,
): Promise<string> {
  const [controllerPort, nodePort] = [await freePort(), await freePort()];
  return `ClusterName=test
SlurmctldHost=${nodes[0].name}(${nodes[0].address})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${local('munge.socket')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=pmix
ReturnToService=2
${linesOf(usualPatience)}\
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
StateSaveLocation=${inFolder('state')}
SlurmdSpoolDir=${local('spool')}
SlurmctldPidFile=${inFolder('slurmctld.pid')}
SlurmdPidFile=${local('slurmd.pid')}
SlurmctldLogFile=${inFolder('slurmctld.log')}
SlurmdLogFile=${inFolder('slurmd-%n.log')}
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
${nodes.map(({ name, address }) => `NodeName=${name} NodeAddr=${address} CPUs=2 State=UNKNOWN\n`).join('')}\
PartitionName=test Nodes=ALL Default=YES OverSubscribe=FORCE:4 MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
`;
}

/** Starts munge and Slurm in a folder of their own, on this machine alone or on some hosts; they end with the test. */
export async function startSlurm(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  hosts?: Hosts,
): Promise<Cluster> {
  const folder = await temporaryFolder(t);
  const inFolder = (name: string): string => join(folder, name);
  const local = (name: string): string => join(hosts?.local ?? folder, name);
  const nodes: Node[] = hosts
    ? hosts.names.map((name) => ({ name, address: hosts.addressOf(name), on: hosts.on(name, folder) }))
    : [{ name: hostname(), address: '127.0.0.1', on: [] }];
  writeFileSync(inFolder('munge.key'), randomBytes(128), { mode: 0o600 });
  mkdirSync(inFolder('state'));
  const conf = inFolder('slurm.conf');
  writeFileSync(conf, await configurationOf(nodes, inFolder, local));
  writeFileSync(inFolder('mpi.conf'), `PMIxCliTmpDirBase=${local('')}\n`); // /tmp is one of all hosts
  // ranks of several nodes share the cores of this machine
  const environment = { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1', ...env, SLURM_CONF: conf };
  const children: ChildProcess[] = [];
  const daemon = (on: readonly string[], ...command: string[]): void => {
    const [program, ...args] = [...on, ...command];
    children.push(spawn(program, args, { stdio: 'ignore', env: environment }));
  };
  t.after(async () => {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
  });
  for (const { on } of nodes)
    daemon(
      on,
      '/usr/sbin/munged',
      '--foreground',
      '--force',
      `--key-file=${inFolder('munge.key')}`,
      ...['socket', 'pid', 'log', 'seed'].map(
        (file) => `--${file}${file === 'socket' ? '' : '-file'}=${local(`munge.${file}`)}`,
      ),
    );
  await Promise.all(nodes.map(({ on }) => untilThere(on, local('munge.socket'))));
  daemon(nodes[0].on, '/usr/sbin/slurmctld', '-D', '-f', conf);
  for (const { on } of nodes) daemon(on, '/usr/sbin/slurmd', '-D', '-f', conf);

  const run = (...command: string[]): string => {
    const [program, ...args] = [...nodes[0].on, ...command];
    return execFileSync(program, args, {
      encoding: 'utf8',
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const logs = (): string =>
    ['slurmctld.log', ...nodes.map(({ name }) => `slurmd-${name}.log`)]
      .filter((name) => existsSync(inFolder(name)))
      .map((name) => readFileSync(inFolder(name), 'utf8').slice(-2000))
      .join('\n');
  /** What a job is, and that of each of an array. */
  const stateOf = (job: string, what = /JobState=\w+/g): string => {
    try {
      return run('scontrol', 'show', 'job', job).match(what)?.join(' ') ?? '';
    } catch {
      return '';
    }
  };
  const untilIs = async (job: string, states: RegExp, seconds: number, what?: RegExp): Promise<void> => {
    for (let i = 0; !states.test(stateOf(job, what)); i++) {
      if (i > 5 * seconds)
        throw new Error(`job ${job} is ${stateOf(job, what)}, not ${String(states)}: ${logs()}`);
      await wait(200);
    }
  };
  for (let i = 0; ; i++) {
    try {
      if (run('sinfo', '-h', '-p', 'test', '-o', '%T %D').trim() === `idle ${nodes.length}`) break;
    } catch {
      // the controller isn't there yet
    }
    if (i > 600) throw new Error(`Slurm did not start: ${logs()}`);
    await wait(100);
  }
  return {
    env: environment,
    run,
    until: (job, states, seconds = 120) => untilIs(job, states, seconds),
    async startAgain(job) {
      // the reason is there when what the job was before has been cleared away, and the time to begin has been set
      await untilIs(job, /PENDING Reason=BeginTime/, 120, /PENDING Reason=\w+/);
      // a node refuses a credential that was made in the second in which it forgot the one before, or earlier
      await wait(5000);
      run('scontrol', 'update', `JobId=${job}`, 'StartTime=now');
    },
    setPatience(patience) {
      const text = readFileSync(conf, 'utf8');
      writeFileSync(conf, text.replace(linesOf(usualPatience), linesOf(patience)));
      run('scontrol', 'reconfigure');
    },
  };
}
