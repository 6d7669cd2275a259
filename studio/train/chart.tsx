import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { aligned, type Curve, type LossPart, thinned } from '../core/curves.ts';
import { colorOf } from '../parts/theme.tsx';
import { type CurveEnd, drawEnds, roomForEnds } from './curve-ends.ts';

/** A curve with its name, the place of its colour, and how it is drawn. */
export interface Line {
  readonly name: string;
  readonly color: number;
  readonly curve: Curve;
  /** Thin and pale, with marks at its points, or plain. */
  readonly look: 'pale' | 'marked' | 'plain';
  /** What is written at its end. */
  readonly end?: string;
}

/** A vertical line behind which something else is drawn, and the words for that. */
export interface Divider {
  readonly at: number;
  readonly words: string;
  /** The place of its colour. */
  readonly color: number;
}

/** Where masks begin, of a run that has come so far. */
export function dividersOf(parts: readonly LossPart[], color: number): Divider[] {
  const at = parts[0]?.curve.steps.at(-1);
  return parts.length > 1 && at !== undefined ? [{ at, words: 'masks begin', color }] : [];
}

const maxPoints = 1500;
/** More would run into each other. */
const maxMarks = 40;
const height = { tall: 320, low: 140 };

interface ChartProperties {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly dividers?: readonly Divider[];
  /** What the values are in; empty where they have no unit. */
  readonly unit: string;
  /** What they are drawn over. */
  readonly over?: string;
  readonly isLogarithmic?: boolean;
  readonly size?: keyof typeof height;
}

/** Curves over the steps of runs, or what else is measured by them. It is a picture: what it shows is told in words elsewhere. */
export function Chart({
  title,
  lines,
  dividers = [],
  unit,
  over = 'updates',
  isLogarithmic = false,
  size = 'tall',
}: ChartProperties) {
  const home = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([
    isLogarithmic,
    over,
    lines.map(({ name, color, look, end }) => [name, color, look, end]),
  ]);
  const data = () => aligned(lines.map(({ curve }) => thinned(curve, maxPoints))) as uPlot.AlignedData;
  const latest = useRef({ data, dividers });
  latest.current = { data, dividers };

  useEffect(() => {
    const element = home.current!;
    const sizes = () => ({ width: element.clientWidth, height: height[size] });
    const draw = () => {
      plot.current?.destroy();
      const colors = chartColors();
      const options = optionsOf(lines, { isLogarithmic, unit, over, ...sizes() }, colors);
      const hooks = { draw: [(drawn: uPlot) => drawOver(drawn, lines, latest.current.dividers, colors)] };
      plot.current = new uPlot({ ...options, hooks }, latest.current.data(), element);
      showLatest(plot.current);
    };
    draw();
    const unwatch = watchPage(element, {
      onSize: () => {
        plot.current?.setSize(sizes());
        if (plot.current) showLatest(plot.current);
      },
      onTheme: draw,
    });
    return () => {
      unwatch();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, size]);

  useEffect(() => {
    if (!plot.current) return;
    plot.current.setData(data());
    showLatest(plot.current);
  });

  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={home} role="img" aria-label={labelOf({ title, over, lines, dividers })} />
    </figure>
  );
}

/** What is written over the curves. */
function drawOver(plot: uPlot, lines: readonly Line[], dividers: readonly Divider[], colors: Colors): void {
  drawDividers(plot, dividers, colors);
  const ends = lines.flatMap(({ end, color }, i): CurveEnd[] =>
    end === undefined ? [] : [{ series: i + 1, words: end, color: colors.series[color] }],
  );
  drawEnds(plot, ends, colors.ground, uPlot.pxRatio);
}

/** What the picture shows, in words. */
function labelOf({
  title,
  over,
  lines,
  dividers,
}: Required<Pick<ChartProperties, 'title' | 'over' | 'lines' | 'dividers'>>): string {
  const names = lines.map(({ name }) => name).join(', ');
  return [
    `${title}, over ${over}: ${names}`,
    ...dividers.map(({ at, words }) => `${words} at ${short(at)}`),
  ].join('; ');
}

/** Tells when an element has another size, or the page other colours, which a canvas doesn't follow by itself. */
function watchPage(
  element: Element,
  { onSize, onTheme }: { readonly onSize: () => void; readonly onTheme: () => void },
): () => void {
  // while another page is shown it has none
  const resized = new ResizeObserver(() => element.clientWidth > 0 && onSize());
  resized.observe(element);
  const themed = new MutationObserver(onTheme);
  themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', onTheme);
  return () => {
    resized.disconnect();
    themed.disconnect();
    system.removeEventListener('change', onTheme);
  };
}

/** At the foot, where curves that fall leave room; below each other, so that those of several runs can be read. */
function drawDividers(plot: uPlot, dividers: readonly Divider[], { series }: Colors): void {
  const { ctx, bbox } = plot;
  const pixel = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${12 * pixel}px sans-serif`;
  ctx.lineWidth = pixel;
  ctx.textBaseline = 'bottom';
  for (const [row, { at, words, color }] of dividers.entries()) {
    const x = plot.valToPos(at, 'x', true);
    const right = bbox.left + bbox.width;
    if (x < bbox.left || x > right) continue;
    const hasRoom = x + ctx.measureText(words).width + 8 * pixel < right;
    ctx.strokeStyle = ctx.fillStyle = series[color];
    ctx.textAlign = hasRoom ? 'left' : 'right';
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(words, x + (hasRoom ? 6 : -6) * pixel, bbox.top + bbox.height - (3 + 15 * row) * pixel);
  }
  ctx.restore();
}

/** While nobody points at a step, the legend tells of the last one. */
function showLatest(plot: uPlot): void {
  const isPointed = (plot.cursor.left ?? -1) >= 0;
  if (!isPointed) plot.setLegend({ idx: plot.data[0].length - 1 });
}

interface Colors {
  readonly ink: string;
  readonly grid: string;
  /** That of the panel. */
  readonly ground: string;
  readonly series: readonly string[];
}

/** The colours of the page, as a canvas takes them. */
function chartColors(): Colors {
  const colorNamed = (name: string): string => colorOf((element) => (element.className = name));
  return {
    ink: colorNamed('chart-ink'),
    grid: colorNamed('chart-grid'),
    ground: colorNamed('chart-ground'),
    series: Array.from({ length: 6 }, (_, i) => colorNamed(`series-${i}`)),
  };
}

/** Between ticks of what is counted: there is no half of an update. */
const wholeSteps = [1, 2, 5, 10, 20, 50]
  .flatMap((step) => [1, 100, 1e4, 1e6, 1e8, 1e10].map((size) => step * size))
  .sort((a, b) => a - b);

/** A number on an axis; the logarithmic one leaves most of them out. */
const tickText = (tick: number | null): string => (tick === null ? '' : String(Number(tick.toPrecision(3))));

function optionsOf(
  lines: readonly Line[],
  {
    isLogarithmic,
    unit,
    over,
    ...sizes
  }: { isLogarithmic: boolean; unit: string; over: string; width: number; height: number },
  { ink, grid, series }: Colors,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
  };
  return {
    ...sizes,
    padding: [12, roomForEnds(lines.flatMap(({ end = [] }) => end)), 0, 0],
    scales: { x: { time: false }, y: isLogarithmic ? { distr: 3 } : {} },
    axes: [
      { ...axis, label: over, labelSize: 18, size: 34, incrs: wholeSteps },
      {
        ...axis,
        ...(unit !== '' && { label: unit, labelSize: 18 }),
        size: 56,
        values: (_, ticks) => ticks.map(tickText),
      },
    ],
    legend: { markers: { dash: (_, at) => (lines[at - 1]?.look === 'marked' ? 'dashed' : 'solid') } },
    cursor: { drag: { x: true, y: false } },
    series: [
      { label: over },
      ...lines.map(({ name, color, look }): uPlot.Series => ({
        label: name,
        class: look,
        // what is drawn behind doesn't set the axis: its spikes are cut off
        auto: look !== 'pale',
        stroke: look === 'pale' ? faded(series[color]) : series[color],
        width: look === 'pale' ? 1 : 2,
        spanGaps: true,
        points: { show: look === 'marked' ? hasRoomForMarks : isPoint, size: 7, fill: series[color] },
        dash: look === 'marked' ? [6, 4] : undefined,
        value: (plot, _, at, index) => latestBefore(plot.data[at], index),
      })),
    ],
  };
}

const countOf = (plot: uPlot, at: number): number =>
  Array.from(plot.data[at]).filter((value) => value !== null).length;

const hasRoomForMarks = (plot: uPlot, at: number): boolean => countOf(plot, at) <= maxMarks;

/** Of one value there is no line. */
const isPoint = (plot: uPlot, at: number): boolean => countOf(plot, at) === 1;

/** What a curve had come to by a step: not each is measured at every one. */
function latestBefore(column: uPlot.AlignedData[number] | undefined, index: number | null): string {
  for (let i = index ?? -1; i >= 0; i--) {
    const value = column?.[i];
    if (typeof value === 'number') return short(value);
  }
  return '–';
}

const short = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.01
    ? value.toExponential(2)
    : value.toLocaleString('en-US', { maximumSignificantDigits: 5 });

/** `rgb(1, 2, 3)` with a fifth of its strength. */
const faded = (color: string): string => color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.2)');
