import type { TrainingRun } from '../../library/open-run.ts';
import { freshParameters } from '../../training/fresh-network.ts';
import { lineChart, pointsOf } from '../charts/line-chart.ts';
import type { Mean } from '../mean.ts';
import { modelKinds } from '../../base/model-kinds.ts';
import type { Claim, Finding } from './claim.ts';
import { meansIn, numbersIn } from './rows.ts';
import { frequencyNats } from './corpus.ts';
import { differenceOf, isAbove, spread } from './exact.ts';
import { validationOf } from './hybrid.ts';
import type { Lab } from './lab.ts';
import { networkOf, textRuns } from './text-runs.ts';

/** (i) Larger networks. */
export const scaling: Claim = {
  letter: 'i',
  title: 'The slope of scaling',
  sentence:
    'Diffusion gains as much from larger networks as a causal model: the slopes of scaling are parallel.',
  how: 'Networks of several widths learn the same text, each with as many updates, causally and by masked diffusion. The slope is that of a straight line through log nats a token of held-out text (exact, and a bound) over log parameters, embeddings aside, with its standard error over widths and seeds.',
  rule: 'If either line does not fall by more than two standard errors, or the largest networks know no more than the frequencies of characters, it is not at this scale. Shown if the slopes differ by at most two standard errors; else refuted.',
  wouldChange:
    'Widths by a factor of a few say little of powers of ten; a level that no size can pass bends such lines. SMDM saw parallel slopes up to 1.1B parameters, a constant factor apart.',
  usesText: true,
  basis: ({ widths, seeds }) => `${widths.length} sizes, ${seeds} seeds each`,
  source: { name: 'SMDM, Nie et al., 2024', url: 'https://arxiv.org/abs/2410.18514' },
  measure,
  draw,
};

const objectives = ['autoregressive', 'masked-diffusion'] as const;
const names = ['causal', 'masked diffusion, a bound'] as const;

async function measure(lab: Lab): Promise<Finding> {
  const { layers, widths } = lab.budget;
  const runs = await Promise.all(
    objectives.map((objective) =>
      Promise.all(
        widths.map((width) => {
          const isUsual = width === lab.budget.width;
          const own = { name: `width-${width}`, options: networkOf({ layers, width }) };
          return textRuns(lab, { objective, ...(!isUsual && { own }) });
        }),
      ),
    ),
  );
  const lines = runs.map((bySize) =>
    lineThrough(bySize.flat().map((run) => [Math.log(parametersOf(run)), Math.log(natsOf(run))])),
  );
  const apart = differenceOf(lines[1], lines[0]);
  const falls = lines.every(({ mean, standardError }) => isAbove({ mean: -mean, standardError }));
  const differs = Math.abs(apart.mean) > 2 * apart.standardError;
  const levels = runs.map((bySize) => bySize.map(validationOf));
  const frequencies = frequencyNats(await lab.corpus(), lab.budget.windows);
  const haveLearned = levels.every((bySize) => bySize.at(-1)!.mean < frequencies);
  return {
    verdict: !falls || !haveLearned ? 'not at this scale' : differs ? 'refuted' : 'shown',
    number: `slopes of ${spread(lines[1])} by diffusion and ${spread(lines[0])} by the causal model`,
    why: `From ${parametersOf(runs[0][0][0]).toLocaleString('en')} to ${parametersOf(runs[0].at(-1)![0]).toLocaleString('en')} parameters the cost falls from ${levels[1][0].mean.toFixed(2)} to ${levels[1].at(-1)!.mean.toFixed(2)} nats a token by diffusion, and from ${levels[0][0].mean.toFixed(2)} to ${levels[0].at(-1)!.mean.toFixed(2)} by the causal model.`,
    rows: runs.flatMap((bySize, o) =>
      bySize.map((seeds, w) => ({
        model: names[o],
        width: widths[w],
        parameters: parametersOf(seeds[0]),
        natsPerToken: levels[o][w].mean,
        standardError: levels[o][w].standardError,
      })),
    ),
  };
}

function draw(rows: Finding['rows']): string {
  return lineChart({
    title: 'Cost of held-out text against the size of the network',
    xLabel: 'parameters, embeddings aside',
    yLabel: 'nats a token, lower is better',
    logarithmic: true,
    series: names.map((model, o) => ({
      name: model,
      kind: modelKinds[objectives[o]],
      points: pointsOf(numbersIn(rows, 'parameters', { model }), meansIn(rows, 'natsPerToken', { model })),
    })),
  });
}

const natsOf = (run: TrainingRun): number => run.validation!.natsPerToken;

/** Those of attention and SwiGLU. */
function parametersOf({ options: { layers = 0, width = 0, hidden = 0 } }: TrainingRun): number {
  return freshParameters({ layers, width, hidden, vocabularySize: 0 }, ({ length }) => length > 1);
}

/** The slope of the least-squares line through points, with its standard error. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Mean {
  const n = points.length;
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / n;
  const [x0, y0] = [mean(([x]) => x), mean(([, y]) => y)];
  const sxx = n * mean(([x]) => (x - x0) ** 2);
  const slope = (n * mean(([x, y]) => (x - x0) * (y - y0))) / sxx;
  const rest = n * mean(([x, y]) => (y - y0 - slope * (x - x0)) ** 2);
  return { mean: slope, standardError: Math.sqrt(rest / (n - 2) / sxx) };
}
