import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const haproxy = '/usr/sbin/haproxy';

export const withBalancer = {
  skip: existsSync(haproxy) ? false : `${haproxy} isn't there: apt-get install haproxy`,
  timeout: 600_000,
};

/** A server of the shipped stories, in a process of its own. */
export interface Replica {
  readonly port: number;
  readonly log: () => string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again, when it has ended. */
  start(): Promise<void>;
  /** Texts that it has written. */
  finished(): Promise<number>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Answers of /health that say that a model is there. */
async function isReady(port: number): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/health`, {
      signal: AbortSignal.timeout(5000),
    }).catch(() => {});
    if (response?.status === 200) return;
    await wait(100);
  }
  throw new Error('a server was not ready within two minutes');
}

export async function startReplica(t: TestContext): Promise<Replica> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  let log = '';
  const start = async (): Promise<void> => {
    const names = ['127.0.0.1', 'unmask'].flatMap((name) => ['--allowed-host', name]);
    const model = join(repositoryRoot, 'models/stories');
    child = spawn(process.execPath, [main, 'serve', model, '--port', String(port), ...names], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr!.on('data', (said) => (log += said));
    await isReady(port);
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  t.after(() => kill('SIGKILL'));
  await start();
  return {
    port,
    log: () => log,
    kill,
    start,
    async finished() {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Array.from(metrics.matchAll(/^unmask:request_success_total\{.*\} (\d+)$/gm), ([, n]) =>
        Number(n),
      ).reduce((sum, n) => sum + n, 0);
    },
  };
}

/** HAProxy as deploy/haproxy.cfg has it, before these replicas; its port, and what it has logged. */
export async function startBalancer(
  t: TestContext,
  replicas: readonly Replica[],
): Promise<{ readonly url: string; readonly log: () => string }> {
  const port = await freePort();
  const path = join(await temporaryFolder(t), 'haproxy.cfg');
  const servers = replicas.map((replica, i) => `  server replica-${i + 1} 127.0.0.1:${replica.port}`);
  const shipped = readFileSync(join(repositoryRoot, 'deploy/haproxy.cfg'), 'utf8');
  const configured = shipped
    .replace('bind :8000', `bind 127.0.0.1:${port}`)
    .replace(/(?:^ {2}server .*\n)+/m, `${servers.join('\n')}\n`);
  if (configured.split('127.0.0.1').length !== replicas.length + 2)
    throw new Error('deploy/haproxy.cfg has other lines than were expected');
  await writeFile(path, configured);
  const child = spawn(haproxy, ['-f', path, '-db'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (said) => (log += said));
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  await isReady(port);
  return { url: `http://127.0.0.1:${port}`, log: () => log };
}
