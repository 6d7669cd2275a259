// Kills a random rank of a small training run at random moments, goes on with another number of ranks each time, and compares
// what it ends with, bit for bit, with a run of one process that was left alone.   node dist/test/rank-kills.js --kills 100
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { uniforms } from '../src/base/random.ts';
import { traceOf } from './kills.ts';
import { type Launcher, launchers, rankProcesses, smallRun, someText, startRanks } from './ranks.ts';

/** A batch of four micro-batches may be shared out over these. */
const sizes = [2, 4];

export interface RankKillReport {
  readonly kills: number;
  /** Runs that were killed, resumed and carried to their end. */
  readonly runs: number;
  /** Kills that met a run which had taken a step since it was started. */
  readonly killsAfterStart: number;
  /** From a kill to the end of all processes, at most. */
  readonly slowestEndMs: number;
  /** Differences from the run that was left alone; none is what is promised. */
  readonly differences: readonly string[];
}

/** When a rank is killed, so long after the start or the first step that was told; and which, as a share of them. */
interface Kill {
  readonly from: 'start' | 'training';
  readonly ms: number;
  readonly victim: number;
}

interface Attempt {
  readonly code: number | null;
  readonly err: string;
  readonly killed?: { readonly wasTraining: boolean; readonly endMs: number };
}

/** Runs the job, and kills one of its ranks; returns when all of its processes are gone. */
async function attempt(
  launcher: Launcher,
  ranks: number,
  { flags, out, kill }: { readonly flags: readonly string[]; readonly out: string; readonly kill?: Kill },
): Promise<Attempt> {
  const { child, ended } = startRanks(launcher, ranks, flags);
  let wasTraining = false;
  const trains = new Promise<void>((resolve) =>
    child.stderr!.on('data', (said) => {
      if (!/\d\/\d+ {2}loss/.test(String(said))) return;
      wasTraining = true;
      resolve();
    }),
  );
  if (!kill) return ended;
  if (kill.from === 'training') await Promise.race([trains, ended]);
  await Promise.race([wait(kill.ms), ended]);
  const victims = rankProcesses(out);
  if (victims.length === 0) return ended;
  process.kill(victims[Math.floor(kill.victim * victims.length)], 'SIGKILL');
  const killedMs = performance.now();
  const { code, err } = await ended;
  while (rankProcesses(out).length > 0) {
    if (performance.now() - killedMs > 20_000) throw new Error('a rank outlived its job');
    await wait(20);
  }
  return { code, err, killed: { wasTraining, endMs: performance.now() - killedMs } };
}

/** Runs the experiment. @param steps  of each run */
export async function killRanks({
  kills: wanted,
  seed,
  steps = 60,
  launcher,
  note = () => {},
}: {
  kills: number;
  seed: number;
  steps?: number;
  launcher: Launcher;
  note?: (line: string) => void;
}): Promise<RankKillReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'unmask-rank-kills-'));
  const uniform = uniforms(seed, 'synthetic');
  let drawn = 0;
  const draw = (): number => uniform(drawn++);
  try {
    const text = join(scratch, 'text.txt');
    await writeFile(text, someText());
    const flags = (out: string): string[] => [...smallRun(text, steps), '--out', out];
    const alone = join(scratch, 'alone');
    const left = await startRanks(undefined, 1, flags(alone)).ended;
    if (left.code !== 0) throw new Error(`the run that was left alone ended with ${left.code}: ${left.err}`);
    const expected = await traceOf(alone);

    const differences: string[] = [];
    let [kills, killsAfterStart, runs, slowestEndMs] = [0, 0, 0, 0];
    let trainMs = 1000;
    while (kills < wanted) {
      const out = join(scratch, `run-${runs}`);
      for (let finished = false; !finished;) {
        const ranks = sizes[Math.floor(draw() * sizes.length)];
        // every fifth kill comes at any moment since the start of the program, the others while it trains
        const from = draw() < 0.2 ? 'start' : 'training';
        const kill: Kill | undefined =
          kills < wanted ? { from, ms: draw() * trainMs, victim: draw() } : undefined;
        const { code, err, killed } = await attempt(launcher, ranks, { flags: flags(out), out, kill });
        finished = code === 0;
        if (killed) {
          kills += 1;
          if (killed.wasTraining) killsAfterStart += 1;
          slowestEndMs = Math.max(slowestEndMs, killed.endMs);
        } else if (!finished) throw new Error(`after ${kills} kills, the run ended with ${code}: ${err}`);
        // a run that was quicker than its kill: the next kills come sooner
        else if (kill) trainMs *= 0.8;
      }
      const found = await traceOf(out);
      for (const name of new Set([...Object.keys(expected), ...Object.keys(found)]))
        if (found[name] !== expected[name]) differences.push(`run ${runs}, ${name}`);
      await rm(out, { recursive: true });
      runs += 1;
      note(`${kills} kills, ${runs} runs to their end, ${differences.length} differences`);
    }
    return { kills, runs, killsAfterStart, slowestEndMs: Math.round(slowestEndMs), differences };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      launcher: { type: 'string', default: launchers[0].name },
    },
  });
  const launcher = launchers.find(({ name }) => name === values.launcher);
  if (!launcher)
    throw new Error(`--launcher: must be one of ${launchers.map(({ name }) => name).join(', ')}`);
  const report = await killRanks({
    kills: Number(values.kills),
    seed: Number(values.seed),
    launcher,
    note: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.differences.length === 0 ? 0 : 1;
}
