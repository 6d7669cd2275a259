import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from './tiny-model.ts';
import type { Until } from './until.ts';

const programs = ['/usr/bin/unshare', '/usr/bin/nsenter', '/sbin/ip'];
const missing = programs.find((program) => !existsSync(program));

/** Why there can't be hosts here, and how to have them; else false. */
export const noHosts =
  missing !== undefined
    ? `${missing} isn't there: apt-get install util-linux iproute2`
    : process.getuid?.() === 0
      ? false
      : 'a network of its own needs root';

/**
 * Hosts of this machine, host-1, host-2, …: each has a name, a network interface at 10.0.0.11, 10.0.0.12, … and a disk of its own,
 * and sees the files and processes of all. Nothing else can reach them, nor they anything else.
 */
export interface Hosts {
  readonly names: readonly string[];
  /** A folder that is another one on each host. */
  readonly local: string;
  /** A folder with `ssh`, which has a host run a command as the one of OpenSSH would that needs no password. */
  readonly bin: string;
  addressOf(host: string): string;
  /** The words before a command that have a host run it, in this folder. */
  on(host: string, directory: string): string[];
  /** Pulls the cable of a host out, or puts it back. */
  connect(host: string, isConnected: boolean): void;
}

const shell = (words: readonly string[], script: string): string =>
  execFileSync(words[0], [...words.slice(1), 'bash', '-ec', script], { encoding: 'utf8' });

/** A process that keeps namespaces of its own until it is killed. */
const keepNamespaces = (): ChildProcess =>
  spawn('/usr/bin/unshare', ['--net', '--uts', '--mount', '--propagation', 'private', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });

/** The network that such a process keeps, once it is there. */
async function networkOf({ pid }: ChildProcess): Promise<string> {
  for (let i = 0; readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sleep\n'; i++) {
    if (i > 200) throw new Error('unshare made no namespaces');
    await wait(20);
  }
  return readlinkSync(`/proc/${pid}/ns/net`);
}

/** The processes in the network of one of these. */
function processesIn(networks: ReadonlySet<string>): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && networks.has(readlinkSync(`/proc/${pid}/ns/net`));
      } catch {
        return false; // it has ended
      }
    });
}

/** Kills a process, unless it has ended meanwhile. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Starts hosts; they end with the test, and what runs on them. */
export async function startHosts(t: Until, count: number): Promise<Hosts> {
  const names = Array.from({ length: count }, (_, i) => `host-${i + 1}`);
  const addressOf = (host: string): string => `10.0.0.${10 + Number(host.slice('host-'.length))}`;
  const kept = [undefined, ...names].map(keepNamespaces);
  const ended = kept.map((child) => once(child, 'exit'));
  const networks = new Set<string>();
  t.after(async () => {
    for (const child of kept) child.kill('SIGKILL');
    for (let left = processesIn(networks); left.length > 0; left = processesIn(networks)) {
      for (const pid of left) kill(pid);
      await wait(50);
    }
    await Promise.all(ended);
  });
  for (const network of await Promise.all(kept.map(networkOf))) networks.add(network);
  const folder = await temporaryFolder(t);
  const [local, bin] = [join(folder, 'local'), join(folder, 'bin')];
  for (const path of [local, bin]) mkdirSync(path);
  const lines = ['127.0.0.1 localhost', ...names.map((name) => `${addressOf(name)} ${name}`)];
  writeFileSync(join(folder, 'hosts'), `${lines.join('\n')}\n`);
  const [wires, ...hosts] = kept.map(({ pid }) => [
    '/usr/bin/nsenter',
    `--target=${pid}`,
    '--net',
    '--uts',
    '--mount',
  ]);
  shell(wires, 'ip link add bridge type bridge && ip link set bridge up');
  for (const [i, host] of names.entries()) {
    shell(
      wires,
      `ip link add ${host} type veth peer name eth0 netns ${kept[i + 1].pid}; ip link set ${host} master bridge up`,
    );
    mkdirSync(join(folder, host));
    shell(
      hosts[i],
      `hostname ${host}; ip link set lo up; ip address add ${addressOf(host)}/24 dev eth0; ip link set eth0 up
mount --bind ${folder}/hosts /etc/hosts; mount --bind ${folder}/${host} ${local}`,
    );
    writeFileSync(join(folder, `${host}.pid`), `${kept[i + 1].pid}`);
  }
  const ssh = `#!/bin/bash
while [[ $1 == -* ]]; do shift; done
host=$1; shift
exec ${hosts[0].toSpliced(1, 1, `--target="$(cat ${folder}/$host.pid)"`).join(' ')} --wdns="$PWD" bash -c "$*"
`;
  writeFileSync(join(bin, 'ssh'), ssh, { mode: 0o755 });
  return {
    names,
    local,
    bin,
    addressOf,
    on: (host, directory) => [...hosts[names.indexOf(host)], `--wdns=${directory}`],
    connect: (host, isConnected) => shell(wires, `ip link set ${host} ${isConnected ? 'up' : 'down'}`),
  };
}
