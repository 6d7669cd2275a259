import type { ModelKind } from '../../base/model-kinds.ts';
import { type Axis, chartSvg, escapeXml, niceTicks, xAxis, yAxis } from '../../base/svg-chart.ts';
import type { Mean } from '../mean.ts';
import { colorsOf } from './palette.ts';

/** Something measured at a place, with a standard error where there is one. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly error?: number;
  /** What is told of it under the pointer. */
  readonly label?: string;
}

/** Means at places on the axis, with bars of their standard errors. */
export const pointsOf = (places: readonly number[], means: readonly Mean[]): Point[] =>
  means.map(({ mean, standardError }, k) => ({ x: places[k], y: mean, error: standardError }));

/** Points of one kind, joined from left to right. */
export interface Series {
  readonly name: string;
  /** The kind of model that it is of, which has a colour of its own. Default: the colour of its place */
  readonly kind?: ModelKind;
  readonly points: readonly Point[];
}

/** What is drawn as lines, and how its axes are called. */
export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  readonly logarithmic?: boolean;
  /** Where the vertical axis begins. Default: below the lowest point. */
  readonly from?: number;
}

/** Lines with points and bars of one standard error up and down, as an SVG. What isn't finite is left out. */
export function lineChart({ title, xLabel, yLabel, series, logarithmic = false, from }: LineChart): string {
  const colors = colorsOf(series);
  const shown = series.map(({ name, points }, index) => ({
    name,
    color: colors[index],
    points: points
      .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
      .toSorted((a, b) => a.x - b.x),
  }));
  const all = shown.flatMap(({ points }) => points);
  const x = horizontal(
    all.map((point) => point.x),
    logarithmic,
  );
  const y = vertical(all, from);
  const drawn = shown.flatMap(({ points, color }) => {
    const places = points.map((point) => `${x.at(point.x)},${y.at(point.y)}`);
    return [
      `<polyline points="${places.join(' ')}" fill="none" stroke="${color}" stroke-opacity=".6"/>`,
      ...points.map((point) => mark(point, x, y, color)),
    ];
  });
  return chartSvg({ title, x, y, xLabel, yLabel, style: '', legend: shown }, drawn);
}

/** A point, its bar, and what it says of itself. */
function mark({ x: at, y: value, error, label }: Point, x: Axis, y: Axis, color: string): string {
  const bar = errorBar(x.at(at), value, error, y, color);
  const title = label === undefined ? '' : `<title>${escapeXml(label)}</title>`;
  return `${bar}<circle cx="${x.at(at)}" cy="${y.at(value)}" r="3.5" fill="${color}">${title}</circle>`;
}

/** A vertical bar from one standard error below to one above. */
export function errorBar(
  left: number,
  value: number,
  error: number | undefined,
  y: Axis,
  color: string,
): string {
  if (error === undefined || !Number.isFinite(error) || error === 0) return '';
  return `<path d="M${left} ${y.at(value - error)}V${y.at(value + error)}" stroke="${color}" stroke-width="1.5"/>`;
}

function horizontal(values: readonly number[], logarithmic: boolean): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (logarithmic) {
    const [first, last] = [low / 1.15, high * 1.15];
    // where powers of two are more than enough, every second or fourth
    const count = Math.log2(last / first);
    const factor = 2 ** Math.max(1, Math.ceil(count / 9));
    const begin = factor ** Math.floor(Math.log(first) / Math.log(factor));
    const ticks = Array.from({ length: 40 }, (_, k) => begin * factor ** k).filter((tick) => tick <= last);
    return xAxis(first, last, ticks, true);
  }
  const margin = 0.04 * (high - low || 1);
  return xAxis(low - margin, high + margin, niceTicks(low - margin, high + margin));
}

function vertical(points: readonly Point[], from: number | undefined): Axis {
  const errorOf = ({ error = 0 }: Point): number => (Number.isFinite(error) ? error : 0);
  const low = Math.min(...points.map((point) => point.y - errorOf(point)));
  const high = Math.max(...points.map((point) => point.y + errorOf(point)));
  const margin = 0.06 * (high - low || Math.abs(high) || 1);
  return yAxis(from ?? low - margin, high + margin);
}
