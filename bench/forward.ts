/**
 * `npm run bench:forward`: how long opening made-up models takes, the first time and from then on, how long their forwards
 * do, and in how much memory, beside what they may. The weights are random. Their files are written where --directory says
 * and taken away at the end: 0.5 GB for the shape of 134 million parameters in float32, 5.3 GB for that of LLaDA-8B in 4 bits,
 * 9.6 for LLaDA2.0-mini, 15 for DiffusionGemma.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { Opened } from './forward.bench.ts';
import { writeMadeUp } from './made-up.ts';
import { madeUp, type MadeUpName } from './made-up-models.ts';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '134m' },
    directory: { type: 'string', default: tmpdir() },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

/** What is measured of a shape: tokens, rows that get logits, cached tokens before them; and what it may take. */
interface Plan {
  readonly cases: string;
  /** Seconds to open, the first time and from then on; bytes resident; seconds of the cases. */
  readonly limits?: {
    readonly open: readonly [first: number, afterwards: number];
    readonly bytes: number;
    readonly seconds: readonly (number | undefined)[];
  };
}

const plans: Partial<Record<MadeUpName, Plan>> = {
  '134m': { cases: '256:32,256:256' },
  '134m-long': { cases: '1:1+128,32:32+128,1:1+8192,32:32+8192,1:1+32768,32:32+32768' },
  '8b': { cases: '32:32,128:128', limits: { open: [15, 15], bytes: 6e9, seconds: [3.6, 13] } },
  'llada-moe': {
    cases: '32:32+256,128:128+256',
    limits: { open: [20, 20], bytes: 5.5e9, seconds: [0.7, undefined] },
  },
  'llada2-mini': {
    cases: '32:32+256,128:128+256',
    limits: { open: [60, 30], bytes: 11e9, seconds: [1.5, 4] },
  },
  'diffusion-gemma': { cases: '32:32+256,256:256+256' },
};

const program = fileURLToPath(new URL('forward.bench.js', import.meta.url));
for (const shape of values.shapes.split(',')) {
  const plan = plans[shape as MadeUpName];
  if (!plan)
    throw new Error(`--shapes: must be some of ${Object.keys(plans).join(', ')}, got ${values.shapes}`);
  const folder = await mkdtemp(join(values.directory, 'unmask-made-up-'));
  const interrupted = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    console.error(`(${shape}) writing it to ${folder}`);
    const model = madeUp[shape as MadeUpName];
    await writeMadeUp(join(folder, 'model'), model);
    const first = await measure(folder, plan, '0');
    const measured = await measure(folder, plan, values.repeats);
    const { format } = model;
    if (values.json)
      console.log(JSON.stringify({ shape, format, firstOpenSeconds: first.openSeconds, ...measured }));
    else print(`(${shape}) ${format}`, plan, first.openSeconds, measured);
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off('SIGINT', interrupted);
  }
}

async function measure(folder: string, { cases }: Plan, repeats: string): Promise<Opened> {
  const args = [program, join(folder, 'model'), '--cases', cases, '--repeats', repeats];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, '--threads', values.threads]);
  return JSON.parse(stdout) as Opened;
}

function print(name: string, { limits }: Plan, firstSeconds: number, opened: Opened): void {
  const { openSeconds, residentBytes, mappedBytes, peakBytes, forwards } = opened;
  const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} s`;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const atMost = (limit: string | undefined) => (limit === undefined ? '' : ` (at most ${limit})`);
  const [first, afterwards] = limits?.open.map(seconds) ?? [];
  console.log(
    `${name}: opens in ${seconds(firstSeconds)}${atMost(first)}, from then on ${seconds(openSeconds)}${atMost(afterwards)}`,
  );
  const resident = `${gigabytes(residentBytes)} resident${atMost(limits && gigabytes(limits.bytes))}`;
  console.log(
    `  ${resident}, ${gigabytes(mappedBytes)} of it pages of its files; ${gigabytes(peakBytes)} at the highest`,
  );
  for (const [i, { tokens, rows, past, ...time }] of forwards.entries()) {
    const limit = limits?.seconds[i];
    const what = `${tokens} tokens${past ? ` beside ${past} cached` : ''}, logits in ${rows}`;
    const most = atMost(limit === undefined ? undefined : seconds(limit));
    console.log(`  ${what}: ${time.seconds.toFixed(3)} s${most}, ${time.minSeconds.toFixed(3)} at least`);
  }
}
