import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findShare, requestsOf, shareFolder } from './share.ts';

test('shares one behind the other are the whole, and as large as each other to one request', () => {
  for (const requests of [0, 1, 7, 100])
    for (const count of [1, 2, 3, 7, 16]) {
      const ranges = Array.from({ length: count }, (_, index) => requestsOf({ index, count }, requests));
      assert.equal(ranges[0][0], 0);
      assert.equal(ranges.at(-1)![1], requests);
      for (const [i, [from, to]] of ranges.entries()) {
        if (i > 0) assert.equal(from, ranges[i - 1][1]);
        assert.ok([0, 1].includes(to - from - Math.floor(requests / count)));
      }
    }
});

test('the folders of shares are in their order', () => {
  const names = Array.from({ length: 12 }, (_, index) => shareFolder({ index, count: 12 }));
  assert.deepEqual(names.toSorted(), names);
  assert.equal(shareFolder({ index: 0, count: 1 }), '');
});

test('a share is said by a flag, by the array of Slurm, by the index of Kubernetes, or is all', () => {
  assert.deepEqual(findShare({}, {}), { index: 0, count: 1 });
  assert.deepEqual(findShare({ shard: '3/4' }, { SLURM_ARRAY_TASK_ID: '0' }), { index: 3, count: 4 });
  const slurm = { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '1' };
  assert.deepEqual(findShare({}, { ...slurm, SLURM_ARRAY_TASK_STEP: '2' }), { index: 2, count: 3 });
  assert.deepEqual(findShare({ shards: 8 }, { JOB_COMPLETION_INDEX: '7' }), { index: 7, count: 8 });
});

test('a share that is none is one sentence', () => {
  for (const shard of ['4/4', '1', 'a/b', '-1/2'])
    assert.throws(() => findShare({ shard }, {}), /^InvalidOptionError: shard: must be a share from 0 on/);
  assert.throws(() => findShare({}, { JOB_COMPLETION_INDEX: '0' }), /shards: is needed/);
  assert.throws(() => findShare({ shards: 2 }, {}), /shards: needs the environment/);
  assert.throws(() => findShare({ shards: 2, shard: '0/2' }, {}), /is said by --shard already/);
  assert.throws(() => findShare({}, { SLURM_ARRAY_TASK_ID: '0' }), /must be a share/);
});
