import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, nat, option, property, record, uniqueArray } from 'fast-check';
import { type RecordedFrame, Recording } from './recording.ts';

const frame = (revision: number, reset: boolean, changes: RecordedFrame['changes'], length = 4) => ({
  revision,
  step: revision,
  block: 0,
  t: 1 - revision / 10,
  length,
  committed: 0,
  reset,
  changes,
});

const write = (position: number, token: number | null, confidence = 0.5) => ({
  position,
  token,
  text: token === null ? '' : `<${token}>`,
  confidence: token === null ? null : confidence,
});

test('any frame can be looked at, in any order, as a replay of the stream has it', () => {
  const change = record({ position: nat(3), token: option(nat(9)) });
  check(
    property(array(uniqueArray(change, { selector: ({ position }) => position })), (steps) => {
      const recording = new Recording();
      recording.add(frame(0, true, []), 0);
      const canvases = [[null, null, null, null] as (number | null)[]];
      for (const [i, changes] of steps.entries()) {
        const written = changes.map(({ position, token }) => write(position, token));
        recording.add(frame(i + 1, false, written), i);
        const canvas = [...canvases[i]];
        for (const { position, token } of changes) canvas[position] = token;
        canvases.push(canvas);
      }
      for (const index of [...canvases.keys()].toReversed())
        assert.deepEqual(
          recording.canvasAt(index).map(({ token }) => token),
          canvases[index],
        );
      for (const [index, canvas] of canvases.entries())
        assert.equal(recording.facts(index).written, canvas.filter((token) => token !== null).length);
      const end = recording.size - 1;
      const changed = recording.changesBetween(end, 0);
      for (const position of [0, 1, 2, 3])
        if (!changed.has(position))
          assert.deepEqual(recording.cellAt(position, end), recording.cellAt(position, 0));
    }),
  );
});

test('a reset begins a canvas of another length', () => {
  const recording = new Recording();
  recording.add(frame(0, true, [write(3, 7)]), 0);
  recording.add(frame(1, true, [write(1, 8)], 2), 1);
  assert.deepEqual(
    recording.canvasAt(0).map(({ token }) => token),
    [null, null, null, 7],
  );
  assert.deepEqual(
    recording.canvasAt(1).map(({ token }) => token),
    [null, 8],
  );
  assert.equal(recording.isSameTake(0, 1), false);
  assert.equal(recording.textAt(1), '<8>');
});

test('candidates are those that were told last', () => {
  const recording = new Recording();
  const tokens = [{ token: 1, text: 'a', probability: 0.6 }];
  recording.add({ ...frame(0, true, []), candidates: [{ position: 2, tokens }] }, 0);
  recording.add(frame(1, false, []), 1);
  assert.deepEqual(recording.candidatesAt(2, 1), tokens);
  assert.deepEqual(recording.candidatesAt(1, 1), []);
});

test('what comes to a masked position is known beforehand, and not what was there before', () => {
  const recording = new Recording();
  recording.add(frame(0, true, []), 0);
  recording.add(frame(1, false, [write(2, 7)]), 1);
  assert.equal(recording.comingText(2, 0), '<7>');
  assert.equal(recording.comingText(2, 1), undefined);
  assert.equal(recording.comingText(1, 0), undefined);
});
