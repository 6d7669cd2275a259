// The thread of a command, see work-thread.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { FileError } from '../base/errors.ts';
import { packageVersion } from '../base/package-root.ts';
import type { Io, Output } from './command.ts';
import { commands } from './command-table.ts';
import { runProgram } from './program.ts';
import type { FromWork, ToWork, ReportedWork } from './work-messages.ts';

const { args, ...began } = workerData as ReportedWork;
const port = parentPort!;
const post = (message: FromWork): void => port.postMessage(message);

const interrupt = new AbortController();
const shapes = { stdout: began.stdout, stderr: began.stderr };
const parts: Extract<ToWork, { kind: 'stdin' }>[] = [];
let wake = (): void => {};

port.on('message', (message: ToWork) => {
  if (message.kind === 'stop') interrupt.abort(new DOMException(message.reason, 'AbortError'));
  else if (message.kind === 'shape') Object.assign(shapes, message);
  else {
    parts.push(message);
    wake();
  }
});
interrupt.signal.addEventListener('abort', () => wake());

const output = (to: 'stdout' | 'stderr'): Output => ({
  write: (text) => post({ kind: 'write', to, text }),
  get isTTY() {
    return shapes[to].isTTY;
  },
  get columns() {
    return shapes[to].columns;
  },
  get rows() {
    return shapes[to].rows;
  },
});

async function* stdin(): AsyncGenerator<Uint8Array> {
  for (;;) {
    post({ kind: 'read' });
    while (parts.length === 0 && !interrupt.signal.aborted)
      await new Promise<void>((resolve) => (wake = resolve));
    const { chunk, problem } = parts.shift() ?? {};
    if (problem !== undefined) throw new FileError('stdin', 'what can be read', problem);
    if (!chunk) return; // the end, or nobody waits for it any more
    yield chunk;
  }
}

const io: Io = {
  stdin: Object.assign(stdin(), began.stdin),
  stdout: output('stdout'),
  stderr: output('stderr'),
  env: process.env,
  signal: interrupt.signal,
  hold: () => post({ kind: 'hold' }),
};
post({ kind: 'done', code: await runProgram(args, io, commands, packageVersion()) });
port.unref();
