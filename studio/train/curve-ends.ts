import type uPlot from 'uplot';

/** What stands at the end of a curve. */
export interface CurveEnd {
  /** The place of the curve among the plot's series. */
  readonly series: number;
  readonly words: string;
  readonly color: string;
}

const size = 12;
const mostWidth = 120;
const lineHeight = 15;

const fontAt = (scale: number): string => `600 ${size * scale}px system-ui, sans-serif`;

/** The room that words need at the right of a plot, in pixels of the page. */
export function roomForEnds(words: readonly string[]): number {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = fontAt(1);
  return (
    12 + Math.ceil(Math.max(0, ...words.map((one) => context.measureText(fitted(context, one, 1)).width)))
  );
}

/** Writes at the end of each curve what it is of; none lies over another. */
export function drawEnds(plot: uPlot, ends: readonly CurveEnd[], ground: string, scale: number): void {
  const { ctx, bbox } = plot;
  const placed = ends.flatMap((end) => {
    const place = lastSeen(plot, end.series);
    return place ? [{ ...end, ...place }] : [];
  });
  const bottom = bbox.top + bbox.height;
  const heights = spaced(
    placed.map(({ y }) => Math.min(Math.max(y, bbox.top), bottom)),
    lineHeight * scale,
    bottom,
  );
  ctx.save();
  ctx.font = fontAt(scale);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * scale;
  ctx.strokeStyle = ground;
  for (const [i, { words, color, x }] of placed.entries()) {
    const shown = fitted(ctx, words, scale);
    ctx.fillStyle = color;
    // a curve that is longer goes on behind the name
    ctx.strokeText(shown, x + 7 * scale, heights[i]);
    ctx.fillText(shown, x + 7 * scale, heights[i]);
  }
  ctx.restore();
}

/** Where a curve ends, of what is seen of it. */
function lastSeen({ data, scales, valToPos }: uPlot, series: number): { x: number; y: number } | undefined {
  const [steps, column] = [data[0], data[series]];
  for (let i = steps.length - 1; i >= 0; i--) {
    const value = column[i];
    if (typeof value === 'number' && steps[i] <= (scales.x.max ?? Infinity))
      return { x: valToPos(steps[i], 'x', true), y: valToPos(value, 'y', true) };
  }
  return undefined;
}

/** Heights of at least this distance, in the order of the given ones and near them, none below the bottom. */
function spaced(heights: readonly number[], distance: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const moved = [...heights];
  for (const [n, i] of order.entries())
    if (n > 0) moved[i] = Math.max(moved[i], moved[order[n - 1]] + distance);
  for (let [n, most] = [order.length - 1, bottom]; n >= 0; n--) {
    moved[order[n]] = Math.min(moved[order[n]], most);
    most = moved[order[n]] - distance;
  }
  return moved;
}

/** As many of the letters as there is room for. */
function fitted(context: CanvasRenderingContext2D, words: string, scale: number): string {
  let shown = words;
  while (shown.length > 1 && context.measureText(shown).width > mostWidth * scale)
    shown = `${shown.replace(/…$/, '').slice(0, -1)}…`;
  return shown;
}
