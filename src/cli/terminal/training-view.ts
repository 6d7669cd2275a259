import { counted, grouped } from '../../base/format-count.ts';
import { duration } from '../../base/format-duration.ts';
import type { StepEvent, TrainingEvent, ValidationRow } from '../../training/run/events.ts';
import type { Output } from '../command.ts';
import { progressBar } from './paint-line.ts';
import { sparkline } from './sparkline.ts';
import { visible } from './visible.ts';

const liveMs = 100;
const plainMs = 10_000;
const [barColumns, curveColumns, kept] = [10, 40, 400];

/**
 * The progress of a run: on a terminal one live line, below what stays (bounds, samples, notes); elsewhere a plain line now
 * and then.
 */
export class TrainingView {
  readonly #output: Output;
  readonly #clock: () => number;
  #shownMs = -Infinity;
  #isLive = false;
  /** Of the loss, and how much it counts. */
  #smooth = 0;
  #weight = 0;
  #bound = '';
  /** Smoothed losses since the run began or went on, at most `kept` of them, each standing for as many updates. */
  readonly #curve: number[] = [];
  #stride = 1;

  /** @param clock  milliseconds that never go back */
  constructor(output: Output, clock: () => number) {
    this.#output = output;
    this.#clock = clock;
  }

  show(event: TrainingEvent): void {
    switch (event.kind) {
      case 'began':
        if (event.step > 0) this.#note(`goes on after step ${grouped(event.step)}`);
        return;
      case 'step':
        return this.#step(event);
      case 'validation':
        return this.#validation(event);
      case 'sample':
        this.#note(visible(event.text).trim().replace(/^/gm, '  │ '));
        return this.#drawCurve();
      case 'note':
        return this.#note(visible(event.text));
      case 'saving':
      case 'saved':
        return;
      default:
        event satisfies never;
    }
  }

  /** Leaves the live line as it is; what is written next begins another. */
  end(): void {
    if (this.#isLive) this.#output.write('\n');
    this.#isLive = false;
  }

  #step(event: StepEvent): void {
    const { step, steps, loss } = event;
    if (Number.isFinite(loss)) {
      this.#smooth = 0.95 * this.#smooth + 0.05 * loss;
      this.#weight = 0.95 * this.#weight + 0.05;
      if (step % this.#stride === 0) this.#remember(this.#smooth / this.#weight);
    }
    const ms = this.#clock();
    if (step < steps && ms - this.#shownMs < (this.#output.isTTY ? liveMs : plainMs)) return;
    this.#shownMs = ms;
    this.#showLine(this.#line(event));
  }

  #validation({ step, natsPerToken, standardError, bitsPerByte, windows, preferences }: ValidationRow): void {
    const error = standardError === undefined ? '' : ` ± ${standardError.toFixed(3)}`;
    this.#bound = `bound ${natsPerToken.toFixed(3)}${error}`;
    const perByte = bitsPerByte === undefined ? '' : `, ${bitsPerByte.toFixed(3)} bits a byte`;
    this.#note(
      `step ${grouped(step)}  ${this.#bound} nats a token${perByte} (${counted(windows, 'window')})`,
    );
    if (!preferences) return;
    const { accuracy, margin, loss } = preferences;
    const share = (100 * accuracy).toFixed(0);
    this.#note(
      `  of held-out pairs ${share} % are as preferred, margin ${margin.toFixed(3)}, loss ${loss.toFixed(3)}`,
    );
  }

  #line({ step, steps, rate, tokensPerSecond, secondsLeft, ranks }: StepEvent): string {
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    const parts = [
      this.#output.isTTY ? progressBar(step / steps, barColumns) : '',
      `${grouped(step).padStart(grouped(steps).length)}/${grouped(steps)}`,
      this.#weight > 0 ? `loss ${(this.#smooth / this.#weight).toFixed(3)}` : 'loss not finite',
      this.#bound,
      tokensPerSecond === undefined ? '' : `${grouped(Math.round(tokensPerSecond))} tokens/s`,
      ranks === undefined || tokensPerSecond === undefined
        ? ''
        : `${ranks.size} ranks, ${grouped(Math.round(tokensPerSecond / ranks.size))} each, ${percent(ranks.exchanging)} exchange, ${percent(ranks.waiting)} waiting`,
      secondsLeft === undefined ? '' : `${duration(1000 * secondsLeft)} left`,
      `rate ${rate.toExponential(1)}`,
    ];
    return parts.filter(Boolean).join('  ');
  }

  /** Every second is forgotten where there are too many: what is drawn is of the whole run. */
  #remember(loss: number): void {
    this.#curve.push(loss);
    if (this.#curve.length < kept) return;
    this.#curve.splice(0, kept, ...this.#curve.filter((_, i) => i % 2 === 1));
    this.#stride *= 2;
  }

  /** The losses so far, once there are enough to see which way they go. */
  #drawCurve(): void {
    if (this.#curve.length < 10) return;
    const [first, last] = [this.#curve[0], this.#curve.at(-1)!];
    this.#note(`  loss ${first.toFixed(2)} ${sparkline(this.#curve, curveColumns)} ${last.toFixed(2)}`);
  }

  /** A line that stays, above the live one. */
  #note(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  #showLine(line: string): void {
    if (!this.#output.isTTY) {
      this.#output.write(`${line}\n`);
      return;
    }
    // one column is left free: a line that fills the terminal wraps, and then "\r" doesn't come back to its start
    const width = Math.max(20, (this.#output.columns ?? 80) - 1);
    this.#output.write(`\r\x1b[2K${line.slice(0, width)}`);
    this.#isLive = true;
  }
}
