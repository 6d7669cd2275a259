/** What a curve is drawn from: the rows of `metrics.jsonl`. */
export interface CurveData {
  readonly title: string;
  readonly training: readonly { readonly step: number; readonly loss: number }[];
  readonly validation: readonly {
    readonly step: number;
    readonly natsPerToken: number;
    readonly standardError: number;
  }[];
  /** A logarithmic axis of steps. */
  readonly logSteps?: boolean;
}

const box = { left: 64, right: 736, top: 48, bottom: 352 } as const;
const mostPoints = 400;

/**
 * The learning curve as an SVG that is readable on light and dark ground: training loss (mean of each stretch of steps)
 * and validation bound with bars of two standard errors, both in nats a token.
 */
export function curveSvg({ title, training, validation, logSteps = false }: CurveData): string {
  const losses = binned(
    training.filter(({ loss }) => Number.isFinite(loss)),
    logSteps,
  );
  const bars = validation.filter(({ natsPerToken }) => Number.isFinite(natsPerToken));
  const steps = [...losses.map(({ step }) => step), ...bars.map(({ step }) => step)];
  const heights = [...losses.map(({ loss }) => loss), ...bars.map(({ natsPerToken }) => natsPerToken)];
  const x = xAxis(Math.max(2, maximum(steps)), logSteps);
  const y = yAxis(heights);

  const line = losses.map(({ step, loss }) => `${x.at(step)},${y.at(loss)}`).join(' ');
  const bound = bars.map(({ step, natsPerToken }) => `${x.at(step)},${y.at(natsPerToken)}`).join(' ');
  const marks = bars.map(({ step, natsPerToken, standardError }) => {
    const [low, high] = [y.at(natsPerToken - 2 * standardError), y.at(natsPerToken + 2 * standardError)];
    return (
      `<path class="v" d="M${x.at(step)} ${low}V${high}"/>` +
      `<circle class="dot" cx="${x.at(step)}" cy="${y.at(natsPerToken)}" r="3"/>`
    );
  });
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 400" width="760" height="400" font-family="system-ui, sans-serif" font-size="12">',
    `<style>${style}</style>`,
    `<title>${escaped(title)}</title>`,
    '<rect class="ground" width="760" height="400"/>',
    `<text class="ink" x="${box.left}" y="22" font-size="14">${escaped(title)}</text>`,
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${box.left} ${y.at(tick)}H${box.right}"/>` +
        `<text class="ink" x="${box.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${label(tick)}</text>`,
    ),
    ...x.ticks.map(
      (tick) =>
        `<text class="ink" x="${x.at(tick)}" y="${box.bottom + 18}" text-anchor="middle">${label(tick)}</text>`,
    ),
    `<text class="ink" x="${box.right}" y="${box.bottom + 36}" text-anchor="end">steps</text>`,
    `<text class="ink" x="${box.left}" y="40">nats a token</text>`,
    `<text class="t-label" x="${box.right}" y="22" text-anchor="end">training loss</text>`,
    bars.length > 0
      ? `<text class="v-label" x="${box.right}" y="40" text-anchor="end">validation, ± 2 standard errors</text>`
      : '',
    line && `<polyline class="t" points="${line}"/>`,
    bound && `<polyline class="v" points="${bound}"/>`,
    ...marks,
    '</svg>',
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n');
}

const style =
  '.ground{fill:#fff}.ink{fill:#444}.grid{stroke:#ddd;fill:none}' +
  '.t{stroke:#2b6cb0;stroke-width:1.3;fill:none}.t-label{fill:#2b6cb0}' +
  '.v{stroke:#c05621;stroke-width:1.6;fill:none}.v-label,.dot{fill:#c05621}' +
  '@media (prefers-color-scheme:dark){.ground{fill:#111}.ink{fill:#bbb}.grid{stroke:#333}' +
  '.t{stroke:#63b3ed}.t-label{fill:#63b3ed}.v{stroke:#f6ad55}.v-label,.dot{fill:#f6ad55}}';

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

function xAxis(last: number, logSteps: boolean): Axis {
  const width = box.right - box.left;
  if (!logSteps) {
    const ticks = niceTicks(0, last).filter((tick) => tick <= last);
    return { at: (step) => round(box.left + (step / last) * width), ticks };
  }
  const scale = Math.log(last);
  const ticks = Array.from({ length: Math.floor(Math.log10(last)) + 1 }, (_, power) => 10 ** power);
  return { at: (step) => round(box.left + (Math.log(Math.max(1, step)) / scale) * width), ticks };
}

function yAxis(values: readonly number[]): Axis {
  const low = minimum(values);
  // the first losses tower over the rest: what is above the highest twentieth of the values is cut off
  const sorted = [...values].sort((a, b) => a - b);
  const high = Math.max(low + 0.1, (sorted[Math.floor(sorted.length * 0.95)] ?? 1) * 1.05);
  const ticks = niceTicks(low, high);
  const [bottom, top] = [Math.min(low, ticks[0] ?? low), high];
  const at = (value: number): number => {
    const share = (Math.min(value, top) - bottom) / (top - bottom);
    return round(box.bottom - Math.max(0, share) * (box.bottom - box.top));
  };
  return { at, ticks: ticks.filter((tick) => tick <= top) };
}

/** Round numbers that cover a range in about five steps of 1, 2 or 5 times a power of ten. */
function niceTicks(low: number, high: number): number[] {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** At most `mostPoints` points, each the mean of a stretch of steps; stretches grow with the step on a logarithmic axis. */
function binned(points: CurveData['training'], logSteps: boolean): { step: number; loss: number }[] {
  const last = points.at(-1)?.step ?? 1;
  const bins = new Map<number, { step: number; loss: number; count: number }>();
  for (const { step, loss } of points) {
    const share = logSteps ? Math.log(Math.max(1, step)) / Math.log(Math.max(2, last)) : step / last;
    const key = Math.min(mostPoints - 1, Math.floor(share * mostPoints));
    const bin = bins.get(key) ?? { step: 0, loss: 0, count: 0 };
    bins.set(key, { step: bin.step + step, loss: bin.loss + loss, count: bin.count + 1 });
  }
  return [...bins.values()].map(({ step, loss, count }) => ({ step: step / count, loss: loss / count }));
}

const maximum = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
const minimum = (values: readonly number[]): number =>
  values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : 0;
const round = (value: number): number => Math.round(value * 10) / 10;
const label = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
