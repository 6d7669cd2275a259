import { lineChart } from '../charts/line-chart.ts';
import { type ComparedRun, type CurvePoint, labelOf } from './compare.ts';

/** What held-out text costs can be drawn against. */
export const curveAxes = {
  updates: { of: ({ step }: CurvePoint) => step, label: 'updates' },
  tokens: { of: ({ tokens }: CurvePoint) => tokens, label: 'tokens read' },
  seconds: { of: ({ seconds }: CurvePoint) => seconds, label: 'seconds of training' },
} as const;

/** A line for each run, or mean over seeds: nats a token of held-out text against what was spent. */
export function curvesChart(runs: readonly ComparedRun[], axis: keyof typeof curveAxes): string {
  const { of, label } = curveAxes[axis];
  return lineChart({
    title: `Held-out text against ${label}`,
    xLabel: label,
    yLabel: 'nats a token, lower is better',
    series: runs.map((run) => ({
      name: labelOf(run),
      points: run.curve.map((point) => ({
        x: of(point),
        y: point.natsPerToken.mean,
        error: point.natsPerToken.standardError,
        label: `${labelOf(run)}: ${point.natsPerToken.mean.toFixed(3)} at step ${point.step}`,
      })),
    })),
  });
}
