// Kills a batch at random moments, has it go on each time, and compares its results with those of one that was left alone.
//   node dist/test/batch-kills.js --kills 100
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { uniforms } from '../src/base/random.ts';
import { writeTinyModel } from './tiny-model.ts';

const program = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

export interface BatchKillReport {
  readonly kills: number;
  /** Batches that were killed, gone on with and carried to their end. */
  readonly batches: number;
  /** Kills that met a batch with some of its results. */
  readonly killsInside: number;
  /** Batches with other results than the one that was left alone; none is what is promised. */
  readonly differences: number;
}

/** Runs the experiment. @param requests  of each batch */
export async function killBatches({
  kills: wanted,
  seed,
  requests = 200,
  note = () => {},
}: {
  kills: number;
  seed: number;
  requests?: number;
  note?: (line: string) => void;
}): Promise<BatchKillReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'unmask-batch-kills-'));
  const uniform = uniforms(seed, 'synthetic');
  let drawn = 0;
  const draw = (): number => uniform(drawn++);
  try {
    const [model, input] = [join(scratch, 'model'), join(scratch, 'requests.jsonl')];
    await writeTinyModel(model, { maxLength: 192 });
    await writeFile(
      input,
      Array.from({ length: requests }, (_, i) => `${JSON.stringify(requestOf(i))}\n`).join(''),
    );
    const results = (out: string): string => join(scratch, out, 'results.jsonl');
    const start = (out: string) => {
      const args = [
        program,
        'batch',
        input,
        '--out',
        join(scratch, out),
        '--model',
        model,
        '--concurrency',
        '4',
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (piece) => (said += piece));
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code));
      });
      return { child, ended, said: () => said };
    };
    const alone = start('alone');
    if ((await alone.ended) !== 0) throw new Error(`the batch that was left alone failed: ${alone.said()}`);
    const expected = readFileSync(results('alone'), 'utf8');

    let [kills, batches, killsInside, differences] = [0, 0, 0, 0];
    while (kills < wanted) {
      const out = `batch-${batches}`;
      for (let isDone = false; !isDone;) {
        const { child, ended, said } = start(out);
        if (kills < wanted) {
          // at any number of bytes that are written from now on, or before any is
          const size = (): number => (existsSync(results(out)) ? statSync(results(out)).size : 0);
          const target = size() + draw() * 0.4 * expected.length;
          const until = Promise.race([ended, wait(60_000)]);
          let isOver = false;
          void ended.finally(() => (isOver = true));
          await Promise.race([until, reached(() => isOver || size() >= target)]);
          if (!isOver && child.kill('SIGKILL')) {
            kills++;
            if (size() > 0) killsInside++;
          }
        }
        const code = await ended;
        isDone = code === 0;
        if (code !== 0 && code !== null) throw new Error(`the batch ended with ${code}: ${said()}`);
      }
      if (readFileSync(results(out), 'utf8') !== expected) differences++;
      await rm(join(scratch, out), { recursive: true });
      batches++;
      note(`${kills} kills, ${batches} batches to their end, ${differences} differences`);
    }
    return { kills, batches, killsInside, differences };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function reached(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await wait(1);
}

/** Requests of different routes and lengths; some are mistakes. */
const requestOf = (i: number): object => ({
  custom_id: `request-${i}`,
  method: 'POST',
  ...(i % 3 === 1
    ? { url: '/unmask/doubts', body: { text: `The ${i}. dog` } }
    : {
        url: '/v1/completions',
        body: { prompt: `The ${i}. dog`, length: i % 17 === 0 ? 0 : 8 + (i % 5), steps: 4 },
      }),
});

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
  });
  const report = await killBatches({
    kills: Number(values.kills),
    seed: Number(values.seed),
    note: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.differences === 0 ? 0 : 1;
}
