import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FileError, InvariantError, UnsupportedError } from '../base/errors.ts';
import { checkpointDirectory } from './checkpoint-names.ts';
import { findCheckpoints, latestCheckpoint } from './find-checkpoints.ts';
import { saveCheckpoint } from './checkpoints.ts';
import type { FileContent } from './file-content.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unmask-durable-'));
});
after(() => rm(folder, { recursive: true }));

const newRun = (): Promise<string> => mkdtemp(join(folder, 'run-'));
const filesOf = (step: number): Map<string, FileContent> =>
  new Map<string, FileContent>([
    ['model.safetensors', () => [Buffer.alloc(1000, `${step}`), Buffer.alloc(5, 'x')]],
    ['state.json', Buffer.from(`{"step":${step}}`)],
  ]);
const checkpointsOf = async (run: string): Promise<string[]> =>
  (await readdir(join(run, 'checkpoints'))).sort();

describe('checkpoints', () => {
  test('of a new run are none, and its directory need not be there', async () => {
    assert.equal(await latestCheckpoint(join(folder, 'absent')), undefined);
    assert.deepEqual(await findCheckpoints(await newRun()), { damaged: [] });
  });

  test('come back as they were saved, and only their owner can read them', async () => {
    const run = join(await newRun(), 'deeper', 'run');
    const result = await saveCheckpoint(run, 1200, filesOf(1200));
    const directory = join(run, 'checkpoints', 'step-000001200');
    assert.ok(result.saved);
    assert.equal(result.directory, directory);
    assert.equal(checkpointDirectory(run, 1200), directory);
    const latest = await latestCheckpoint(run);
    assert.equal(latest?.step, 1200);
    const model = await readFile(latest?.files.get('model.safetensors') ?? '', 'utf8');
    assert.equal(model, `${'1200'.repeat(250)}xxxxx`);
    assert.deepEqual((await readdir(directory)).sort(), ['MANIFEST.json', 'model.safetensors', 'state.json']);
    const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
    assert.equal(
      result.bytes,
      sizes.reduce((sum, { size }) => sum + size, 0),
    );
    if (process.platform !== 'win32') assert.ok(sizes.every(({ mode }) => (mode & 0o777) === 0o600));
  });

  test('stay while they are among the newest three or the best', async () => {
    const run = await newRun();
    for (const step of [100, 200, 300, 400, 500]) {
      const result = await saveCheckpoint(run, step, filesOf(step), { best: 100 });
      assert.deepEqual(result.deleted, step === 500 ? [200] : []);
    }
    assert.deepEqual(
      await checkpointsOf(run),
      [100, 300, 400, 500].map((step) => `step-000000${step}`),
    );
    const { deleted } = await saveCheckpoint(run, 600, filesOf(600), { keep: 2 });
    assert.deepEqual(deleted, [100, 300, 400]);
  });

  test('are ordered by number, beyond a thousand million steps too', async () => {
    const run = await newRun();
    for (const step of [999_999_999, 1_000_000_000]) await saveCheckpoint(run, step, filesOf(step));
    assert.equal((await latestCheckpoint(run))?.step, 1_000_000_000);
  });

  test('of one step can be saved twice alike, but not with another content', async () => {
    const run = await newRun();
    assert.ok((await saveCheckpoint(run, 1, filesOf(1))).saved);
    assert.ok((await saveCheckpoint(run, 1, filesOf(1))).saved);
    const other = await saveCheckpoint(run, 1, filesOf(2));
    assert.ok(!other.saved);
    assert.match(other.error.message, /expected no checkpoint of step 1, or the same one/);
    assert.deepEqual(await checkpointsOf(run), ['step-000000001']);
  });

  test('that are damaged are put aside, and the one before is used', async () => {
    const run = await newRun();
    const damages: ((directory: string) => Promise<void>)[] = [
      (directory) => rm(join(directory, 'MANIFEST.json')),
      (directory) => writeFile(join(directory, 'MANIFEST.json'), '{"format":1}'),
      (directory) => rm(join(directory, 'state.json')),
      (directory) => writeFile(join(directory, 'state.json'), '{"step":9}'),
      (directory) => writeFile(join(directory, 'model.safetensors'), 'x', { flag: 'a' }),
      async (directory) => {
        await rm(join(directory, 'state.json'));
        await mkdir(join(directory, 'state.json'));
      },
    ];
    await saveCheckpoint(run, 1, filesOf(1));
    for (const damage of damages) {
      await saveCheckpoint(run, 2, filesOf(2));
      await damage(checkpointDirectory(run, 2));
      const looked = await findCheckpoints(run, { readOnly: true });
      assert.equal(looked.latest?.step, 1);
      assert.ok((await checkpointsOf(run)).includes('step-000000002'), 'a look changes nothing');
      const { latest, damaged } = await findCheckpoints(run);
      assert.equal(latest?.step, 1);
      assert.equal(damaged.length, 1);
      assert.match(
        damaged[0].message,
        /step-000000002: expected a whole checkpoint, .* put aside as \.bad-step-000000002-/,
      );
    }
    const aside = damages.map((_, i) => `.bad-step-000000002-${i + 1}`);
    assert.deepEqual(await checkpointsOf(run), [...aside, 'step-000000001']);
  });

  test('that are all damaged stop the run, now and the next time', async () => {
    const run = await newRun();
    await saveCheckpoint(run, 1, filesOf(1));
    await writeFile(join(checkpointDirectory(run, 1), 'state.json'), 'rot');
    for (const options of [{ readOnly: true }, {}, {}]) {
      await assert.rejects(latestCheckpoint(run, options), (error) => {
        assert.ok(error instanceof FileError);
        assert.match(error.message, /expected at least one whole checkpoint, found only damaged ones/);
        assert.match(error.message, /delete the directory to begin again from step 0/);
        return true;
      });
    }
  });

  test('of a newer format are not taken for damaged', async () => {
    const run = await newRun();
    await saveCheckpoint(run, 1, filesOf(1));
    const path = join(checkpointDirectory(run, 1), 'MANIFEST.json');
    const { checksum, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
    assert.equal(typeof checksum, 'string');
    const newer = { ...manifest, format: 2 };
    const { createHash } = await import('node:crypto');
    const sum = createHash('sha256').update(JSON.stringify(newer)).digest('hex');
    await writeFile(path, JSON.stringify({ ...newer, checksum: sum }));
    await assert.rejects(latestCheckpoint(run), UnsupportedError);
    assert.deepEqual(await checkpointsOf(run), ['step-000000001']);
  });

  test('that were interrupted leave nothing behind after the next start', async () => {
    const run = await newRun();
    await saveCheckpoint(run, 1, filesOf(1));
    for (const name of ['.tmp-step-000000002', '.trash-step-000000000']) {
      await mkdir(join(run, 'checkpoints', name));
      await writeFile(join(run, 'checkpoints', name, 'half'), '');
    }
    assert.equal((await latestCheckpoint(run))?.step, 1);
    assert.deepEqual(await checkpointsOf(run), ['step-000000001']);
  });

  test('cannot be given names that lead elsewhere, or half a step', async () => {
    const run = await newRun();
    for (const name of ['../x', 'a/b', '', '.hidden', 'MANIFEST.json', '__proto__', 'a\0']) {
      await assert.rejects(saveCheckpoint(run, 1, new Map([[name, Buffer.alloc(1)]])), InvariantError, name);
    }
    await assert.rejects(saveCheckpoint(run, 1.5, filesOf(1)), InvariantError);
    await assert.rejects(saveCheckpoint(run, 1, filesOf(1), { keep: 1 }), InvariantError);
  });

  test('whose content cannot be made throw that error and leave nothing', async () => {
    const run = await newRun();
    const files = new Map<string, FileContent>([
      [
        'broken',
        () => {
          throw new RangeError('a bug');
        },
      ],
    ]);
    await assert.rejects(saveCheckpoint(run, 1, files), RangeError);
    assert.deepEqual(await checkpointsOf(run), []);
  });
});
