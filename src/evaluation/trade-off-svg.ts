import { box, chartSvg, escapeXml, niceTicks, xAxis, yAxis } from '../base/svg-chart.ts';
import type { SamplingOutcome } from './trade-off.ts';

const colors = [
  '#2b6cb0',
  '#c05621',
  '#2f855a',
  '#805ad5',
  '#b7791f',
  '#c53030',
  '#00838f',
  '#d53f8c',
  '#718096',
];
const powersOfTwo = [1, 2, 4, 8, 16, 32, 64, 128];

/**
 * Quality against speed as an SVG: tokens a forward to the right, nats a token downwards better, a line for each group of
 * ways to sample.
 *
 * @param baseline  drawn as a band of one standard error
 */
export function tradeOffSvg(
  title: string,
  outcomes: readonly SamplingOutcome[],
  baseline: SamplingOutcome,
): string {
  const speeds = outcomes.map(({ tokensPerForward }) => tokensPerForward);
  const nats = outcomes.map(({ natsPerToken }) => natsPerToken);
  const [slowest, fastest] = [Math.min(0.9, ...speeds), Math.max(2, ...speeds) * 1.1];
  const x = xAxis(slowest, fastest, fastest / slowest > 4 ? powersOfTwo : niceTicks(slowest, fastest), true);
  const error = knownError(baseline);
  const margin = 0.05 * (Math.max(...nats) - Math.min(...nats)) + error;
  const y = yAxis(Math.min(...nats) - margin, Math.max(...nats) + margin);

  const groups = [...new Set(outcomes.map(({ group }) => group))];
  const drawn = groups.flatMap((group, index) => {
    const color = colors[index % colors.length];
    const line = outcomes
      .filter((outcome) => outcome.group === group)
      .toSorted((a, b) => a.tokensPerForward - b.tokensPerForward);
    const points = line.map(
      ({ tokensPerForward, natsPerToken }) => `${x.at(tokensPerForward)},${y.at(natsPerToken)}`,
    );
    return [
      `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-opacity=".6"/>`,
      ...line.map(
        ({ name, tokensPerForward, natsPerToken, standardError }) =>
          `<circle cx="${x.at(tokensPerForward)}" cy="${y.at(natsPerToken)}" r="3.5" fill="${color}">` +
          `<title>${escapeXml(`${name}: ${tokensPerForward.toFixed(2)} tokens a forward, ${natsPerToken.toFixed(3)}${errorText(standardError)} nats a token`)}</title></circle>`,
      ),
      `<text x="${box.left + 10}" y="${box.top + 16 + 15 * index}" fill="${color}">${escapeXml(group)}</text>`,
    ];
  });
  const [top, bottom] = [1, -1].map((sign) => y.at(baseline.natsPerToken + sign * error));
  const band = `<rect class="band" x="${box.left}" y="${top}" width="${box.right - box.left}" height="${Math.max(1, bottom - top)}"/>`;
  return chartSvg(
    {
      title,
      x,
      y,
      xLabel: 'tokens a forward',
      yLabel: 'nats a token by the model’s own score, lower is better',
      style: '.band{fill:#888;opacity:.18}',
    },
    [band, ...drawn],
  );
}

/** Of one text alone no error is known. */
const knownError = ({ standardError }: SamplingOutcome): number =>
  Number.isFinite(standardError) ? standardError : 0;

const errorText = (standardError: number): string =>
  Number.isFinite(standardError) ? ` ± ${standardError.toFixed(3)}` : '';
