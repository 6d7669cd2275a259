import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { StepEvent } from '../../training/run/events.ts';
import { TrainingView } from './training-view.ts';

function written(isTTY: boolean, columns = 200) {
  let text = '';
  let ms = 0;
  const output = { isTTY, columns, rows: 24, write: (piece: string) => (text += piece) };
  const view = new TrainingView(output, () => ms);
  return { view, text: () => text, wait: (more: number) => (ms += more) };
}

/** What the latest drawing shows. */
const linesShown = (text: string): string[] =>
  stripVTControlCharacters(text.split('\x1b[?2026h').at(-1)!)
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '');

const event = (step: number, loss = 3): StepEvent => ({
  kind: 'step',
  step,
  steps: 1000,
  loss,
  gradientNorm: 1,
  rate: 1e-3,
  tokens: 500 * step,
  seconds: step / 4,
  ...(step > 1 && { tokensPerSecond: 2000, secondsLeft: (1000 - step) / 4 }),
});

const bound = {
  kind: 'validation',
  step: 1,
  tokens: 500,
  seconds: 1,
  natsPerToken: 2,
  windows: 8,
  windowTokens: 64,
} as const;

test('a terminal gets a live line: steps, loss, tokens a second, time left and rate; above it the curve', () => {
  const { view, text, wait } = written(true);
  for (let step = 1; step <= 10; step++) {
    wait(250);
    view.show(event(step, 4 - step / 10));
  }
  const lines = linesShown(text());
  assert.equal(lines.at(-1), '──────────     10/1,000  loss 3.408  4 min left  2,000 tokens/s  rate 1.0e-3');
  assert.equal(lines.length, 5);
  assert.match(lines[0], /^3\.90 {2}[⠀-⣿]{5}$/);
  assert.match(lines[3], /^3\.41 {2}[⠀-⣿]{5}$/);
});

test('what doesn’t fit into the live line is left out, whole', () => {
  const { view, text } = written(true, 40);
  view.show(event(2));
  assert.deepEqual(linesShown(text()), ['──────────      2/1,000  loss 3.000']);
});

test('elsewhere there are plain lines, ten seconds apart, and one for the last step', () => {
  const { view, text, wait } = written(false);
  for (let step = 991; step <= 1000; step++) {
    view.show(event(step));
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
  const { view, text, wait } = written(true);
  view.show(event(1));
  view.show({ kind: 'note', text: 'a note' });
  view.show({ ...bound, standardError: 0.01, bitsPerByte: 1.5 });
  wait(1000);
  view.show(event(2));
  assert.match(text(), /a note\n/);
  assert.match(text(), /step 1 {2}bound 2\.000 ± 0\.010 nats a token, 1\.500 bits a byte \(8 windows\)\n/);
  assert.match(linesShown(text()).at(-1)!, /loss 3\.000 {2}4 min left {2}bound 2\.000 ± 0\.010/);
});

test('of a single window no error is shown; of pairs it says how many are as preferred', () => {
  const { view, text } = written(false);
  view.show({ ...bound, windows: 1, preferences: { accuracy: 0.75, margin: 0.5, loss: 0.6 } });
  assert.equal(
    text(),
    'step 1  bound 2.000 nats a token (1 window)\n  of held-out pairs 75 % are as preferred, margin 0.500, loss 0.600\n',
  );
});

test('a sample is set off from the progress, and nothing in it is obeyed by the terminal', () => {
  const { view, text } = written(true);
  view.show({ kind: 'sample', step: 5, text: 'one\ntwo\x1b[2J\n' });
  view.show({ kind: 'saved', step: 5, bytes: 100 });
  assert.equal(text(), 'step 5  writes\n  │ one\n  │ two␛[2J\n');
});

test('below a sample the losses so far are drawn, from the first to the last, however many there are', () => {
  const { view, text } = written(false);
  for (let step = 1; step <= 5000; step++) view.show({ ...event(step, 5 - step / 2500), steps: 5000 });
  view.show({ kind: 'sample', step: 5000, text: 'a cat' });
  const [, curve] = text().trimEnd().split('\n').slice(-2);
  assert.match(curve, /^ {2}loss 5\.00 [█▇▆▅▄▃▂▁]{40} 3\.0\d$/);
  const bars = [...curve.split(' ').at(-2)!].map((bar) => '▁▂▃▄▅▆▇█'.indexOf(bar));
  assert.deepEqual(
    bars,
    bars.toSorted((a, b) => b - a),
  );
});

test('a resumed run says where it goes on, a new one nothing', () => {
  const { view, text } = written(false);
  view.show({ kind: 'began', directory: 'r', step: 0, steps: 2000 });
  view.show({ kind: 'began', directory: 'r', step: 1500, steps: 2000 });
  assert.equal(text(), 'goes on after step 1,500\n');
});

test('the loss that is shown is smoothed, from the first step on and over losses that are not finite', () => {
  const { view, text } = written(false);
  view.show(event(1, NaN));
  assert.match(text(), /loss not finite/);
  view.show(event(2, 4));
  view.show(event(1000, 2));
  assert.match(text(), /loss 2\.974|loss 2\.97/);
});
