#!/usr/bin/env node
import { packageVersion } from '../base/package-root.ts';
import { showCursor } from './terminal/live.ts';
import { commands } from './command-table.ts';
import { runProgram } from './program.ts';

const interrupt = new AbortController();
let stoppedBy = 0;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  // batch systems warn a job with it before its time is up: `sbatch --signal=USR1@60`
  ...(process.platform === 'win32' ? [] : ([['SIGUSR1', 138]] as const)),
] as const) {
  process.once(signal, () => {
    stoppedBy = code;
    interrupt.abort(new DOMException('interrupted', 'AbortError'));
    // a second one ends the program at once, whatever it is doing
    process.once(signal, () => {
      if (process.stdout.isTTY) process.stdout.write(showCursor);
      process.exit(code);
    });
  });
}

// `unmask generate | head` closes the pipe early: nobody reads any more, and that is no failure
let unread = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    unread = stream === process.stdout;
    if (unread) interrupt.abort(new DOMException('nobody reads the output', 'AbortError'));
  });
}

const { stdin, stdout, stderr, env } = process;
const io = { stdin, stdout, stderr, env, signal: interrupt.signal };
const code = await runProgram(process.argv.slice(2), io, commands, packageVersion());
process.exitCode = code === 130 ? (unread ? 0 : stoppedBy || 130) : code;
