import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
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

/** From SIGTERM to SIGKILL, longer than a job may take whose rank has died; Slurm's own default is 30. */
const killWaitSeconds = 20;

/** A cluster of this machine alone, with two processors, each for up to four jobs. */
export interface Cluster {
  /** Runs a program of Slurm, and returns what it prints. */
  run(program: string, ...args: string[]): string;
  /** Waits until a job is in one of these states: RUNNING, COMPLETED, … */
  until(job: string, states: RegExp, seconds?: number): Promise<void>;
}

/** Starts munge and Slurm in a folder of their own; they end with the test. */
export async function startSlurm(t: TestContext, env: Readonly<Record<string, string>>): Promise<Cluster> {
  const folder = await temporaryFolder(t);
  const inFolder = (name: string): string => join(folder, name);
  writeFileSync(inFolder('munge.key'), randomBytes(128), { mode: 0o600 });
  for (const name of ['state', 'spool']) mkdirSync(inFolder(name));
  const conf = inFolder('slurm.conf');
  const [controllerPort, nodePort] = [await freePort(), await freePort()];
  writeFileSync(
    conf,
    `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${inFolder('munge.socket')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=pmix
ReturnToService=2
JobRequeue=1
KillWait=${killWaitSeconds}
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
StateSaveLocation=${inFolder('state')}
SlurmdSpoolDir=${inFolder('spool')}
SlurmctldPidFile=${inFolder('slurmctld.pid')}
SlurmdPidFile=${inFolder('slurmd.pid')}
SlurmctldLogFile=${inFolder('slurmctld.log')}
SlurmdLogFile=${inFolder('slurmd.log')}
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES OverSubscribe=FORCE:4 MaxTime=INFINITE State=UP
`,
  );
  const environment = { ...process.env, ...env, SLURM_CONF: conf };
  const children: ChildProcess[] = [];
  const daemon = (program: string, ...args: string[]): void => {
    const child = spawn(program, args, { stdio: 'ignore', env: environment });
    children.push(child);
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
  const files = {
    key: 'munge.key',
    socket: 'munge.socket',
    pid: 'munge.pid',
    log: 'munge.log',
    seed: 'munge.seed',
  };
  daemon(
    '/usr/sbin/munged',
    '--foreground',
    '--force',
    `--key-file=${inFolder(files.key)}`,
    `--socket=${inFolder(files.socket)}`,
    `--pid-file=${inFolder(files.pid)}`,
    `--log-file=${inFolder(files.log)}`,
    `--seed-file=${inFolder(files.seed)}`,
  );
  for (let i = 0; i < 200 && !existsSync(inFolder('munge.socket')); i++) await wait(50);
  daemon('/usr/sbin/slurmctld', '-D', '-f', conf);
  daemon('/usr/sbin/slurmd', '-D', '-f', conf);

  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const logs = (): string =>
    ['slurmctld.log', 'slurmd.log']
      .map((name) => readFileSync(inFolder(name), 'utf8').slice(-2000))
      .join('\n');
  const stateOf = (job: string): string => {
    try {
      return (
        run('scontrol', 'show', 'job', job)
          .match(/JobState=\w+/g)
          ?.join(' ') ?? ''
      );
    } catch {
      return '';
    }
  };
  for (let i = 0; ; i++) {
    try {
      if (/\bidle\b/.test(run('sinfo', '-h', '-o', '%T'))) break;
    } catch {
      // the controller isn't there yet
    }
    if (i > 600) throw new Error(`Slurm did not start: ${logs()}`);
    await wait(100);
  }
  return {
    run,
    async until(job, states, seconds = 120) {
      for (let i = 0; !states.test(stateOf(job)); i++) {
        if (i > 5 * seconds)
          throw new Error(`job ${job} is ${stateOf(job)}, not ${String(states)}: ${logs()}`);
        await wait(200);
      }
    },
  };
}
