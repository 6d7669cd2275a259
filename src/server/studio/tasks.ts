import type { Readable } from 'node:stream';
import { HttpError } from '../http/http-error.ts';

/** A program of ours that runs beside the server. */
export interface TaskProgram {
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(signal: NodeJS.Signals): unknown;
  once(event: 'close', listener: (code: number | null) => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
}

/** Starts `unmask` with these arguments, so that SIGINT reaches it from here alone. */
export type StartProgram = (args: readonly string[]) => TaskProgram;

/** What runs beside the server. */
export type TaskKind =
  | 'train'
  | 'finetune'
  | 'distill'
  | 'quantize'
  | 'pull'
  | 'judge'
  | 'score'
  | 'evaluate';

/** What is known of a task, as a route tells it. */
export interface TaskReport {
  readonly id: string;
  readonly kind: TaskKind;
  /** The run or model that it is about. */
  readonly subject: string;
  readonly state: 'running' | 'stopping' | 'done' | 'stopped' | 'failed';
  readonly began: string;
  readonly ended?: string;
  /** The latest of what it said for people. */
  readonly lines: readonly string[];
  /** What it printed as its result, where that was JSON. */
  readonly result?: unknown;
}

interface Task {
  report: TaskReport;
  readonly program: TaskProgram;
  readonly over: Promise<void>;
}

const maxLines = 100;
const lineLength = 1000;
const resultLength = 2 ** 20;
/** Tasks that run at the same time; and those that are remembered when they are over. */
const maxRunning = 8;
/** A program that was told to end does so in a few seconds, or in a minute where it saves; then it is killed. */
const usualGraceMs = 65_000;
const maxEnded = 50;

/** Programs that do what takes long: a run of training, a download. They tell how far they are in lines on stderr. */
export class Tasks {
  readonly #start: StartProgram;
  readonly #now: () => Date;
  readonly #graceMs: number;
  readonly #tasks = new Map<string, Task>();
  #begun = 0;
  #isClosing = false;

  constructor(start: StartProgram, now: () => Date, graceMs = usualGraceMs) {
    this.#start = start;
    this.#now = now;
    this.#graceMs = graceMs;
  }

  /** The latest first. */
  get reports(): TaskReport[] {
    return Array.from(this.#tasks.values(), ({ report }) => report).toReversed();
  }

  /** The task of one of these kinds that is at work on something. */
  at(subject: string, ...kinds: readonly TaskKind[]): TaskReport | undefined {
    return this.about(subject, ...kinds).find((report) => !isOver(report));
  }

  /** All that is remembered of it, the latest first. */
  about(subject: string, ...kinds: readonly TaskKind[]): TaskReport[] {
    return this.reports.filter((report) => report.subject === subject && kinds.includes(report.kind));
  }

  /** @throws HttpError 429 or 503  when no task may begin, or not so many */
  checkRoom(count = 1): void {
    if (this.#isClosing)
      throw new HttpError(503, 'the server is shutting down', {
        code: 'shutting_down',
        retryAfterSeconds: 5,
      });
    if (this.reports.filter((report) => !isOver(report)).length + count > maxRunning)
      throw new HttpError(429, `${maxRunning} tasks are running; wait for one, or stop it`, {
        code: 'queue_full',
        retryAfterSeconds: 10,
      });
  }

  /** @throws HttpError 429 or 503  as `checkRoom` */
  start(kind: TaskKind, subject: string, args: readonly string[]): TaskReport {
    this.checkRoom();
    const id = String(++this.#begun);
    const program = this.#start([kind, ...args]);
    const report: TaskReport = {
      id,
      kind,
      subject,
      state: 'running',
      began: this.#now().toISOString(),
      lines: [],
    };
    let out = '';
    program.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (out.length < resultLength) out += text;
    });
    let rest = '';
    program.stderr.setEncoding('utf8').on('data', (text: string) => {
      const pieces = (rest + text).split(/[\r\n]+/);
      rest = pieces.pop()!.slice(0, lineLength);
      this.#say(id, pieces);
    });
    const over = new Promise<void>((resolve) => {
      program.once('error', (error) => this.#say(id, [error.message]));
      program.once('close', (code) => {
        this.#say(id, [rest]);
        this.#end(id, code, out);
        resolve();
      });
    });
    this.#tasks.set(id, { report, program, over });
    return report;
  }

  /**
   * Tells a task to save what it has and end; a second time, to end at once. One that is over is left alone.
   *
   * @throws HttpError 404
   */
  stop(id: string): TaskReport {
    const task = this.#tasks.get(id);
    if (!task) throw new HttpError(404, 'there is no such task', { param: 'task' });
    if (!isOver(task.report)) {
      if (task.report.state === 'running') {
        const timer = setTimeout(() => task.program.kill('SIGKILL'), this.#graceMs);
        void task.over.then(() => clearTimeout(timer));
      }
      task.report = { ...task.report, state: 'stopping' };
      task.program.kill('SIGINT');
    }
    return task.report;
  }

  /** What is over, and about what is no longer there. */
  forget(isGone: (report: TaskReport) => boolean): void {
    for (const report of this.reports) if (isOver(report) && isGone(report)) this.#tasks.delete(report.id);
  }

  /** Waits for a task's end; one that is no longer remembered is over. */
  async whenOver(id: string): Promise<void> {
    await this.#tasks.get(id)?.over;
  }

  /** Tells all to save and end, and waits for them. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const { report } of this.#tasks.values()) if (report.state === 'running') this.stop(report.id);
    await Promise.all(Array.from(this.#tasks.values(), ({ over }) => over));
  }

  #say(id: string, lines: readonly string[]): void {
    const task = this.#tasks.get(id);
    const said = lines.filter((line) => line.trim() !== '').map((line) => line.slice(0, lineLength));
    if (!task || said.length === 0) return;
    task.report = { ...task.report, lines: [...task.report.lines, ...said].slice(-maxLines) };
  }

  #end(id: string, code: number | null, out: string): void {
    const task = this.#tasks.get(id)!;
    const wasStopped = task.report.state === 'stopping' || code === 130 || code === 143;
    const state = code === 0 ? 'done' : wasStopped ? 'stopped' : 'failed';
    task.report = { ...task.report, state, ended: this.#now().toISOString(), result: resultIn(out) };
    const ended = Array.from(this.#tasks.values(), ({ report }) => report).filter(isOver);
    for (const old of ended.slice(0, -maxEnded)) this.#tasks.delete(old.id);
  }
}

const isOver = ({ state }: TaskReport): boolean => state !== 'running' && state !== 'stopping';

function resultIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a path for people, or nothing
  }
}
