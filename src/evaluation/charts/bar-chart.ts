import type { ModelKind } from '../../base/model-kinds.ts';
import { box, chartSvg, escapeXml, round, yAxis } from '../../base/svg-chart.ts';
import type { Mean } from '../mean.ts';
import { errorBar } from './line-chart.ts';
import { colorOfKind, colorsOf } from './palette.ts';

/** What is measured of each group. */
export interface Bars {
  readonly name: string;
  /** The kind of model that all of them are of, or each of them. Default: none, and the colour of its place */
  readonly kind?: ModelKind | readonly ModelKind[];
  readonly values: readonly Mean[];
}

/** What is drawn as bars, and how its axes are called. */
export interface BarChart {
  readonly title: string;
  readonly yLabel: string;
  /** Names of the groups of bars, from left to right. */
  readonly groups: readonly string[];
  readonly bars: readonly Bars[];
  /** Whether values are shares of 1, which are drawn in percent. */
  readonly isShare?: boolean;
}

/** A bar has at least so many pixels, that a value of 0 is seen to be one. */
const leastHeight = 2;
/** Of a value in its bar's column, above the bar and its error. */
const numberGap = 5;

/** Bars side by side in groups, from 0 up, each with its value above, as an SVG. */
export function barChart({ title, yLabel, groups, bars, isShare = false }: BarChart): string {
  const scale = isShare ? 100 : 1;
  const wordsOf = (value: number): string => (isShare ? `${value.toFixed(0)} %` : value.toFixed(2));
  const tops = bars.flatMap(({ values }) =>
    values.map(({ mean, standardError }) => mean + (standardError || 0)),
  );
  const y = yAxis(0, isShare ? 112 : 1.1 * Math.max(1e-9, ...tops.filter(Number.isFinite)));
  const groupWidth = (box.right - box.left) / groups.length;
  const width = Math.min(60, (0.8 * groupWidth) / bars.length);
  const middleOf = (group: number): number => box.left + (group + 0.5) * groupWidth;
  const colors = colorsOf(bars.map(({ kind }) => ({ kind: typeof kind === 'string' ? kind : undefined })));
  const drawn = bars.flatMap(({ name, kind, values }, index) =>
    values.map(({ mean, standardError }, group) => {
      if (!Number.isFinite(mean)) return '';
      const [value, error] = [scale * mean, scale * standardError];
      const color = Array.isArray(kind) ? colorOfKind(kind[group] as ModelKind) : colors[index];
      const left = round(middleOf(group) + (index - bars.length / 2) * width);
      const top = Math.min(y.at(value), box.bottom - leastHeight);
      const middle = round(left + width / 2 - 1.5);
      const title = `<title>${escapeXml(`${name}, ${groups[group]}: ${mean.toPrecision(3)}`)}</title>`;
      return (
        `<rect x="${left}" y="${top}" width="${round(width - 3)}" height="${round(box.bottom - top)}" fill="${color}" fill-opacity=".85">${title}</rect>` +
        errorBar(middle, value, error, y, '#888') +
        `<text class="ink" x="${middle}" y="${round(Math.min(top, y.at(value + (error || 0))) - numberGap)}" text-anchor="middle">${wordsOf(value)}</text>`
      );
    }),
  );
  const names = groups.map(
    (name, group) =>
      `<text class="ink" x="${round(middleOf(group))}" y="${box.bottom + 18}" text-anchor="middle">${escapeXml(name)}</text>`,
  );
  const legend = bars.flatMap(({ name, kind }, index) =>
    Array.isArray(kind)
      ? [...new Set(kind as readonly ModelKind[])].map((one) => ({ name: one, color: colorOfKind(one) }))
      : [{ name, color: colors[index] }],
  );
  const x = { at: middleOf, ticks: [] };
  return chartSvg({ title, x, y, xLabel: '', yLabel, style: '', legend }, [...drawn, ...names]);
}
