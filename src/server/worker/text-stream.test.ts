import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds } from '../../../test/fake-model.ts';
import type { Frame } from '../../sampling/sample.ts';
import type { Job, JobProgress } from './protocol.ts';
import { FrameStream } from './frame-stream.ts';
import { TextStream } from './text-stream.ts';

const model = { tokenizer: byteTokenizer, maskId: fakeIds.mask, endIds: [fakeIds.end], contextTokens: 8 };
const plain = { stop: [], logprobs: false, view: 'text' } as const;

/** Frames of a canvas in which `_` is a mask and `$` the end; every token that is new was given the probability 0.5. */
function framesOf(...canvases: string[]): Frame[] {
  let before: number[] = [];
  return canvases.map((canvas, step) => {
    const tokens = Array.from(new TextEncoder().encode(canvas), (byte) =>
      byte === 0x5f ? fakeIds.mask : byte === 0x24 ? fakeIds.end : fakeIds.byte(byte),
    );
    const changed = [...tokens.keys()].filter((i) => step > 0 && tokens[i] !== before[i]);
    before = tokens;
    const confidence = Float64Array.from(tokens, (_, i) => (changed.includes(i) ? 0.5 : 0.1));
    const final = tokens.indexOf(fakeIds.mask) < 0 ? tokens.length : tokens.indexOf(fakeIds.mask);
    return { step, block: 0, t: 1, tokens: Int32Array.from(tokens), changed, final, confidence };
  });
}

function readAll(job: Pick<Job, 'stop' | 'logprobs' | 'view'>, ...canvases: string[]) {
  const transcript = new TextStream(model, job);
  const reports = framesOf(...canvases).map((frame) => transcript.read(frame));
  return { transcript, reports, rest: transcript.finish() };
}

const textsOf = (reports: readonly JobProgress[]): string[] => reports.map(({ text }) => text);

test('text is final up to the first mask, and only grows', () => {
  const { transcript, reports } = readAll(plain, 'ab____', 'ab__e_', 'abc_e_', 'abcde_', 'abcdef');
  assert.deepEqual(textsOf(reports), ['', '', 'c', 'de', 'f']);
  assert.equal(transcript.text, 'cdef');
  assert.deepEqual(
    [transcript.promptTokens, transcript.completionTokens, transcript.hasEnded],
    [2, 4, false],
  );
});

test('half a character waits for the rest of it', () => {
  const transcript = new TextStream(model, plain);
  const [start, , end] = framesOf('____', 'aé__', 'aéb_');
  const half = { ...end, step: 1, final: 2, tokens: end.tokens.slice() };
  half.tokens[2] = fakeIds.mask;
  half.tokens[3] = fakeIds.mask;
  assert.deepEqual(
    [start, half, end].map((frame) => transcript.read(frame).text),
    ['', 'a', 'éb'],
  );
});

test('what a strategy may still rewrite is not final', () => {
  const transcript = new TextStream(model, plain);
  const [start, full] = framesOf('a__', 'abc');
  const texts = [start, { ...full, final: 1 }, { ...full, step: 2, final: 3 }].map(
    (frame) => transcript.read(frame).text,
  );
  assert.deepEqual(texts, ['', '', 'bc']);
});

test('an end token ends the answer, and is no part of it; before given text it ends nothing', () => {
  const { transcript, reports } = readAll(plain, 'a____', 'abc$_', 'abc$$');
  assert.deepEqual(textsOf(reports), ['', 'bc', '']);
  assert.deepEqual([transcript.completionTokens, transcript.hasEnded], [2, true]);
  const gap = readAll(plain, 'a__d', 'ab$d');
  assert.equal(gap.transcript.text, 'b');
  assert.deepEqual([gap.transcript.promptTokens, gap.transcript.hasEnded], [2, true]);
});

test('a stop text cuts the answer; what may become one is held back', () => {
  const { transcript, reports } = readAll(
    { ...plain, stop: ['XY', 'Q'] },
    '______',
    'aX____',
    'aXbX__',
    'aXbXYc',
  );
  assert.deepEqual(textsOf(reports), ['', 'a', 'Xb', '']);
  assert.equal(transcript.text, 'aXb');
  assert.deepEqual([transcript.stoppedBy, transcript.completionTokens], ['XY', 3]);
  const never = readAll({ ...plain, stop: ['XY'] }, '___', 'aX_', 'aXb');
  assert.deepEqual(textsOf(never.reports), ['', 'a', 'Xb']);
});

test('a token is reported with what it was given when it was written', () => {
  const { reports } = readAll({ ...plain, logprobs: true }, '___', '__c', 'a_c', 'abc');
  assert.deepEqual(
    reports.map(({ tokens }) => tokens.map(({ text, logprob }) => [text, logprob])),
    [
      [],
      [],
      [['a', Math.log(0.5)]],
      [
        ['b', Math.log(0.5)],
        ['c', Math.log(0.5)],
      ],
    ],
  );
});

test('reports end where a stop text does', () => {
  const { transcript } = readAll({ stop: ['bc'], logprobs: true, view: 'text' }, '____', 'ab__', 'abcd');
  assert.deepEqual(
    transcript.tokens.map(({ text }) => text),
    ['a'],
  );
});

test('snapshots show masks, and in the end the text alone', () => {
  const { reports } = readAll(
    { ...plain, view: 'snapshots', stop: ['d'] },
    'a____',
    'a_c__',
    'abc__',
    'abcde',
  );
  assert.deepEqual(
    reports.map(({ snapshot }) => snapshot),
    ['▒▒▒▒', '▒c▒▒', 'bc▒▒', 'bc'],
  );
});

/** What a client does, as docs/streaming.md says. */
function replay(reports: readonly JobProgress[]): string[] {
  let canvas: string[] = [];
  return reports.flatMap(({ frame }) => {
    if (!frame) return [];
    if (frame.reset) canvas = Array.from({ length: frame.length }, () => '_');
    for (const { position, token, text } of frame.changes) canvas[position] = token === null ? '_' : text;
    return [canvas.join('')];
  });
}

test('frames replay the whole process', () => {
  const canvases = ['a____', 'a_c__', 'abc__', 'ab___', 'abxyz'];
  const { reports } = readAll({ ...plain, view: 'frames' }, ...canvases);
  assert.deepEqual(
    replay(reports),
    canvases.map((canvas) => canvas.slice(1)),
  );
  assert.deepEqual(
    reports.map(({ frame }) => [frame?.revision, frame?.committed, frame?.reset]),
    [
      [0, 0, true],
      [1, 0, false],
      [2, 2, false],
      [3, 1, false],
      [4, 4, false],
    ],
  );
});

test('a canvas that changes its length is sent anew', () => {
  const { reports } = readAll({ ...plain, view: 'frames' }, 'a__d', 'a_cd', 'a_xcd', 'abxcd');
  assert.deepEqual(
    reports.map(({ frame }) => frame?.reset),
    [true, false, true, false],
  );
  assert.equal(replay(reports).at(-1), 'bxc');
});

test('frames have the candidates of their step, and at the beginning of a canvas its holes', () => {
  const [start, one] = framesOf('x__', 'xa_');
  const candidates = {
    positions: Int32Array.of(1, 2),
    tokens: Int32Array.of(fakeIds.byte(0x62), fakeIds.byte(0x63)),
    probabilities: Float64Array.of(0.25, 0.75),
  };
  const region = new FrameStream(model);
  const tell = (frame: typeof start, hole: number) => {
    region.read(frame);
    return region.tell(frame, [{ hole, start: 1, end: 3 }]);
  };
  const [first, second, next] = [tell(start, 0), tell({ ...one, candidates }, 0), tell(start, 1)];
  assert.deepEqual(first.holes, [{ hole: 0, from: 0, to: 2 }]);
  assert.deepEqual(
    second.candidates!.map(({ position, tokens }) => [position, tokens[0].text, tokens[0].probability]),
    [
      [0, 'b', 0.25],
      [1, 'c', 0.75],
    ],
  );
  assert.ok(!('holes' in second));
  assert.deepEqual([next.holes![0].hole, next.candidates, next.changes], [1, undefined, []]);
});
