import { type Axis, box, chartSvg, niceTicks, xAxis, yAxis } from '../../base/svg-chart.ts';

/** What a curve is drawn from: the rows of `metrics.jsonl`. */
export interface CurveData {
  readonly title: string;
  readonly training: readonly { readonly step: number; readonly loss: number }[];
  readonly validation: readonly {
    readonly step: number;
    readonly natsPerToken: number;
    /** Absent where it isn't known. */
    readonly standardError?: number;
  }[];
  /** Of both. Default: nats a token. */
  readonly unit?: string;
  /** A logarithmic axis of steps. */
  readonly logSteps?: boolean;
}

const maxPoints = 400;

/**
 * The learning curve as an SVG that is readable on light and dark ground: training loss (mean of each stretch of steps)
 * and validation bound with bars of two standard errors, both in nats a token.
 */
export function curveSvg({
  title,
  training,
  validation,
  unit = 'nats a token',
  logSteps = false,
}: CurveData): string {
  const losses = binned(
    training.filter(({ loss }) => Number.isFinite(loss)),
    logSteps,
  );
  const bars = validation.filter(({ natsPerToken }) => Number.isFinite(natsPerToken));
  const steps = [...losses.map(({ step }) => step), ...bars.map(({ step }) => step)];
  const heights = [...losses.map(({ loss }) => loss), ...bars.map(({ natsPerToken }) => natsPerToken)];
  const x = stepAxis(Math.max(2, maximum(steps)), logSteps);
  const y = lossAxis(heights);

  const line = losses.map(({ step, loss }) => `${x.at(step)},${y.at(loss)}`).join(' ');
  const bound = bars.map(({ step, natsPerToken }) => `${x.at(step)},${y.at(natsPerToken)}`).join(' ');
  const marks = bars.map(({ step, natsPerToken, standardError }) => {
    const dot = `<circle class="dot" cx="${x.at(step)}" cy="${y.at(natsPerToken)}" r="3"/>`;
    if (standardError === undefined || !Number.isFinite(standardError)) return dot;
    const [low, high] = [y.at(natsPerToken - 2 * standardError), y.at(natsPerToken + 2 * standardError)];
    return `<path class="v" d="M${x.at(step)} ${low}V${high}"/>${dot}`;
  });
  return chartSvg({ title, x, y, xLabel: 'steps', yLabel: unit, style }, [
    `<text class="t-label" x="${box.right}" y="22" text-anchor="end">training loss</text>`,
    bars.length > 0
      ? `<text class="v-label" x="${box.right}" y="40" text-anchor="end">validation, ± 2 standard errors</text>`
      : '',
    line && `<polyline class="t" points="${line}"/>`,
    bound && `<polyline class="v" points="${bound}"/>`,
    ...marks,
  ]);
}

const style =
  '.t{stroke:#2b6cb0;stroke-width:1.3;fill:none}.t-label{fill:#2b6cb0}' +
  '.v{stroke:#c05621;stroke-width:1.6;fill:none}.v-label,.dot{fill:#c05621}' +
  '@media (prefers-color-scheme:dark){.t{stroke:#63b3ed}.t-label{fill:#63b3ed}' +
  '.v{stroke:#f6ad55}.v-label,.dot{fill:#f6ad55}}';

function stepAxis(last: number, logSteps: boolean): Axis {
  const powers = Array.from({ length: Math.floor(Math.log10(last)) + 1 }, (_, power) => 10 ** power);
  const axis = xAxis(logSteps ? 1 : 0, last, logSteps ? powers : niceTicks(0, last), logSteps);
  return { ...axis, at: (step) => axis.at(logSteps ? Math.max(1, step) : step) };
}

function lossAxis(values: readonly number[]): Axis {
  const low = minimum(values);
  // the first losses tower over the rest: what is above the highest twentieth of the values is cut off
  const sorted = [...values].sort((a, b) => a - b);
  return yAxis(low, Math.max(low + 0.1, (sorted[Math.floor(sorted.length * 0.95)] ?? 1) * 1.05));
}

/** At most `maxPoints` points, each the mean of a stretch of steps; stretches grow with the step on a logarithmic axis. */
function binned(points: CurveData['training'], logSteps: boolean): { step: number; loss: number }[] {
  const last = points.at(-1)?.step ?? 1;
  const bins = new Map<number, { step: number; loss: number; count: number }>();
  for (const { step, loss } of points) {
    const share = logSteps ? Math.log(Math.max(1, step)) / Math.log(Math.max(2, last)) : step / last;
    const key = Math.min(maxPoints - 1, Math.floor(share * maxPoints));
    const bin = bins.get(key) ?? { step: 0, loss: 0, count: 0 };
    bins.set(key, { step: bin.step + step, loss: bin.loss + loss, count: bin.count + 1 });
  }
  return [...bins.values()].map(({ step, loss, count }) => ({ step: step / count, loss: loss / count }));
}

const maximum = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
const minimum = (values: readonly number[]): number =>
  values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : 0;
