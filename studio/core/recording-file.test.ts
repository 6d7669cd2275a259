import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastFrameOf, readRecording, type RecordingFile, writeRecording } from './recording-file.ts';

const frame = {
  revision: 0,
  step: 0,
  block: 0,
  t: 1,
  length: 3,
  committed: 0,
  reset: true,
  changes: [{ position: 2, token: 7, text: '<b>\u0000', confidence: 0.5 }],
  candidates: [{ position: 1, tokens: [{ token: 1, text: 'a', probability: 0.25 }] }],
};
const whole: RecordingFile = {
  asked: { prompt: 'Once', model: 'stories', options: { length: 3, banned: [4] } },
  ending: { finish: 'stop', seed: 3, forwards: 2, tokens: 3, tokensPerForward: 1.5, ms: 12.5 },
  events: [
    { frame, ms: 1 },
    { frame: { ...frame, revision: 1, reset: false, changes: [], candidates: undefined }, ms: 2 },
  ],
};

test('what was written is read again', () => {
  const read = readRecording(writeRecording(whole));
  assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(whole)));
});

test('the last frame alone has all that stands in the end', () => {
  const one = { ...frame, changes: [{ position: 0, token: 5, text: 'a', confidence: null }] };
  const again = {
    ...frame,
    reset: false,
    changes: [{ position: 2, token: null, text: '', confidence: null }],
  };
  const events = [whole.events[0], { frame: { ...one, reset: false, committed: 1 }, ms: 2 }];
  const { events: last, ...others } = lastFrameOf({ ...whole, events });
  assert.deepEqual(others, { asked: whole.asked, ending: whole.ending });
  assert.deepEqual(last, [
    {
      ms: 2,
      frame: { ...one, committed: 1, candidates: [], changes: [one.changes[0], frame.changes[0]] },
    },
  ]);
  // what was masked again is a mask
  const masked = lastFrameOf({ ...whole, events: [...events, { frame: again, ms: 3 }] });
  assert.deepEqual(masked.events[0].frame.changes, [one.changes[0]]);
  assert.doesNotThrow(() => readRecording(writeRecording(masked)));
});

test('what is no recording is refused in a sentence that says where', () => {
  assert.throws(() => readRecording('{'), /not JSON/);
  assert.throws(() => readRecording('[]'), /no recording/);
  const withFrame = (changed: object): string =>
    writeRecording({ ...whole, events: [{ ms: 0, frame: { ...frame, ...changed } }] } as RecordingFile);
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ length: 2 ** 40 }, /length/],
    [{ length: -1 }, /length/],
    [{ committed: 4 }, /committed/],
    [{ t: '1' }, /\.t /],
    [{ changes: [{ position: 3, token: 1, text: '', confidence: null }] }, /changes/],
    [{ changes: [{ position: 0, token: 1, text: {}, confidence: null }] }, /changes/],
    [{ changes: null }, /changes/],
    [{ candidates: [{ position: 9, tokens: [] }] }, /candidates/],
    [{ candidates: [{ position: 0, tokens: [{ token: 1, text: 1, probability: 1 }] }] }, /candidates/],
  ];
  for (const [changed, problem] of wrong) assert.throws(() => readRecording(withFrame(changed)), problem);
  assert.throws(() => readRecording(writeRecording({ ...whole, events: [] })), /events/);
  const grown = [whole.events[0], { ms: 1, frame: { ...frame, reset: false, length: 4 } }];
  assert.throws(() => readRecording(writeRecording({ ...whole, events: grown })), /events\[1\].*length/);
});
