import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeSafetensors } from '../../test/write-safetensors.ts';
import { latestCheckpoint } from './find-checkpoints.ts';
import { saveCheckpoint } from './checkpoints.ts';

/** A folder that is a disk of 500 kB; undefined, and the test skipped, where none can be mounted. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  const mount = await mkdtemp(join(tmpdir(), 'unmask-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=500k', 'tmpfs', mount], { stdio: 'pipe' });
  } catch {
    await rmdir(mount);
    t.skip('mounting a small disk needs more rights: run it as root on Linux');
    return undefined;
  }
  t.after(async () => {
    execFileSync('umount', [mount]);
    await rmdir(mount);
  });
  return mount;
}

test('checkpoints go on being saved on a small disk that is really full', async (t) => {
  const mount = await smallDisk(t);
  if (mount === undefined) return;
  const large = (step: number) => new Map([['weights', Buffer.alloc(180_000, step)]]);
  for (let step = 1; step <= 5; step++) {
    const result = await saveCheckpoint(mount, step, large(step));
    assert.ok(result.saved, `step ${step}`);
  }
  assert.equal((await latestCheckpoint(mount))?.step, 5);
  const result = await saveCheckpoint(mount, 6, new Map([['weights', Buffer.alloc(600_000)]]));
  assert.ok(!result.saved);
  assert.match(result.error.message, /a full disk \(ENOSPC\)/);
  assert.equal((await latestCheckpoint(mount))?.step, 5);
});

test('a file that is written on a disk that is really full is a FileError, and leaves nothing', async (t) => {
  const mount = await smallDisk(t);
  if (mount === undefined) return;
  const tensor = { name: 'w', shape: [250_000], data: new Float32Array(250_000) };
  const path = join(mount, 'model.safetensors');
  await assert.rejects(writeSafetensors(path, [tensor]), /a full disk \(ENOSPC\); free some space/);
  assert.deepEqual(await readdir(mount), []);
});
