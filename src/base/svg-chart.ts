import { grouped } from './format-count.ts';

/** What charts are drawn with: a box, axes with round ticks, and text that is safe in an SVG. */
export const box = { left: 64, right: 736, top: 48, bottom: 352 } as const;

/** From values to places in the box. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A horizontal axis over a range, even or logarithmic. */
export function xAxis(from: number, to: number, ticks: readonly number[], isLogarithmic = false): Axis {
  const [low, high] = rangeOf(from, to);
  const place = isLogarithmic ? Math.log : (value: number): number => value;
  const span = place(high) - place(low);
  const at = (value: number): number =>
    round(box.left + ((place(value) - place(low)) / span) * (box.right - box.left));
  return { at, ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}

/** A vertical axis; what is above `high` is drawn at the top. */
export function yAxis(from: number, to: number): Axis {
  const [low, high] = rangeOf(from, to);
  const ticks = niceTicks(low, high);
  const bottom = Math.min(low, ticks[0] ?? low);
  const at = (value: number): number => {
    const share = (Math.min(value, high) - bottom) / (high - bottom);
    return round(box.bottom - Math.max(0, share) * (box.bottom - box.top));
  };
  return { at, ticks: ticks.filter((tick) => tick <= high) };
}

/** A range that can be drawn: one value alone has room around it. */
function rangeOf(low: number, high: number): readonly [low: number, high: number] {
  if (high > low) return [low, high];
  const room = Math.abs(low) / 10 || 1;
  return [low - room, low + room];
}

/** Round numbers that cover a range in about five steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(low: number, high: number): number[] {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** What surrounds the curves of a chart: its texts, and the ranges of its axes. */
export interface ChartFrame {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** What the axes count. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** CSS of what is drawn, beside the frame's own. */
  readonly style: string;
  /** What colours mean, below the chart. */
  readonly legend?: readonly { readonly name: string; readonly color: string }[];
}

/** A chart as an SVG that is readable on light and dark ground, with axes and their labels around what is drawn. */
export function chartSvg(
  { title, x, y, xLabel, yLabel, style, legend = [] }: ChartFrame,
  drawn: readonly string[],
): string {
  const keys = legendRows(legend);
  const height = 400 + keyHeight * keys.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" width="760" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<style>${frameStyle}${style}</style>`,
    `<title>${escapeXml(title)}</title>`,
    `<rect class="ground" width="760" height="${height}"/>`,
    `<text class="ink" x="${box.left}" y="22" font-size="14">${escapeXml(title)}</text>`,
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${box.left} ${y.at(tick)}H${box.right}"/>` +
        `<text class="ink" x="${box.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${grouped(tick)}</text>`,
    ),
    ...x.ticks.map(
      (tick) =>
        `<text class="ink" x="${x.at(tick)}" y="${box.bottom + 18}" text-anchor="middle">${grouped(tick)}</text>`,
    ),
    `<text class="ink" x="${box.right}" y="${box.bottom + 36}" text-anchor="end">${escapeXml(xLabel)}</text>`,
    `<text class="ink" x="${box.left}" y="40">${escapeXml(yLabel)}</text>`,
    ...drawn.filter((part) => part !== ''),
    ...keys.flatMap((row, r) =>
      row.map(
        ({ name, color, left }) =>
          `<circle cx="${left + 4}" cy="${402 + keyHeight * r}" r="4" fill="${color}"/>` +
          `<text class="ink" x="${left + 14}" y="${406 + keyHeight * r}">${escapeXml(name)}</text>`,
      ),
    ),
    '</svg>',
    '',
  ].join('\n');
}

const keyHeight = 18;
/** About so wide is a character, with room for letters that are drawn at 14 pixels in the place of 12. */
const characterWidth = 7.4;

/** The keys of a legend in rows, each as wide as its name. */
function legendRows<Key extends { readonly name: string }>(
  legend: readonly Key[],
): (Key & { left: number })[][] {
  const rows: (Key & { left: number })[][] = [];
  let right = Infinity;
  for (const key of legend) {
    const width = 30 + characterWidth * key.name.length;
    if (right + width > box.right) {
      rows.push([]);
      right = box.left;
    }
    rows.at(-1)!.push({ ...key, left: round(right) });
    right += width;
  }
  return rows;
}

const frameStyle =
  '.ground{fill:#fff}.ink{fill:#444}.grid{stroke:#ddd;fill:none}' +
  '@media (prefers-color-scheme:dark){.ground{fill:#111}.ink{fill:#bbb}.grid{stroke:#333}}';

/** A coordinate with one decimal. */
export const round = (value: number): number => Math.round(value * 10) / 10;
/** Text as it may stand in XML. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
