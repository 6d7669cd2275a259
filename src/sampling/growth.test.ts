import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hole, layCanvas } from './canvas.ts';
import { endingOf, growing, type GrowthOptions, isRepetitive } from './growth.ts';
import type { MaskPredictor } from './predictor.ts';
import { type Frame, sample } from './sample.ts';

const [END, M, V] = [5, 6, 7];

/** Says one text whatever the canvas, and tells which lengths it saw. */
function writing(text: (i: number) => number, seen: number[] = []): MaskPredictor {
  return (xt, rows) => {
    seen.push(xt.length);
    const data = new Float32Array(rows.length * V);
    rows.forEach((i, r) => (data[r * V + text(i)] = 9));
    return Promise.resolve({ shape: [rows.length, V], data });
  };
}

async function all(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const list: Frame[] = [];
  for await (const frame of frames) list.push(frame);
  return list;
}

const write = (predict: MaskPredictor, options: Partial<GrowthOptions> = {}, steps = 2) => {
  const growth = { blockLength: 4, length: 40, endIds: [END], ...options };
  const canvas = layCanvas([[1, 2], hole(Math.min(growth.blockLength, growth.length))], M);
  return all(sample(predict, canvas, { maskId: M, steps, endIds: growth.endIds, grow: growing(growth) }));
};

test('a canvas grows block by block until the end token stands, and steps are steps a block', async () => {
  const seen: number[] = [];
  const frames = await write(
    writing((i) => (i === 12 ? END : i % 5), seen),
    {},
    2,
  );
  assert.deepEqual(seen, [6, 6, 10, 10, 14, 14]);
  assert.deepEqual(
    frames.map(({ block }) => block),
    [0, 0, 0, 1, 1, 2, 2],
  );
  assert.deepEqual(Array.from(frames.at(-1)!.tokens.subarray(2, 13)), [2, 3, 4, 0, 1, 2, 3, 4, 0, 1, END]);
  assert.equal(frames.at(-1)!.t, 0);
  assert.ok(frames.slice(1).every(({ confidence, tokens }) => confidence.length === tokens.length));
});

test('the last block is as short as the length asks for', async () => {
  const last = (
    await write(
      writing((i) => i % 5),
      { length: 10 },
    )
  ).at(-1)!;
  assert.equal(last.tokens.length, 2 + 10);
  assert.ok(!last.tokens.includes(M));
});

test('a text that repeats itself grows no further, unless it may', async () => {
  const circle = writing((i) => i % 3);
  const guarded = (await write(circle, { length: 400 })).at(-1)!;
  assert.equal(guarded.tokens.length, 2 + 32);
  const free = (await write(circle, { length: 400, repeats: true })).at(-1)!;
  assert.equal(free.tokens.length, 2 + 400);
});

test('what ended a text is told', () => {
  const of = (written: number[], repeats = false) =>
    endingOf({ tokens: Int32Array.from([END, ...written]), tail: 1 }, { endIds: [END], repeats });
  assert.equal(of([1, 2, 3]), undefined);
  assert.equal(of([1, 2, END]), 'end token');
  const round = Array.from({ length: 36 }, (_, i) => i % 2);
  assert.deepEqual([of(round), of(round, true)], ['repetition', undefined]);
});

test('a text in a circle of up to half the window is repetitive in its third round, and in its first it is not', () => {
  for (const period of [1, 5, 20, 62]) {
    const circle = (rounds: number) =>
      Array.from({ length: Math.ceil(period * rounds) }, (_, i) => i % period);
    const third = Math.max(3, 40 / period);
    assert.ok(isRepetitive(circle(third)), `${period}`);
    assert.ok(period < 32 || !isRepetitive(circle(1)), `${period}`);
  }
  const story = Array.from({ length: 200 }, (_, i) => (i * 7919) % 211);
  assert.ok(!isRepetitive(story));
  assert.ok(!isRepetitive([1, 1, 1, 1]), 'too little to say');
  assert.ok(isRepetitive([...story, ...Array.from({ length: 100 }, () => 3)]), 'only the end counts');
});
