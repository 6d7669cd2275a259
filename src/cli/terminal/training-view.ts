import { counted, grouped } from '../../base/format-count.ts';
import { duration } from '../../base/format-duration.ts';
import type { StepEvent, TrainingEvent, ValidationRow } from '../../training/run/events.ts';
import type { Output } from '../command.ts';
import { brailleCurve } from './braille-chart.ts';
import { LiveArea, type LiveLine } from './live.ts';
import { progressBar } from './paint-line.ts';
import { sparkline } from './sparkline.ts';
import { visible } from './visible.ts';
import { widthOf } from './width.ts';
import { wrapped } from './wrap.ts';

const liveMs = 100;
const plainMs = 10_000;
const [barColumns, curveColumns, curveRows, kept] = [10, 40, 4, 400];
/** Losses of which a curve is drawn, and rows that a terminal has to have for it. */
const [leastCurve, leastRows] = [10, 16];

/**
 * The progress of a run: on a terminal the curve of the losses and a live line, below what stays (bounds, samples, notes);
 * elsewhere a plain line now and then.
 */
export class TrainingView {
  readonly #output: Output;
  readonly #clock: () => number;
  #shownMs = -Infinity;
  readonly #area: LiveArea;
  #drawn: readonly LiveLine[] = [];
  /** Of the loss, and how much it counts. */
  #smooth = 0;
  #weight = 0;
  #bound = '';
  #latest: StepEvent | undefined;
  /** Smoothed losses since the run began or went on, at most `kept` of them, each standing for as many updates. */
  readonly #curve: number[] = [];
  #stride = 1;

  /** @param clock  milliseconds that never go back */
  constructor(output: Output, clock: () => number) {
    this.#output = output;
    this.#area = new LiveArea(output);
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
        this.#note(
          `step ${grouped(event.step)}  writes\n${visible(event.text).trim().replace(/^/gm, '  │ ')}`,
        );
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

  /** Leaves what is live as it is; what is written next begins below. */
  end(): void {
    this.#area.close();
    this.#drawn = [];
  }

  #step(event: StepEvent): void {
    const { step, steps, loss } = event;
    this.#latest = event;
    if (Number.isFinite(loss)) {
      this.#smooth = 0.95 * this.#smooth + 0.05 * loss;
      this.#weight = 0.95 * this.#weight + 0.05;
      if (step % this.#stride === 0) this.#remember(this.#smooth / this.#weight);
    }
    const ms = this.#clock();
    if (step < steps && ms - this.#shownMs < (this.#output.isTTY ? liveMs : plainMs)) return;
    this.#shownMs = ms;
    if (this.#output.isTTY) this.#draw(this.#facts(event));
    else this.#output.write(`${this.#facts(event).join('  ')}\n`);
  }

  #validation({ step, natsPerToken, standardError, bitsPerByte, windows, preferences }: ValidationRow): void {
    const error = standardError === undefined ? '' : ` ± ${standardError.toFixed(3)}`;
    this.#bound = `bound ${natsPerToken.toFixed(3)}${error}`;
    if (this.#output.isTTY && this.#latest) this.#draw(this.#facts(this.#latest));
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

  #facts({ step, steps, rate, tokensPerSecond, secondsLeft, ranks }: StepEvent): string[] {
    const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
    const parts = [
      this.#output.isTTY ? progressBar(step / steps, barColumns) : '',
      `${grouped(step).padStart(grouped(steps).length)}/${grouped(steps)}`,
      this.#weight > 0 ? `loss ${(this.#smooth / this.#weight).toFixed(3)}` : 'loss not finite',
      secondsLeft === undefined ? '' : `${duration(1000 * secondsLeft)} left`,
      this.#bound,
      tokensPerSecond === undefined ? '' : `${grouped(Math.round(tokensPerSecond))} tokens/s`,
      ranks === undefined || tokensPerSecond === undefined
        ? ''
        : `${ranks.size} ranks, ${grouped(Math.round(tokensPerSecond / ranks.size))} each, ${percent(ranks.exchanging)} exchange, ${percent(ranks.waiting)} waiting`,
      `rate ${rate.toExponential(1)}`,
    ];
    return parts.filter(Boolean);
  }

  /** Every second is forgotten where there are too many: what is drawn is of the whole run. */
  #remember(loss: number): void {
    this.#curve.push(loss);
    if (this.#curve.length < kept) return;
    this.#curve.splice(0, kept, ...this.#curve.filter((_, i) => i % 2 === 1));
    this.#stride *= 2;
  }

  /** The losses so far in a line, once there are enough to see which way they go; on a terminal they are drawn all the time. */
  #drawCurve(): void {
    if (this.#output.isTTY || this.#curve.length < leastCurve) return;
    const [first, last] = [this.#curve[0], this.#curve.at(-1)!];
    this.#note(`  loss ${first.toFixed(2)} ${sparkline(this.#curve, curveColumns)} ${last.toFixed(2)}`);
  }

  /** Lines that stay, above what is live. */
  #note(text: string): void {
    const { isTTY } = this.#output;
    const lines = text.split('\n').flatMap((line) => (isTTY ? this.#broken(line) : [line]));
    this.#area.clear();
    this.#output.write(`${lines.join('\n')}\n`);
    if (this.#drawn.length > 0) this.#area.draw(this.#drawn);
  }

  /** A line in as many as it takes, all with what it begins with. */
  #broken(line: string): string[] {
    const [indent] = /^ *(?:│ )?/.exec(line)!;
    const width = this.#area.columns - widthOf(indent);
    return wrapped(line.slice(indent.length), width).map((part) => indent + part);
  }

  /** The curve where there is room for it, and of the facts those that fit in a line. */
  #draw(facts: readonly string[]): void {
    const { columns, rows } = this.#area;
    let line = '';
    for (const fact of facts) {
      const longer = line === '' ? fact : `${line}  ${fact}`;
      if (widthOf(longer) <= columns) line = longer;
    }
    const curve = rows < leastRows || this.#curve.length < leastCurve ? [] : this.#curveLines(columns);
    this.#drawn = [...curve, line].map((text) => ({ text, width: widthOf(text) }));
    this.#area.draw(this.#drawn);
  }

  #curveLines(columns: number): string[] {
    const labels = [Math.max(...this.#curve), Math.min(...this.#curve)].map((loss) => loss.toFixed(2));
    const width = Math.max(...labels.map(({ length }) => length)) + 2;
    return brailleCurve(this.#curve, Math.min(curveColumns, columns - width), curveRows).map((row, i) => {
      const label = i === 0 ? labels[0] : i === curveRows - 1 ? labels[1] : '';
      return `${label.padStart(width - 2)}  ${row}`;
    });
  }
}
