#!/usr/bin/env node
import { packageVersion } from '../base/package-root.ts';
import { isRank } from '../ranks/mpi.ts';
import { showCursor } from './terminal/live.ts';
import { commands } from './command-table.ts';
import type { Output } from './command.ts';
import { runProgram } from './program.ts';
import { shapeOf } from './work-messages.ts';
import { runOnThread } from './work-thread.ts';

// Slurm sends SIGTERM to a job's processes and, as a job with a higher priority takes its nodes, once more through srun; what
// doesn't end it kills
const mayRepeat = isRank(process.env) || process.env['SLURM_JOB_ID'] !== undefined;
const interrupt = new AbortController();
let stoppedBy = 0;
let died: NodeJS.Signals = 'SIGTERM';
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  // batch systems warn a job with it before its time is up: `sbatch --signal=USR1@60`
  ...(process.platform === 'win32' ? [] : ([['SIGUSR1', 138]] as const)),
] as const) {
  process.once(signal, () => {
    stoppedBy = code;
    died = signal;
    interrupt.abort(new DOMException('interrupted', 'AbortError'));
    if (signal === 'SIGTERM' && mayRepeat) process.on(signal, () => {});
    else process.once(signal, die);
  });
}

/** Ends the program as the signal does where nobody listens: at once, whatever its threads are doing. */
function die(): void {
  if (process.stdout.isTTY) process.stdout.write(showCursor);
  process.emit('exit', stoppedBy); // what was started here ends with it
  process.removeAllListeners(died);
  process.kill(process.pid, died);
}

// `unmask generate | head` closes the pipe early: nobody reads any more, and that is no failure
let unread = false;
let unwritten = false;
process.stderr.on('error', () => {}); // progress that can't be shown is no reason to end
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (unread || unwritten) return;
  unread = code === 'EPIPE';
  unwritten = !unread;
  if (unwritten) {
    process.exitCode = 2;
    process.stderr.write(`unmask: what is printed cannot be written: ${message}\n`);
  }
  interrupt.abort(new DOMException('nobody reads the output', 'AbortError'));
});

/** Commands that listen themselves: to keys, or to requests, with their networks on another thread. */
const listening = ['chat', 'serve', 'studio'];

try {
  process.cwd();
} catch {
  process.stderr.write('unmask: the directory that this was called in is gone; go to another\n');
  process.exit(2);
}
const args = process.argv.slice(2);
const { stdin, env } = process;
const outputTo = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => stream.write(text),
  get isTTY() {
    return stream.isTTY;
  },
  get columns() {
    return shapeOf(stream).columns;
  },
  get rows() {
    return shapeOf(stream).rows;
  },
});
const [stdout, stderr] = [outputTo(process.stdout), outputTo(process.stderr)];
const { signal } = interrupt;
// what MPI started is ended by MPI, and speaks to it on the thread that it began with
const isHere = !Object.hasOwn(commands, args[0] ?? '') || listening.includes(args[0]) || isRank(env);
const code = isHere
  ? await runProgram(args, { stdin, stdout, stderr, env, signal }, commands, packageVersion())
  : await runOnThread(args, { streams: process, signal, die });
if (!unwritten) process.exitCode = code === 130 ? (unread ? 0 : stoppedBy || 130) : code;
// a thread that is deep in one forward is not waited for
if (signal.aborted) setTimeout(die, 2000).unref();
