import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LossWatch } from './loss-watch.ts';

const never = (): Promise<never> => new Promise(() => {});

test('what waits for a device that is lost fails with one sentence, and so does all that comes later', async () => {
  let lose: (why: string) => void = () => {};
  const watch = new LossWatch('webgpu', new Promise((resolve) => (lose = resolve)), 5);
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
