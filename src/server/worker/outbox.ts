import { type JobProgress, merged, type View } from './protocol.ts';

/** What a step may say and wait for a slow reader, in numbers of positions and candidates. */
const usualRoom = 2 ** 15;

/**
 * What a job has reported, on its way to a reader who takes one report at a time. Text is put together until the reader
 * comes for it. Of the process itself every step is kept: where many wait, the job waits, too.
 */
export class Outbox {
  readonly #view: View;
  readonly #send: (progress: JobProgress) => void;
  readonly #room: number;
  #waiting: JobProgress[] = [];
  #weight = 0;
  #isTaken = true;
  #resume: (() => void) | undefined;

  constructor(view: View, send: (progress: JobProgress) => void, room = usualRoom) {
    this.#view = view;
    this.#send = send;
    this.#room = room;
  }

  /** Resolves when the job may go on. */
  put(progress: JobProgress): Promise<void> | undefined {
    if (this.#view === 'nothing' || isEmpty(progress)) return undefined;
    const last = this.#view === 'frames' ? undefined : this.#waiting.pop();
    this.#waiting.push(last ? merged(last, progress) : progress);
    this.#weight += weightOf(progress);
    this.#flush();
    if (this.#view !== 'frames' || this.#weight <= this.#room) return undefined;
    return new Promise((resume) => (this.#resume = resume));
  }

  /** The reader has taken what it was sent. */
  taken(): void {
    this.#isTaken = true;
    this.#flush();
  }

  /** All that waits, the job being over: it is sent, but for the last report, which belongs to the result. */
  end(): JobProgress {
    const last = this.#waiting.pop();
    for (const progress of this.#waiting.splice(0)) this.#send(progress);
    return last ?? { text: '', tokens: [] };
  }

  /** Nobody reads any more. */
  leave(): void {
    this.#resume?.();
  }

  #flush(): void {
    if (!this.#isTaken) return;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#isTaken = false;
    this.#weight -= weightOf(next);
    this.#send(next);
    if (this.#weight <= this.#room) this.#resume?.();
  }
}

const weightOf = ({ frame }: JobProgress): number =>
  frame
    ? 1 + frame.changes.length + (frame.candidates ?? []).reduce((sum, { tokens }) => sum + tokens.length, 0)
    : 0;

const isEmpty = ({ text, tokens, frame, snapshot }: JobProgress): boolean =>
  text === '' && tokens.length === 0 && !frame && !snapshot;
