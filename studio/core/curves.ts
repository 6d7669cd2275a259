import { lately } from '../../src/base/late-updates.ts';

/** A row of a run's metrics.jsonl, as far as it is drawn. */
export interface MetricsRow {
  readonly kind?: unknown;
  readonly step?: unknown;
  readonly loss?: unknown;
  readonly rate?: unknown;
  readonly tokens?: unknown;
  readonly seconds?: unknown;
  readonly natsPerToken?: unknown;
}

/** A number at each of some steps, in their order. */
export interface Curve {
  readonly steps: number[];
  readonly values: number[];
}

export const emptyCurve = (): Curve => ({ steps: [], values: [] });

/** What a run has measured, as it comes. */
export class RunCurves {
  /** Nats a token, of each update. */
  readonly loss = emptyCurve();
  readonly rate = emptyCurve();
  /** Tokens read so far. */
  readonly tokens = emptyCurve();
  /** Seconds spent on updates so far. */
  readonly seconds = emptyCurve();
  /** The bound on held-out text, in nats a token. */
  readonly bound = emptyCurve();

  /** Takes rows that follow the last ones. A step that comes again, of a resumed run, takes the place of what came from it on. */
  add(rows: readonly MetricsRow[]): void {
    for (const { kind, step, loss, rate, tokens, seconds, natsPerToken } of rows) {
      if (typeof step !== 'number') continue;
      if (kind === 'validation') put(this.bound, step, natsPerToken);
      if (kind !== 'step') continue;
      if (step <= (this.tokens.steps.at(-1) ?? 0)) this.#cutFrom(step);
      put(this.loss, step, loss);
      put(this.rate, step, rate);
      put(this.tokens, step, tokens);
      put(this.seconds, step, seconds);
    }
  }

  #cutFrom(step: number): void {
    for (const curve of [this.loss, this.rate, this.tokens, this.seconds, this.bound]) cut(curve, step);
  }
}

/** A loss that isn't finite is a word in the file, and a gap in the curve. */
function put(curve: Curve, step: number, value: unknown): void {
  if (typeof value !== 'number') return;
  if (step <= (curve.steps.at(-1) ?? -1)) cut(curve, step);
  curve.steps.push(step);
  curve.values.push(value);
}

function cut({ steps, values }: Curve, step: number): void {
  while (steps.length > 0 && steps[steps.length - 1] >= step) {
    steps.pop();
    values.pop();
  }
}

/** The mean of each value of a curve and of those before it, `count` in all, or as many as there are. */
export function smoothed({ steps, values }: Curve, count: number): Curve {
  let sum = 0;
  const means = values.map((value, i) => {
    sum += value - (values[i - count] ?? 0);
    return sum / Math.min(count, i + 1);
  });
  return { steps, values: means };
}

/** A curve up to a step, and what follows it. */
export function splitAfter({ steps, values }: Curve, step: number): [upTo: Curve, after: Curve] {
  const found = steps.findIndex((one) => one > step);
  const at = found < 0 ? steps.length : found;
  return [
    { steps: steps.slice(0, at), values: values.slice(0, at) },
    { steps: steps.slice(at), values: values.slice(at) },
  ];
}

/** A part of a run's losses that has a name of its own. */
export interface LossPart {
  readonly what: string;
  readonly curve: Curve;
}

/** The losses of a causal warm-up and those of masks, which are another loss: as far as there are any of either. */
export function lossParts(loss: Curve, warmup: number): LossPart[] {
  const [first, masked] = splitAfter(loss, warmup);
  return [
    { what: 'causal warm-up', curve: first },
    { what: 'loss', curve: masked },
  ].filter(({ curve }) => curve.steps.length > 0);
}

/** A curve over what another one measured by its steps, such as tokens or seconds; steps of which nothing was measured are left out. */
export function over({ steps, values }: Curve, axis: Curve): Curve {
  const places = new Map(axis.steps.map((step, i) => [step, axis.values[i]]));
  const moved = emptyCurve();
  for (const [i, step] of steps.entries()) {
    const place = places.get(step);
    if (place === undefined || place <= (moved.steps.at(-1) ?? -1)) continue;
    moved.steps.push(place);
    moved.values.push(values[i]);
  }
  return moved;
}

/** A curve of at most so many points: the mean of each of equally many neighbours, at the last of their steps. */
export function thinned({ steps, values }: Curve, most: number): Curve {
  if (steps.length <= most) return { steps, values };
  const size = steps.length / most;
  const thin = emptyCurve();
  for (let i = 0; i < most; i++) {
    const [from, to] = [Math.floor(i * size), Math.floor((i + 1) * size)];
    let sum = 0;
    for (let j = from; j < to; j++) sum += values[j];
    thin.steps.push(steps[to - 1]);
    thin.values.push(sum / (to - from));
  }
  return thin;
}

/** Curves over the steps that any of them has, as uPlot takes them: null where one has none. */
export function aligned(curves: readonly Curve[]): [steps: number[], ...values: (number | null)[][]] {
  const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  const places = new Map(steps.map((step, i) => [step, i]));
  const columns = curves.map((curve) => {
    const column: (number | null)[] = Array.from(steps, () => null);
    for (const [i, step] of curve.steps.entries()) column[places.get(step)!] = curve.values[i];
    return column;
  });
  return [steps, ...columns];
}

/** Tokens a second of the last updates, at each step at which that is known. */
export function speedOf(tokens: Curve, seconds: Curve): Curve {
  const spent = new Map(seconds.steps.map((step, i) => [step, seconds.values[i]]));
  const marks = tokens.steps.flatMap((step, i) => {
    const at = spent.get(step);
    return at === undefined ? [] : [{ step, tokens: tokens.values[i], seconds: at }];
  });
  const speed = emptyCurve();
  for (const [i, mark] of marks.entries()) {
    const first = marks[Math.max(0, i + 1 - lately)];
    if (mark.seconds <= first.seconds) continue;
    speed.steps.push(mark.step);
    speed.values.push((mark.tokens - first.tokens) / (mark.seconds - first.seconds));
  }
  return speed;
}
