// Kills a small training run at random moments, resumes it each time, and compares what it ends with, bit for bit, with a run
// that was left alone.   node dist/test/kills.js --kills 200 --seed 1
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { uniforms } from '../src/base/random.ts';
import { withoutSeconds } from './run-io.ts';

const program = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

const options =
  '--batch 4 --accumulate 2 --ema 0.9 --warmup 5 --threads 1 --validation-every 7 --validation-windows 4 --sample-every 15 ' +
  '--checkpoint-every 3 --seed 5';
const ofText =
  '--tokenizer characters --packing stream --layers 1 --width 16 --heads 2 --hidden 24 --length 16 --random-length-share 0.2';

export interface KillReport {
  readonly kills: number;
  /** Runs that were killed, resumed and carried to their end. */
  readonly runs: number;
  /** Kills that met a run which had taken a step since it was started. */
  readonly killsAfterStart: number;
  /** Differences from the run that was left alone; none is what is promised. */
  readonly differences: readonly string[];
}

/** What runs may learn: each looks up random numbers of its own. */
export const objectives = {
  holes: `train TEXT ${ofText} --objective masked-diffusion --variable-length 0.5 --surplus 3`,
  blocks: `train TEXT ${ofText} --objective block-diffusion --block 8 --block-warmup 25`,
  answers: 'finetune BASE TALK --length 48 --complementary',
} as const;

/** Runs the experiment. @param steps  of each run */
export async function killTraining({
  kills: wanted,
  seed,
  objective,
  steps = 60,
  note = () => {},
}: {
  kills: number;
  seed: number;
  objective: keyof typeof objectives;
  steps?: number;
  note?: (line: string) => void;
}): Promise<KillReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'unmask-kills-'));
  const uniform = uniforms(seed, 'synthetic');
  try {
    const [text, talk, base] = ['text.txt', 'talk.jsonl', 'base'].map((name) => join(scratch, name));
    await writeFile(text, verses(400));
    await writeFile(talk, conversations(60));
    const run = (line: string, out: string, kill?: Kill): Promise<Ending> => {
      const named = line.replace('TEXT', text).replace('BASE', base).replace('TALK', talk);
      return start(`${named} --out ${out} ${options}`.split(' '), kill);
    };
    if (objective === 'answers') await run(`train TEXT ${ofText} --steps 5`, base);
    const train = (out: string, kill?: Kill): Promise<Ending> =>
      run(`${objectives[objective]} --steps ${steps}`, out, kill);

    const alone = join(scratch, 'alone');
    const ending = await train(alone);
    if (ending.code !== 0)
      throw new Error(`the run that was left alone ended with ${ending.code}: ${ending.stderr}`);
    const expected = await traceOf(alone);
    let { startMs, trainMs } = ending;
    note(
      `a run of ${steps} steps starts in ${Math.round(startMs)} ms and trains for ${Math.round(trainMs)} ms`,
    );
    /** Every fifth kill comes at any moment since the start of the program, the others while it trains. */
    const nextKill = (n: number): Kill =>
      n % 5 === 0
        ? { from: 'start', ms: uniform(n) * (startMs + trainMs) }
        : { from: 'training', ms: uniform(n) * trainMs };

    const differences: string[] = [];
    let kills = 0;
    let killsAfterStart = 0;
    let runs = 0;
    let starts = 0;
    while (kills < wanted) {
      const out = join(scratch, `run-${runs}`);
      const before = kills;
      for (let finished = false; !finished;) {
        const ended = await train(out, kills < wanted ? nextKill(starts++) : undefined);
        const { code, signal, stderr } = ended;
        finished = code === 0;
        // a whole run that was quicker than its kill, on a machine that has more to give by now: the next kills come sooner
        if (finished && kills === before)
          [startMs, trainMs] = [Math.min(startMs, ended.startMs), Math.min(trainMs, ended.trainMs)];
        if (signal === 'SIGKILL') {
          kills += 1;
          if (isTraining.test(stderr)) killsAfterStart += 1;
        } else if (!finished) {
          throw new Error(`after ${kills} kills, the run ended with ${code}: ${stderr}`);
        }
      }
      const found = await traceOf(out);
      for (const name of new Set([...Object.keys(expected), ...Object.keys(found)]))
        if (found[name] !== expected[name]) differences.push(`run ${runs}, ${name}`);
      await rm(out, { recursive: true });
      runs += 1;
      note(`${kills} kills, ${runs} runs to their end, ${differences.length} differences`);
    }
    return { kills, runs, killsAfterStart, differences };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** Until the first step was told, and from there to the end. */
  readonly startMs: number;
  readonly trainMs: number;
}

/** When a run is killed: so long after it was started, or after its first step was told. */
interface Kill {
  readonly from: 'start' | 'training';
  readonly ms: number;
}

/** What the first step is told by. */
const isTraining = /\d\/\d+ {2}loss/;

/** Runs the program, and kills it. */
function start(args: readonly string[], kill?: Kill): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const began = performance.now();
    let training: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const arm = (from: Kill['from']): void => {
      if (kill?.from === from) timer = setTimeout(() => child.kill('SIGKILL'), kill.ms);
    };
    arm('start');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      stderr += piece;
      if (training !== undefined || !isTraining.test(stderr)) return;
      training = performance.now();
      arm('training');
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const ended = performance.now();
      resolve({
        code,
        signal,
        stderr,
        startMs: (training ?? ended) - began,
        trainMs: ended - (training ?? ended),
      });
    });
  });
}

/** All that a run must end with, whatever happened to it: SHA-256 by file. */
export async function traceOf(run: string): Promise<Record<string, string>> {
  const newest = (await readdir(join(run, 'checkpoints')))
    .filter((name) => name.startsWith('step-'))
    .sort()
    .at(-1)!;
  const files = [
    `checkpoints/${newest}/model.safetensors`,
    `checkpoints/${newest}/optimizer.safetensors`,
    'metrics.jsonl',
    'options.json',
    'tokenizer/tokenizer.json',
    ...(await readdir(join(run, 'model')))
      .filter((name) => name.endsWith('.safetensors'))
      .map((name) => `model/${name}`),
    'curve.svg',
  ];
  const hashes = files.map(async (name) => {
    const content = await readFile(join(run, name));
    // of all that a run writes there, the seconds alone are the clock's
    const compared = name === 'metrics.jsonl' ? withoutSeconds(content.toString()) : content;
    return [name, createHash('sha256').update(compared).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/** A made-up text with something to learn in it. */
export function verses(lines: number): string {
  const words = [
    'the sun',
    'a bird',
    'the old tree',
    'rain',
    'sings',
    'falls',
    'waits',
    'in the morning',
    'for you',
  ];
  const uniform = uniforms(0, 'synthetic', 1);
  const word = (i: number) => words[Math.floor(uniform(i) * words.length)];
  return Array.from(
    { length: lines },
    (_, i) => `${word(3 * i)} ${word(3 * i + 1)} ${word(3 * i + 2)}.\n`,
  ).join('');
}

/** Conversations in its words. */
export function conversations(count: number): string {
  const lines = verses(2 * count).split('\n');
  const turns = (i: number) => [lines[2 * i], lines[2 * i + 1], lines[2 * i], lines[2 * i + 1]];
  return Array.from({ length: count }, (_, i) => `${JSON.stringify({ turns: turns(i) })}\n`).join('');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      objective: { type: 'string', default: 'holes' },
    },
  });
  const report = await killTraining({
    kills: Number(values.kills),
    seed: Number(values.seed),
    objective: values.objective as keyof typeof objectives,
    note: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.differences.length === 0 ? 0 : 1;
}
