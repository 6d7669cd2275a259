import { bytesText } from '../../base/format-bytes.ts';
import type { PullProgress } from '../../hub/pull.ts';
import { duration } from '../../base/format-duration.ts';
import type { Output } from '../command.ts';
import { StatusLine } from './status-line.ts';

const liveMs = 100;
const plainMs = 10_000;
/** The rate is that of the last so many milliseconds. */
const recentMs = 10_000;

/** The progress of a download: one live line on a terminal, plain lines now and then elsewhere. */
export class TransferView {
  readonly #output: Output;
  readonly #clock: () => number;
  readonly #status: StatusLine;
  readonly #marks: { readonly ms: number; readonly bytes: number }[] = [];

  /**
   * @param clock   milliseconds that never go back
   * @param lineMs  from one line to the next, where it is no terminal
   */
  constructor(output: Output, clock: () => number, lineMs = plainMs) {
    this.#output = output;
    this.#clock = clock;
    this.#status = new StatusLine(output, clock, { liveMs, plainMs: lineMs });
  }

  show(progress: PullProgress): void {
    const isLast = progress.doneBytes === progress.totalBytes;
    if (!isLast && !this.#status.isDue) return;
    // what was there before is no news
    if (isLast && progress.receivedBytes === 0) return;
    const ms = this.#clock();
    this.#marks.push({ ms, bytes: progress.receivedBytes });
    while (this.#marks.length > 2 && ms - this.#marks[1].ms >= recentMs) this.#marks.shift();
    this.#status.show(this.#line(progress));
  }

  /** A line that stays. */
  note(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  /** Leaves the live line as it is. */
  end(): void {
    this.#status.end();
  }

  #line({ doneBytes, totalBytes }: PullProgress): string {
    const [first, last] = [this.#marks[0], this.#marks[this.#marks.length - 1]];
    const rate = last.ms > first.ms ? (last.bytes - first.bytes) / (last.ms - first.ms) : 0; // bytes a millisecond
    const left = totalBytes - doneBytes;
    const parts = [
      `${Math.floor((100 * doneBytes) / Math.max(1, totalBytes))} %`,
      `${bytesText(doneBytes)} of ${bytesText(totalBytes)}`,
      rate > 0 ? `${bytesText(1000 * rate)}/s` : '',
      rate > 0 && left > 0 ? `${duration(left / rate)} left` : '',
    ];
    return parts.filter(Boolean).join('  ');
  }
}
