import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameOf } from '../test/frames.ts';
import { Recording } from './recording.ts';
import { joinedTo, restOf } from './rest.ts';

const cell = (text: string | null) => ({
  frame: 0,
  token: text === null ? null : 1,
  text: text ?? '',
  confidence: null,
});
const canvas = [' a', ' dog', null, ' ran', null, null].map(cell);
const asked = { prompt: 'Once', model: 'stories', options: { length: 6, seed: 3 } };

test('a text goes on behind what stands before its first mask, as long as was asked for in all', () => {
  assert.deepEqual(restOf(asked, canvas), {
    prompt: 'Once a dog',
    model: 'stories',
    options: { length: 4, seed: 3 },
  });
  const options = { ...asked.options, steps: 3, blockLength: 6 };
  assert.deepEqual(restOf({ ...asked, options }, canvas)?.options, {
    length: 4,
    seed: 3,
    steps: 2,
    blockLength: 4,
  });
});

test('what is written to its end, a grid, or bound to a whole has no rest', () => {
  assert.equal(restOf(asked, [cell(' a')]), undefined);
  assert.equal(restOf({ ...asked, prompt: '3102200002100320' }, canvas), undefined);
  assert.equal(restOf({ ...asked, options: { regex: 'a+' } }, canvas), undefined);
});

const change = (position: number, text: string) => ({ position, token: position, text, confidence: 0.5 });

test('a rest joins what was recorded: its beginning keeps its history, what stood behind the gap is written anew', () => {
  const recording = new Recording();
  recording.add(frameOf({ reset: true }), 0);
  const candidates = [{ position: 0, tokens: [{ token: 0, text: 'a', probability: 0.5 }] }];
  recording.add(
    frameOf({ revision: 1, step: 1, committed: 1, candidates, changes: [change(0, 'a'), change(2, 'x')] }),
    10,
  );
  const joined = joinedTo(recording, 1);
  recording.add(joined(frameOf({ length: 3, reset: true })), 20);
  assert.equal(recording.textAt(2), 'a');
  const { step, committed, length, written } = recording.facts(2);
  assert.deepEqual({ step, committed, length, written }, { step: 1, committed: 1, length: 4, written: 1 });
  recording.add(
    joined(
      frameOf({
        revision: 1,
        step: 1,
        length: 3,
        committed: 3,
        changes: [0, 1, 2].map((n) => change(n, 'bcd'[n])),
      }),
    ),
    30,
  );
  assert.equal(recording.textAt(3), 'abcd');
  assert.equal(recording.facts(3).step, 2);
  assert.equal(recording.events[3].frame.revision, 3);
  assert.ok(recording.isSameTake(0, 3));
  // any frame can be looked at again
  assert.equal(recording.textAt(1), 'ax');
  assert.equal(recording.cellAt(0, 3).frame, 1);
  assert.deepEqual(recording.candidatesAt(0, 3), candidates[0].tokens);
  // a rest of another length than was to come has the beginning before it all the same
  recording.add(joined(frameOf({ length: 1, reset: true, changes: [change(0, '!')] })), 40);
  assert.equal(recording.textAt(4), 'a!');
});
