/**
 * `npm run bench:forward`: how long forwards of made-up models take, how long opening them does, and in how much memory.
 * The weights are random. Their files are written where --directory says and taken away at the end: 0.5 GB for the shape
 * of 134 million parameters in float32, 5.3 GB for that of LLaDA-8B in 4 bits.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { madeUp, writeMadeUp } from './made-up.ts';

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: '134m' },
    directory: { type: 'string', default: tmpdir() },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

/** What forward.bench.ts prints. */
interface Measured {
  readonly openSeconds: number;
  readonly peakMemoryBytes: number;
  readonly forwards: readonly { tokens: number; rows: number; seconds: number; minSeconds: number }[];
}

/** What is measured of a shape: tokens, and rows that get logits. */
const plans = {
  '134m': { format: 'f32', cases: '256:32,256:256' },
  '8b': { format: 'int4', cases: '32:32,128:128' },
} as const;

const program = fileURLToPath(new URL('forward.bench.js', import.meta.url));
for (const shape of values.shapes.split(',')) {
  if (!(shape in plans))
    throw new Error(`--shapes: must be some of ${Object.keys(plans).join(', ')}, got ${values.shapes}`);
  const { format, cases } = plans[shape as keyof typeof plans];
  const folder = await mkdtemp(join(values.directory, 'unmask-made-up-'));
  const interrupted = () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    console.error(`(${shape}) writing it to ${folder}`);
    await writeMadeUp(join(folder, 'model'), madeUp[shape as keyof typeof madeUp], format);
    const { repeats, threads } = values;
    const options = ['--cases', cases, '--repeats', repeats, '--threads', threads];
    const args = [program, join(folder, 'model'), ...options];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const measured = JSON.parse(stdout) as Measured;
    if (values.json) console.log(JSON.stringify({ shape, format, ...measured }));
    else print(shape, format, measured);
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off('SIGINT', interrupted);
  }
}

function print(shape: string, format: string, { openSeconds, peakMemoryBytes, forwards }: Measured): void {
  const memory = `${(peakMemoryBytes / 1e9).toFixed(2)} GB at most`;
  console.log(`(${shape}) ${format}: opens in ${openSeconds.toFixed(1)} s, ${memory}`);
  for (const { tokens, rows, seconds, minSeconds } of forwards) {
    const time = `${seconds.toFixed(3)} s (${minSeconds.toFixed(3)} at least)`;
    console.log(`  ${tokens} tokens, logits in ${rows}: ${time}`);
  }
}
