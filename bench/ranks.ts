/**
 * `npm run bench:ranks`: how much faster several ranks train than one, each on one thread, and what the exchange of gradients
 * takes. The numbers of ranks take turns, each time in fresh processes, so that what else the machine does falls on all.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchers, someText, startRanks } from '../test/ranks.ts';
import { median } from './measure.ts';
import { type Shape, shapes } from './shapes.ts';

const { values } = parseArgs({
  options: {
    ranks: { type: 'string', default: '1,2,4' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '3' },
    shape: { type: 'string', default: 'a' },
    launcher: { type: 'string', default: launchers[0].name },
  },
});
const launcher = launchers.find(({ name }) => name === values.launcher)!;
const { layers, width, heads, hidden, length, batch }: Shape = shapes[values.shape as keyof typeof shapes];
const sizes = values.ranks.split(',').map(Number);
const accumulate = Math.max(...sizes);

const scratch = await mkdtemp(join(tmpdir(), 'unmask-bench-ranks-'));
try {
  const text = join(scratch, 'text.txt');
  await writeFile(text, someText(60_000));
  const measured = new Map(sizes.map((size) => [size, [] as Speed[]]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const size of sizes) {
      const speed = await train(size, text);
      measured.get(size)!.push(speed);
      console.error(JSON.stringify({ ranks: size, round, ...speed }));
    }
  const alone = median(measured.get(sizes[0])!.map(({ tokensPerSecond }) => tokensPerSecond));
  console.log('ranks  tokens/s  over one  exchange  waiting');
  for (const [size, speeds] of measured) {
    const of = (key: keyof Speed): number => median(speeds.map((speed) => speed[key]));
    const cells = [
      of('tokensPerSecond').toFixed(0).padStart(8),
      (of('tokensPerSecond') / alone).toFixed(2).padStart(8),
      `${of('exchangePercent').toFixed(1)} %`.padStart(8),
      `${of('waitingPercent').toFixed(1)} %`.padStart(7),
    ];
    console.log([String(size).padStart(5), ...cells].join('  '));
  }
} finally {
  await rm(scratch, { recursive: true });
}

interface Speed {
  readonly tokensPerSecond: number;
  readonly exchangePercent: number;
  readonly waitingPercent: number;
}

/** Trains for a few updates; the first, in which sessions are made, doesn't count. */
async function train(ranks: number, text: string): Promise<Speed> {
  const out = join(scratch, 'run');
  const shape = { layers, width, heads, hidden, length, batch, accumulate };
  const flags = Object.entries({ ...shape, steps: 1 + Number(values.steps), threads: 1, warmup: 1 });
  const { code, err } = await startRanks(ranks > 1 ? launcher : undefined, ranks, [
    'train',
    text,
    ...'--tokenizer characters --packing stream --validation-every 1000 --validation-windows 1'.split(' '),
    ...flags.flatMap(([name, value]) => [`--${name}`, String(value)]),
    '--out',
    out,
  ]).ended;
  if (code !== 0) throw new Error(err);
  const rows = (await readFile(join(out, 'metrics.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"kind":"step"'))
    .map((line) => JSON.parse(line) as { tokens: number; seconds: number });
  await rm(out, { recursive: true });
  const [first, last] = [rows[0], rows.at(-1)!];
  const [, exchange = '0', waiting = '0'] =
    /([\d.]+) % exchange, ([\d.]+) % waiting(?!.*% exchange)/s.exec(err) ?? [];
  return {
    tokensPerSecond: (last.tokens - first.tokens) / (last.seconds - first.seconds),
    exchangePercent: Number(exchange),
    waitingPercent: Number(waiting),
  };
}
