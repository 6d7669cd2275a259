import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../base/turns.ts';
import { LossWatch } from './loss-watch.ts';

const never = (): Promise<never> => new Promise(() => {});

test('what waits for a device that is lost fails with one sentence, and so does all that comes later', async () => {
  let lose: (why: string) => void = () => {};
  const watch = new LossWatch('webgpu', 5);
  watch.follow(new Promise((resolve) => (lose = resolve)));
  assert.equal(await watch.during(async () => 3), 3);
  await assert.rejects(
    watch.during(async () => {
      throw new Error('a reason of its own');
    }),
    /^Error: a reason of its own$/,
  );
  // one that would be waited for without an end, and one that fails a moment before it is told why
  const hanging = watch.during(never);
  const failing = watch.during(() => Promise.reject(new Error('a buffer is gone')));
  assert.equal(watch.isLost, false);
  lose('destroyed');
  const sentence =
    /^UnsupportedError: webgpu: the GPU was lost \(destroyed\): load the model again, or resume/;
  for (const work of [hanging, failing, watch.during(never)]) await assert.rejects(work, sentence);
  assert.equal(watch.isLost, true);
});

test('a run that never returns gives its turn to the next once the device is lost', async () => {
  let lose: (why: string) => void = () => {};
  const watch = new LossWatch('webgpu', 5);
  watch.follow(new Promise((resolve) => (lose = resolve)));
  const turns = new Turns();
  const hanging = turns.take(() => watch.during(never));
  const next = turns.take(async () => 3);
  lose('destroyed');
  await assert.rejects(hanging, /the GPU was lost/);
  assert.equal(await next, 3);
});

test('a device of which it cannot be told whether it is lost goes on', async () => {
  const watch = new LossWatch('webgpu', 5);
  watch.follow(Promise.reject(new Error('no adapter')));
  await new Promise(setImmediate); // a rejection that nobody handles would end the process
  assert.equal(await watch.during(async () => 3), 3);
  assert.equal(watch.isLost, false);
});

test('a device that never answers is taken for lost, and gives its turn to the next', async () => {
  const watch = new LossWatch('webgpu', 5);
  const turns = new Turns();
  assert.equal(await watch.during(async () => 3, 60_000), 3);
  const hanging = turns.take(() => watch.during(never, 2));
  const next = turns.take(async () => 4);
  await assert.rejects(
    hanging,
    /^UnsupportedError: webgpu: the GPU did not answer in 0\.002 s: load the model/,
  );
  assert.equal(await next, 4);
  await assert.rejects(watch.during(never), /did not answer/);
});
