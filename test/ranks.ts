import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { conversations, verses } from './kills.ts';
import { repositoryRoot } from './reference.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** A launcher of ranks, and how Debian calls it: both may be installed. */
export interface Launcher {
  readonly name: string;
  readonly program: string;
  readonly package: string;
  readonly flags: readonly string[];
}

export const launchers: readonly Launcher[] = [
  {
    name: 'Open MPI',
    program: '/usr/bin/mpirun.openmpi',
    package: 'openmpi-bin',
    flags: ['--allow-run-as-root', '--oversubscribe', '--mca', 'mpi_yield_when_idle', '1'],
  },
  { name: 'MPICH', program: '/usr/bin/mpirun.mpich', package: 'mpich', flags: [] },
];

/** The same as they work between hosts, which have no memory in common. */
export const overNetwork: readonly Launcher[] = [
  { ...launchers[0], name: 'Open MPI over TCP', flags: [...launchers[0].flags, '--mca', 'btl', 'tcp,self'] },
  { ...launchers[1], name: 'MPICH over its network', flags: ['-env', 'MPIR_CVAR_NOLOCAL', '1'] },
];

/** For a test that needs a launcher: skipped, with how to get it, where it isn't there. */
export const withLauncher = ({ program, package: name }: Launcher) => ({
  skip: existsSync(program) ? false : `${program} isn't there: apt-get install ${name}`,
});

/** Text for a small run. */
export const someText = (sizeBytes = 20_000): string =>
  gunzipSync(readFileSync(join(repositoryRoot, 'recipes/tinyshakespeare.txt.gz')))
    .subarray(0, sizeBytes)
    .toString();

/** A base model, conversations and pairs of answers, for fine-tuning. */
export async function finetuningFiles(
  folder: string,
): Promise<{ base: string; talk: string; pairs: string }> {
  const [base, text, talk, pairs] = ['base', 'base.txt', 'talk.jsonl', 'pairs.jsonl'].map((name) =>
    join(folder, name),
  );
  await writeFile(text, verses(400));
  await writeFile(talk, conversations(60));
  const lines = verses(120).split('\n');
  const pair = (i: number) => ({ prompt: lines[i], chosen: lines[i + 40], rejected: lines[i + 80] });
  await writeFile(pairs, Array.from({ length: 40 }, (_, i) => `${JSON.stringify(pair(i))}\n`).join(''));
  const { code, err } = await startRanks(undefined, 1, [
    ...smallRun(text, 5),
    '--length',
    '48',
    '--out',
    base,
  ]).ended;
  if (code !== 0) throw new Error(err);
  return { base, talk, pairs };
}

/** The flags of a small run of so many updates. @param accumulate  micro-batches of each; 32 of them take some 30 ms; a power of two */
export const smallRun = (text: string, steps: number, accumulate = 4): string[] => [
  'train',
  text,
  ...'--tokenizer characters --packing stream --seed 3 --threads 1 --validation-windows 16'.split(' '),
  ...'--layers 1 --width 32 --heads 2 --hidden 64 --length 32 --batch 4'.split(' '),
  `--accumulate=${accumulate}`,
  ...`--steps ${steps} --warmup 2 --checkpoint-every 5 --validation-every 10 --sample-every 10`.split(' '),
];

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `unmask` with some arguments on several ranks; on one without a launcher. */
export function startRanks(
  launcher: Launcher | undefined,
  ranks: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const command = [process.execPath, main, ...args];
  return startCommand(
    launcher ? [launcher.program, ...launcher.flags, '-n', String(ranks), ...command] : command,
    env,
  );
}

/** The same where each rank has arguments, and a directory, of its own. */
export function startUnlike(
  { program, flags }: Launcher,
  ranks: readonly { readonly args: readonly string[]; readonly directory: string }[],
): Started {
  const commands = ranks.map(({ args, directory }) => [
    '-n',
    '1',
    '-wdir',
    directory,
    process.execPath,
    main,
    ...args,
  ]);
  return startCommand([
    program,
    ...flags,
    ...commands.flatMap((command, i) => (i === 0 ? command : [':', ...command])),
  ]);
}

/** Starts a program. */
export function startCommand([program, ...given]: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(program, given, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

/** The processes of the ranks of a launcher's job, whose run is in a directory. */
export function rankProcesses(out: string): number[] {
  return readdirProc().filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[1] === main && words.includes(out);
    } catch {
      return false; // it has ended
    }
  });
}

const readdirProc = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));

/** The steps that a run has written down. */
export const stepsOf = (out: string): number => {
  const path = join(out, 'metrics.jsonl');
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/"kind":"step"/g) ?? []).length : 0;
};

/** Waits until something is so. @param said  what is known where it never is */
export async function untilTrue(
  isTrue: () => boolean,
  said: () => string = () => '',
  seconds = 60,
): Promise<void> {
  for (let i = 0; !isTrue(); i++) {
    if (i > 20 * seconds) throw new Error(`it takes more than ${seconds} s: ${said()}`);
    await wait(50);
  }
}

/** What a run came to: its weights, and its metrics without the seconds, which no two runs share. */
export function outcomeOfRun(out: string): { weights: Buffer; metrics: string } {
  const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8').replace(
    /"seconds":[\d.]+/g,
    '"seconds":0',
  );
  return { weights: readFileSync(join(out, 'model', 'model.safetensors')), metrics };
}
