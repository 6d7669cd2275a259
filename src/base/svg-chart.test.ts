import assert from 'node:assert/strict';
import { test } from 'node:test';
import { box, chartSvg, xAxis, yAxis } from './svg-chart.ts';

test('a range of one value has room around it, so that all places are numbers', () => {
  for (const value of [0, 3, -0.5]) {
    for (const axis of [yAxis(value, value), xAxis(value, value, [value])]) {
      assert.ok(Number.isFinite(axis.at(value)), String(value));
      assert.ok(axis.ticks.length > 0 && axis.ticks.every(Number.isFinite), String(value));
    }
    const y = yAxis(value, value).at(value);
    assert.ok(y > box.top && y < box.bottom);
  }
});

test('ticks are labelled as numbers are read', () => {
  const frame = { title: '', xLabel: '', yLabel: '', style: '' };
  const svg = chartSvg({ ...frame, x: xAxis(0, 20000, [1.2345, 15000]), y: yAxis(0, 1) }, []);
  assert.match(svg, />1\.2345</);
  assert.match(svg, />15,000</);
});
