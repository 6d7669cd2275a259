import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveSvg } from './loss-curve.ts';

const training = Array.from({ length: 5000 }, (_, i) => ({ step: i + 1, loss: 2 + 5 / (1 + i / 100) }));
const validation = [1000, 3000, 5000].map((step) => ({
  step,
  natsPerToken: 2 + 500 / step,
  standardError: 0.05,
}));

const pointsOf = (svg: string, name: string): [number, number][] =>
  svg
    .match(new RegExp(`<polyline class="${name}" points="([^"]*)"`))![1]
    .split(' ')
    .map((point) => point.split(',').map(Number) as [number, number]);

test('the training loss is a line of at most 400 points that falls from left to right within the frame', () => {
  const points = pointsOf(curveSvg({ title: 'a run', training, validation }), 't');
  assert.ok(points.length <= 400 && points.length > 300);
  for (const [i, [x, y]] of points.entries()) {
    assert.ok(x >= 64 && x <= 736 && y >= 48 && y <= 352);
    if (i > 0) assert.ok(x > points[i - 1][0] && y >= points[i - 1][1]);
  }
});

test('each validation has a bar of two standard errors around its point', () => {
  const svg = curveSvg({ title: 'a run', training, validation });
  const bars = [
    ...svg.matchAll(
      /<path class="v" d="M([\d.]+) ([\d.]+)V([\d.]+)"\/><circle class="dot" cx="([\d.]+)" cy="([\d.]+)"/g,
    ),
  ];
  assert.equal(bars.length, 3);
  for (const [, x, low, high, cx, cy] of bars.map((bar) => bar.map(Number))) {
    assert.equal(x, cx);
    assert.ok(high < cy && cy < low);
  }
});

test('a validation of one window has a point without a bar', () => {
  const svg = curveSvg({ title: 'a run', training, validation: [{ step: 1000, natsPerToken: 2.5 }] });
  assert.ok(svg.includes('class="dot"') && !svg.includes('<path class="v"'));
  assert.ok(!/NaN|undefined/.test(svg));
});

test('a logarithmic axis puts each tenfold of steps at the same distance', () => {
  const svg = curveSvg({ title: 'a run', training, validation, logSteps: true });
  const ticks = [...svg.matchAll(/<text class="ink" x="([\d.]+)" y="370" text-anchor="middle">([\d,]+)</g)];
  assert.deepEqual(
    ticks.map(([, , label]) => label),
    ['1', '10', '100', '1,000'],
  );
  const x = ticks.map(([, at]) => Number(at));
  assert.ok(Math.abs(x[2] - x[1] - (x[1] - x[0])) < 0.2);
});

test('a curve of nothing, of one step, and of losses that are not finite is still an SVG without NaN', () => {
  for (const losses of [[], [3], [NaN, NaN], [NaN, 3, Infinity, 2]]) {
    const points = losses.map((loss, i) => ({ step: i + 1, loss }));
    for (const logSteps of [false, true]) {
      const svg = curveSvg({ title: '<a> & "b"', training: points, validation: [], logSteps });
      assert.ok(svg.startsWith('<svg') && svg.endsWith('</svg>\n'));
      assert.ok(!/NaN|Infinity|undefined/.test(svg), svg);
      assert.ok(!svg.includes('<a>'));
    }
  }
});

test('the curve has colours for light and for dark ground', () => {
  assert.match(curveSvg({ title: '', training, validation }), /@media \(prefers-color-scheme:dark\)/);
});
