import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepReport } from '../loop.ts';
import { grouped } from '../../base/format-count.ts';
import { duration, TrainingProgress } from './progress.ts';

function written(isTTY: boolean, columns = 200) {
  let text = '';
  let ms = 0;
  const output = { isTTY, columns, write: (piece: string) => (text += piece) };
  const progress = new TrainingProgress(output, 1000, () => ms);
  return { progress, text: () => text, wait: (more: number) => (ms += more) };
}

const report = (step: number, loss = 3): StepReport => ({
  step,
  loss,
  gradientNorm: 1,
  rate: 1e-3,
  applied: true,
  tokens: 500,
  measures: {},
});

test('a terminal gets one live line: steps, loss, tokens a second, time left and rate', () => {
  const { progress, text, wait } = written(true);
  progress.restart(0);
  for (let step = 1; step <= 10; step++) {
    wait(250);
    progress.step(report(step));
  }
  assert.equal(text().split('\n').length, 1);
  assert.equal(
    text().split('\r\x1b[2K').at(-1),
    '   10/1,000  loss 3.000  2,000 tokens/s  4 min left  rate 1.0e-3',
  );
});

test('the live line is cut before it wraps', () => {
  const { progress, text } = written(true, 30);
  progress.step(report(1));
  assert.ok(text().split('\r\x1b[2K').at(-1)!.length < 30);
});

test('elsewhere there are plain lines, ten seconds apart, and one for the last step', () => {
  const { progress, text, wait } = written(false);
  for (let step = 991; step <= 1000; step++) {
    progress.step(report(step));
    wait(4000);
  }
  const lines = text().trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(0, 11).trim()),
    ['991/1,000', '994/1,000', '997/1,000', '1,000/1,000'],
  );
  assert.ok(!text().includes('\x1b'));
});

test('a note stands on a line of its own, and the bound stays in the line', () => {
  const { progress, text, wait } = written(true);
  progress.step(report(1));
  progress.note('a note');
  progress.bound('bound 2.000 ± 0.010');
  wait(1000);
  progress.step(report(2));
  assert.match(
    text().replaceAll('\x1b', '␛'),
    /rate 1\.0e-3\na note\n\r␛\[2K.*loss 3\.000 {2}bound 2\.000 ± 0\.010/,
  );
});

test('the loss that is shown is smoothed, from the first step on and over losses that are not finite', () => {
  const { progress, text } = written(false);
  progress.step(report(1, NaN));
  assert.match(text(), /loss not finite/);
  progress.step(report(2, 4));
  progress.step(report(1000, 2));
  assert.match(text(), /loss 2\.974|loss 2\.97/);
});

test('time that was not training does not count into the speed', () => {
  const { progress, wait } = written(false);
  progress.restart(0);
  wait(1000);
  progress.step(report(1));
  wait(60_000);
  progress.restart(1);
  wait(1000);
  progress.step(report(2));
  assert.equal(progress.tokensPerSecond, 500);
});

test('durations have the two largest units, numbers are grouped', () => {
  const minute = 60_000;
  assert.deepEqual([0, 59_000, 12 * minute, 200 * minute, 3000 * minute, -5].map(duration), [
    '0 s',
    '59 s',
    '12 min',
    '3 h 20 min',
    '2 d 2 h',
    '0 s',
  ]);
  assert.deepEqual([1, 999, 1000, 1234567].map(grouped), ['1', '999', '1,000', '1,234,567']);
});
