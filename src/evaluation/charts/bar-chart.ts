import { box, chartSvg, escapeXml, round, yAxis } from '../../base/svg-chart.ts';
import type { Mean } from '../mean.ts';
import { errorBar } from './line-chart.ts';
import { colorOf } from './palette.ts';

/** What is measured of each group. */
export interface Bars {
  readonly name: string;
  readonly values: readonly Mean[];
}

/** What is drawn as bars, and how its axes are called. */
export interface BarChart {
  readonly title: string;
  readonly yLabel: string;
  /** Names of the groups of bars, from left to right. */
  readonly groups: readonly string[];
  readonly bars: readonly Bars[];
  /** Top of the axis. Default: above the highest bar. */
  readonly to?: number;
}

/** Bars side by side in groups, from 0 up, as an SVG. */
export function barChart({ title, yLabel, groups, bars, to }: BarChart): string {
  const tops = bars.flatMap(({ values }) =>
    values.map(({ mean, standardError }) => mean + (standardError || 0)),
  );
  const y = yAxis(0, to ?? 1.08 * Math.max(1e-9, ...tops.filter(Number.isFinite)));
  const groupWidth = (box.right - box.left) / groups.length;
  const width = Math.min(60, (0.8 * groupWidth) / bars.length);
  const middleOf = (group: number): number => box.left + (group + 0.5) * groupWidth;
  const drawn = bars.flatMap(({ name, values }, index) =>
    values.map(({ mean: value, standardError }, group) => {
      if (!Number.isFinite(value)) return '';
      const left = round(middleOf(group) + (index - bars.length / 2) * width);
      const top = y.at(value);
      const title = `<title>${escapeXml(`${name}, ${groups[group]}: ${value.toPrecision(3)}`)}</title>`;
      return (
        `<rect x="${left}" y="${top}" width="${round(width - 3)}" height="${round(box.bottom - top)}" fill="${colorOf(index)}" fill-opacity=".85">${title}</rect>` +
        errorBar(round(left + width / 2 - 1.5), value, standardError, y, '#888')
      );
    }),
  );
  const names = groups.map(
    (name, group) =>
      `<text class="ink" x="${round(middleOf(group))}" y="${box.bottom + 18}" text-anchor="middle">${escapeXml(name)}</text>`,
  );
  const legend = bars.map(({ name }, index) => ({ name, color: colorOf(index) }));
  const x = { at: middleOf, ticks: [] };
  return chartSvg({ title, x, y, xLabel: '', yLabel, style: '', legend }, [...drawn, ...names]);
}
