#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { showCursor } from './terminal/live.ts';
import { type CommandTable, runProgram } from './program.ts';

/** The whole command line. */
const commands: CommandTable = {
  generate: () => import('./commands/generate.ts'),
  chat: () => import('./commands/chat.ts'),
  infill: () => import('./commands/infill.ts'),
  edit: () => import('./commands/edit.ts'),
  score: () => import('./commands/score.ts'),
  judge: () => import('./commands/judge.ts'),
  train: () => import('./commands/train.ts'),
  finetune: () => import('./commands/finetune.ts'),
  distill: () => import('./commands/distill.ts'),
  merge: () => import('./commands/merge.ts'),
  pull: () => import('./commands/pull.ts'),
  serve: () => import('./commands/serve.ts'),
  studio: () => import('./commands/studio.ts'),
  inspect: () => import('./commands/inspect.ts'),
  quantize: () => import('./commands/quantize.ts'),
  bench: () => import('./commands/bench.ts'),
};

const interrupt = new AbortController();
let stoppedBy = 0;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
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

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const { stdin, stdout, stderr, env } = process;
const io = { stdin, stdout, stderr, env, signal: interrupt.signal };
const code = await runProgram(process.argv.slice(2), io, commands, version);
process.exitCode = code === 130 ? (unread ? 0 : stoppedBy || 130) : code;
