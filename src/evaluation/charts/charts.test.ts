import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barChart } from './bar-chart.ts';
import { lineChart } from './line-chart.ts';

const causal = { name: 'causal', kind: 'causal' } as const;
const diffusion = { name: 'masked diffusion', kind: 'masked diffusion' } as const;
const frame = { title: '', xLabel: '', yLabel: '' };
/** The colour beside a name in the legend. */
const colorIn = (svg: string, name: string): string | undefined =>
  new RegExp(`fill="(#\\w+)"/><text[^>]*>${name}<`).exec(svg)?.[1];

test('a kind of model has its colour wherever it stands, and a second curve of it another', () => {
  const points = [{ x: 1, y: 1 }];
  const own = { name: 'no kind', points };
  const one = lineChart({ ...frame, series: [{ ...causal, points }, { ...diffusion, points }, own] });
  const other = lineChart({ ...frame, series: [own, { ...diffusion, points }, { ...causal, points }] });
  const values = [{ mean: 1, standardError: 0 }];
  const bars = [
    { ...diffusion, values },
    { ...causal, values },
    { ...causal, name: 'again', values },
  ];
  const third = barChart({ ...frame, groups: ['all'], bars });
  for (const { name } of [causal, diffusion]) {
    const color = colorIn(one, name);
    assert.match(color!, /^#/);
    assert.deepEqual([colorIn(other, name), colorIn(third, name)], [color, color]);
  }
  assert.equal(new Set(['causal', 'again', 'masked diffusion'].map((name) => colorIn(third, name))).size, 3);
});

test('bars of several kinds have the colours of their kinds; a share of 0 is seen, with its number', () => {
  const svg = barChart({
    ...frame,
    groups: ['a', 'b'],
    isShare: true,
    bars: [
      {
        name: 'right',
        kind: ['causal', 'masked diffusion'],
        values: [0, 0.964].map((mean) => ({ mean, standardError: NaN })),
      },
    ],
  });
  assert.match(svg, />0 %</);
  assert.match(svg, />96 %</);
  const drawn = Array.from(svg.matchAll(/<rect x.*? height="(.*?)" fill="(.*?)"/g), ([, height, fill]) => ({
    height: Number(height),
    fill,
  }));
  assert.deepEqual(
    drawn.map(({ fill }) => fill),
    [colorIn(svg, 'causal'), colorIn(svg, 'masked diffusion')],
  );
  assert.ok(drawn[0].height > 0 && drawn[1].height > 200);
});
