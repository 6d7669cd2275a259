import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { FileError } from '../base/errors.ts';
import { isLocked, lockRun, tryLock } from './lock.ts';
import { lockFolder, newestGeneration, takeGeneration } from './lock-generations.ts';
import { ownHolder } from './lock-holder.ts';

const folder = await mkdtemp(join(tmpdir(), 'unmask-lock-'));
after(() => rm(folder, { recursive: true }));

let runs = 0;
async function newRun(): Promise<string> {
  const path = join(folder, `run-${runs++}`);
  await mkdir(path);
  return path;
}

/** Short times, so that nobody waits long for a holder that can't be seen. */
const quick = { renewMs: 50, staleMs: 600 };

/** A process that takes the lock of a run, says so, and waits; `under` is what it is started with. */
async function holderOf(run: string, under: readonly string[] = []): Promise<ChildProcess> {
  const code = `
    const { lockRun } = await import(${JSON.stringify(new URL('./lock.js', import.meta.url).href)});
    const lock = await lockRun(${JSON.stringify(run)}, ${JSON.stringify(quick)});
    console.log('locked');
    process.stdin.on('data', () => lock.check().then(() => console.log('holds'), ({ message }) => console.log(message)));`;
  const [command, ...args] = [...under, process.execPath, '--input-type=module', '-e', code];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
  return child;
}

const stopped = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL');
  await once(child, 'exit');
};

test('a lock is refused to a second process while the first lives, and free at once when that is killed', async () => {
  const run = await newRun();
  const child = await holderOf(run);
  try {
    await assert.rejects(lockRun(run), (error) => {
      assert.ok(error instanceof FileError);
      const holder = `process ${child.pid} on ${JSON.stringify(hostname())} at work in it`;
      assert.ok(error.message.includes(holder), error.message);
      return true;
    });
    assert.ok(await isLocked(run));
  } finally {
    await stopped(child);
  }
  const began = performance.now();
  assert.ok(process.platform !== 'linux' || !(await isLocked(run)));
  const lock = await lockRun(run);
  assert.ok(process.platform !== 'linux' || performance.now() - began < 5000);
  await lock.check();
  await lock.release();
  assert.ok(!(await isLocked(run)));
});

test('a lock is refused twice in one process, by any name of the directory, and can be taken again after its release', async () => {
  const run = await newRun();
  const lock = await lockRun(run);
  await assert.rejects(lockRun(run), FileError);
  await assert.rejects(lockRun(join(run, '..', run.split('/').at(-1) ?? '')), FileError);
  await lock.release();
  await (await lockRun(run)).release();
  const [one, other] = [await lockRun(run), await lockRun(await newRun())];
  await Promise.all([one.release(), other.release()]);
  assert.deepEqual(await readdir(join(run, lockFolder)), ['3']);
});

test('of a directory that is not there is a FileError', async () => {
  await assert.rejects(lockRun(join(folder, 'none')), /expected a run directory, found nothing there/);
});

/** Somebody's lock, as it lies in a directory. */
async function left(run: string, holder: object, renewedMs = Date.now()): Promise<string> {
  const path = join(run, lockFolder, '1');
  await mkdir(join(run, lockFolder));
  await writeFile(path, JSON.stringify({ ...ownHolder(), ...holder }));
  await utimes(path, renewedMs / 1000, renewedMs / 1000);
  return path;
}

test('a holder that cannot be seen from here keeps its lock as long as it renews it, whatever the clocks say', async () => {
  for (const renewedMs of [0, Date.now(), Date.UTC(2199, 0)]) {
    const run = await newRun();
    const path = await left(run, { place: 'another boot' }, renewedMs);
    let beats = 0;
    const heart = setInterval(() => {
      beats++;
      void utimes(path, renewedMs / 1000 + beats, renewedMs / 1000 + beats);
    }, 100);
    assert.equal(await tryLock(run, 'a run', quick), undefined, `${renewedMs}`);
    clearInterval(heart);
    await wait(50);
    const lock = await tryLock(run, 'a run', quick);
    assert.ok(lock, `${renewedMs}`);
    await lock.release();
  }
});

test(
  'a process number that came again is another process',
  { skip: process.platform !== 'linux' && 'only Linux tells when a process began' },
  async () => {
    const run = await newRun();
    await left(run, { began: '1' });
    assert.ok(!(await isLocked(run)));
    await (await lockRun(run)).release();
  },
);

test('a file that names nobody is watched like any other', async () => {
  const run = await newRun();
  const path = await left(run, {});
  await writeFile(path, '');
  await (await lockRun(run, quick)).release();
});

test('of takers of a lock that was left behind one has it, however many there are', async () => {
  for (let round = 0; round < 40; round++) {
    const run = await newRun();
    if (round % 2 === 0) await left(run, { place: 'another boot' });
    const locks = await Promise.all(
      Array.from({ length: 8 }, () => tryLock(run, 'a run', { renewMs: 1000, staleMs: 60 })),
    );
    const held = locks.filter((lock) => lock !== undefined);
    assert.equal(held.length, 1);
    await held[0].check();
    await held[0].release();
  }
});

test('a taker who looked long ago takes nothing, and leaves nothing', async () => {
  const run = await newRun();
  assert.ok(await takeGeneration(run, 0, ownHolder()));
  const newer = ownHolder();
  assert.ok(await takeGeneration(run, 6, newer));
  assert.equal(await takeGeneration(run, 3, ownHolder()), false);
  assert.equal(await takeGeneration(run, 6, ownHolder()), false);
  assert.deepEqual(await readdir(join(run, lockFolder)), ['7']);
  assert.equal((await newestGeneration(run))?.holder?.id, newer.id);
});

test('whoever lost a lock is told so, and does not give back that of another', async () => {
  const run = await newRun();
  const lock = await lockRun(run, quick);
  await lock.check();
  const other = ownHolder();
  assert.ok(await takeGeneration(run, 1, { ...other, pid: 4321, host: 'elsewhere' }));
  await assert.rejects(
    lock.check(),
    /expected to be locked by this program, found a lock of process 4321 on "elsewhere"/,
  );
  await lock.release();
  assert.equal((await newestGeneration(run))?.holder?.id, other.id);
  await rm(join(run, lockFolder), { recursive: true });
  await assert.rejects(lock.check(), /found no lock/);
});

const namespaces = ['unshare', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
const isPermitted = spawnSync(namespaces[0], [...namespaces.slice(1), 'true']).status === 0;

test(
  'a lock holds between containers that share a volume: other namespaces of networks and processes',
  { skip: !isPermitted && 'unshare is not permitted here' },
  async () => {
    for (const under of [namespaces, ['unshare', '--net']]) {
      const run = await newRun();
      const child = await holderOf(run, under);
      try {
        await assert.rejects(lockRun(run, quick), /at work in it/);
        assert.ok(await isLocked(run));
      } finally {
        await stopped(child);
      }
      const lock = await lockRun(run, quick);
      await lock.release();
    }
  },
);

test(
  'a holder in another container that slept too long finds its lock taken',
  { skip: !isPermitted && 'unshare is not permitted here' },
  async () => {
    const run = await newRun();
    const child = await holderOf(run, namespaces);
    const inner = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim();
    try {
      process.kill(Number(inner), 'SIGSTOP');
      const lock = await lockRun(run, quick);
      process.kill(Number(inner), 'SIGCONT');
      const said = once(child.stdout!, 'data');
      child.stdin!.write('?');
      assert.match(String((await said)[0]), /expected to be locked by this program, found a lock of process/);
      await lock.check();
      await lock.release();
    } finally {
      await stopped(child);
    }
  },
);
