import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { lockRun } from '../checkpoint/lock.ts';
import { load } from '../language-model/load.ts';
import { createTrainingJob } from './create-job.ts';
import { runDistillation } from './distill.ts';
import type { RunIo } from './run/run-loop.ts';
import { runTraining } from './run/run.ts';

const quiet: RunIo = {
  tell: async () => {},
  note: () => {},
  clock: () => performance.now(),
  now: () => new Date(0),
  stop: new AbortController().signal,
};

test('a distilled model is surer of what it predicts, and goes on where it was stopped', async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, 'text.jsonl');
  const animals = ['cat', 'dog', 'cow', 'owl'];
  const lines = Array.from({ length: 80 }, (_, i) => `A ${animals[i % 4]} sat. It ran away.`);
  await writeFile(data, lines.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const from = join(folder, 'before');
  const small = { layers: 1, width: 32, heads: 2, hidden: 64, length: 32, batch: 8, threads: 1, warmup: 5 };
  await runTraining(
    { ...small, data: [data], tokenizer: 'characters', steps: 120, learningRate: 1e-2, out: from },
    createTrainingJob,
    quiet,
  );
  const out = join(folder, 'distilled');
  const request = {
    from,
    data: [data],
    out,
    texts: 16,
    length: 30,
    block: 8,
    steps: 40,
    batch: 4,
    learningRate: 5e-3,
    threads: 1,
  };

  // stopped while it writes: what it had is kept, and a line that was cut off is written again
  const stop = new AbortController();
  const io = { ...quiet, stop: stop.signal, onText: (done: number) => void (done >= 8 && stop.abort()) };
  await assert.rejects(runDistillation(request, io), { name: 'AbortError' });
  const file = join(out, 'texts.jsonl');
  const begun = await readFile(file, 'utf8');
  await truncate(file, begun.length - 3);

  const lock = await lockRun(out);
  await assert.rejects(runDistillation(request, quiet), /expected a run that no other program is training/);
  await lock.release();

  const { finished, run } = await runDistillation(request, quiet);
  assert.equal(finished, true);
  assert.equal(run, join(out, 'run'));
  const texts = await readFile(file, 'utf8');
  assert.equal(texts.split('\n').length, 17);
  assert.ok(texts.startsWith(begun));
  await assert.rejects(runDistillation({ ...request, texts: 17 }, quiet), /texts.*was 16/s);

  const [before, after] = await Promise.all([load(from), load(join(out, 'run'))]);
  try {
    assert.equal(after.config.maxLength, 32, 'of a context as before');
    // the largest probability of each token of a masked block, as the block's turn comes
    const sureness = async (model: typeof before): Promise<number> => {
      const sure: number[] = [];
      for (const line of texts.trim().split('\n')) {
        const tokens = model.tokenizer.encode((JSON.parse(line) as { text: string }).text);
        const canvas = Array.from({ length: 32 }, (_, i) => (i < 8 ? (tokens[i] ?? 0) : model.maskId));
        const { data, shape } = await model.logits([canvas]);
        for (let i = 8; i < 16; i++) {
          const row = data.subarray(i * shape[2], (i + 1) * shape[2]).map(Math.exp);
          sure.push(Math.max(...row) / row.reduce((x, y) => x + y));
        }
      }
      return sure.reduce((x, y) => x + y) / sure.length;
    };
    const [was, is] = [await sureness(before), await sureness(after)];
    assert.ok(is > was + 0.05, `${is}, ${was} before`);
  } finally {
    await Promise.all([before.close(), after.close()]);
  }
});
