/**
 * `npm run bench:batch`: tokens a second of `unmask batch`, one request after another and several at once, in turns; the results
 * have to be the same.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shippedModel } from '../src/model-files/locate.ts';
import { median } from './measure.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '1,16' },
  },
});
const program = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const prompts = ['Once upon a time', 'The dog was', 'Lily had a', 'Tom and', 'In the park'];
const requestOf = (i: number): object => ({
  custom_id: `request-${i}`,
  method: 'POST',
  url: '/v1/completions',
  body: {
    prompt: prompts[i % prompts.length],
    length: 64,
    steps: 32,
    temperature: 0.7,
    stopEarly: false,
    revise: 0,
  },
});

const scratch = await mkdtemp(join(tmpdir(), 'unmask-bench-batch-'));
try {
  const input = join(scratch, 'requests.jsonl');
  const count = Number(values.requests);
  await writeFile(
    input,
    Array.from({ length: count }, (_, i) => `${JSON.stringify(requestOf(i))}\n`).join(''),
  );
  const measured = new Map(values.concurrency.split(',').map((concurrency) => [concurrency, [] as number[]]));
  const found = new Set<string>();
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [concurrency, speeds] of measured) {
      const out = join(scratch, 'out');
      speeds.push(await answer(input, out, concurrency));
      found.add(await readFile(join(out, 'results.jsonl'), 'utf8'));
      await rm(out, { recursive: true });
      console.error(`${concurrency} at once: ${speeds.at(-1)} tokens/s`);
    }
  if (found.size > 1) throw new Error('the results differ');
  const [first] = [...measured.values()].map(median);
  for (const [concurrency, speeds] of measured)
    console.log(
      `${concurrency.padStart(2)} at once: ${median(speeds).toFixed(0)} tokens/s, ${(median(speeds) / first).toFixed(2)} times the first`,
    );
} finally {
  await rm(scratch, { recursive: true });
}

/** Tokens a second, as the program tells them; loading the model doesn't count. */
async function answer(input: string, out: string, concurrency: string): Promise<number> {
  const args = [program, 'batch', input, '--out', out, '--model', shippedModel, '--concurrency', concurrency];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece) => (said += piece));
  const [code] = await once(child, 'close');
  const speed = /([\d,]+) tokens\/s\n?$/.exec(said)?.[1];
  if (code !== 0 || speed === undefined) throw new Error(said);
  return Number(speed.replaceAll(',', ''));
}
