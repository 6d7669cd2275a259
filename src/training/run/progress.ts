import { grouped } from '../../base/format-count.ts';
import type { StepReport } from '../loop.ts';

/** Where progress is written: a terminal gets one live line, anything else plain lines now and then. */
export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const liveMs = 100;
const plainMs = 10_000;
/** Speed is that of the last so many updates: long enough to be calm, short enough to notice a busy machine. */
const recent = 50;

/** The progress of a run: steps, smoothed loss, latest bound, tokens a second, time left, rate. */
export class TrainingProgress {
  readonly #output: ProgressOutput;
  readonly #clock: () => number;
  readonly #steps: number;
  readonly #marks: { step: number; ms: number; tokens: number }[] = [];
  #tokens = 0;
  #shownMs = -Infinity;
  #live = false;
  #smooth = 0;
  #weight = 0;
  #bound = '';

  /** @param clock  milliseconds that never go back */
  constructor(output: ProgressOutput, steps: number, clock: () => number) {
    this.#output = output;
    this.#steps = steps;
    this.#clock = clock;
  }

  /** Begins to measure the speed, at the start and after anything that was not training. */
  restart(step: number): void {
    this.#marks.length = 0;
    this.#marks.push({ step, ms: this.#clock(), tokens: this.#tokens });
  }

  step(report: StepReport): void {
    this.#tokens += report.tokens;
    this.#marks.push({ step: report.step, ms: this.#clock(), tokens: this.#tokens });
    if (this.#marks.length > recent) this.#marks.shift();
    if (Number.isFinite(report.loss)) {
      this.#smooth = 0.95 * this.#smooth + 0.05 * report.loss;
      this.#weight = 0.95 * this.#weight + 0.05;
    }
    const ms = this.#clock();
    const last = report.step >= this.#steps;
    if (!last && ms - this.#shownMs < (this.#output.isTTY ? liveMs : plainMs)) return;
    this.#shownMs = ms;
    this.#show(this.#line(report));
  }

  /** The latest validation, shown in the line from now on. */
  bound(text: string): void {
    this.#bound = text;
  }

  /** A line that stays, above the live one. */
  note(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  /** Leaves the live line as it is and begins a fresh one. */
  end(): void {
    if (this.#live) this.#output.write('\n');
    this.#live = false;
  }

  /** Tokens a second over the latest updates; absent before there are two. */
  get tokensPerSecond(): number | undefined {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last || last.ms <= first.ms) return undefined;
    return ((last.tokens - first.tokens) / (last.ms - first.ms)) * 1000;
  }

  #line({ step, rate }: StepReport): string {
    const [first, last] = [this.#marks[0], this.#marks[this.#marks.length - 1]];
    const stepMs = last.step > first.step ? (last.ms - first.ms) / (last.step - first.step) : undefined;
    const parts = [
      `${grouped(step).padStart(grouped(this.#steps).length)}/${grouped(this.#steps)}`,
      this.#weight > 0 ? `loss ${(this.#smooth / this.#weight).toFixed(3)}` : 'loss not finite',
      this.#bound,
      this.tokensPerSecond === undefined ? '' : `${grouped(Math.round(this.tokensPerSecond))} tokens/s`,
      stepMs === undefined ? '' : `${duration((this.#steps - step) * stepMs)} left`,
      `rate ${rate.toExponential(1)}`,
    ];
    return parts.filter(Boolean).join('  ');
  }

  #show(line: string): void {
    if (!this.#output.isTTY) {
      this.#output.write(`${line}\n`);
      return;
    }
    // one column is left free: a line that fills the terminal wraps, and then "\r" doesn't come back to its start
    const width = Math.max(20, (this.#output.columns ?? 80) - 1);
    this.#output.write(`\r\x1b[2K${line.slice(0, width)}`);
    this.#live = true;
  }
}

/** A length of time in the two largest units that say something: "45 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
