import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fakeTrainingJobs } from '../../../test/fake-training-job.ts';
import { testRunIo } from '../../../test/run-io.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { FileError } from '../../base/errors.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { lockFolder } from '../../checkpoint/lock-generations.ts';
import { openRun } from '../../library/open-run.ts';
import type { TrainingRequest } from '../options.ts';
import { writtenNames } from './run-directory.ts';
import { runTraining } from './run.ts';

/** A run that is done, and somebody's folder beside it. */
async function runAndElsewhere(t: TestContext): Promise<{ run: string; elsewhere: string }> {
  const folder = await temporaryFolder(t);
  const [run, elsewhere, text] = ['run', 'elsewhere', 'text.txt'].map((name) => join(folder, name));
  await writeFile(text, 'once upon a time');
  const small: TrainingRequest = { data: [text], length: 8, batch: 2, steps: 2, warmup: 0, sampleEvery: 1 };
  await runTraining({ ...small, out: run }, fakeTrainingJobs(), testRunIo());
  await mkdir(elsewhere);
  // all that a run writes, cuts or removes somewhere, and what looks as if it were left over
  for (const name of ['metrics.jsonl', '1', '2', 'a.tmp-1']) await writeFile(join(elsewhere, name), 'mine');
  await mkdir(join(elsewhere, '.hidden'));
  await mkdir(join(elsewhere, '.tmp-step'));
  return { run, elsewhere };
}

const contentOf = async (folder: string): Promise<string> => {
  const names = (await readdir(folder, { recursive: true })).sort();
  return names.join() + (await readFile(join(folder, 'metrics.jsonl'), 'utf8'));
};

const resume = (run: string) =>
  runTraining({ resume: run, steps: 4 }, fakeTrainingJobs(), testRunIo(AbortSignal.timeout(5000)));

test('a run that comes with links out of its directory is refused, and nothing there is touched', async (t) => {
  const { run, elsewhere } = await runAndElsewhere(t);
  const before = await contentOf(elsewhere);
  for (const name of [...writtenNames, lockFolder]) {
    const target = name.endsWith('.jsonl') ? join(elsewhere, 'metrics.jsonl') : elsewhere;
    for (const to of [target, join(elsewhere, 'nothing')]) {
      const path = join(run, name);
      const kept = `${path}.kept`;
      const isThere = spawnSync('mv', [path, kept]).status === 0;
      await symlink(to, path);
      await assert.rejects(resume(run), (error: Error) => {
        assert.ok(error instanceof FileError, `${name} → ${to}: ${error.stack}`);
        return true;
      });
      assert.equal(await contentOf(elsewhere), before, name);
      await rm(path);
      if (isThere) spawnSync('mv', [kept, path]);
    }
  }
  assert.equal((await resume(run)).finished, true);
});

test('a link in the place of a sample or a curve gives way to it', async (t) => {
  const { run, elsewhere } = await runAndElsewhere(t);
  const before = await contentOf(elsewhere);
  const paths = [join(run, 'curve.svg'), join(run, 'samples', 'step-000000003.txt')];
  for (const path of paths) {
    await rm(path, { force: true });
    await symlink(join(elsewhere, 'metrics.jsonl'), path);
  }
  await resume(run);
  assert.equal(await contentOf(elsewhere), before);
  for (const path of paths) assert.ok((await lstat(path)).isFile(), path);
});

test('pipes in the place of files are not waited for', { timeout: 20_000 }, async (t) => {
  const { run } = await runAndElsewhere(t);
  for (const name of ['metrics.jsonl', 'samples/step-000000001.txt', 'options.json', `${lockFolder}/9`]) {
    await rm(join(run, name), { force: true });
    spawnSync('mkfifo', [join(run, name)]);
    if (name === 'metrics.jsonl') assert.deepEqual((await openRun(run)).metrics(), []);
    else if (name.startsWith('samples')) await assert.rejects((await openRun(run)).samples(), /a pipe/);
    else if (name === 'options.json') await assert.rejects(openRun(run), /a pipe/);
  }
  assert.equal(await isLocked(run), false);
  await assert.rejects(resume(run), /expected a file of a lock, found something else/);
});
