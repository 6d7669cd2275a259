import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { reportLines } from './doctor.ts';

const nothing = { operations: [], expanded: [], missing: [] };

test('a device that works says what is written out and why', () => {
  const error = (of: string, by: number) => ({ operation: 'attention', case: of, error: by });
  const operations = [error('64 positions', 0.2), error('512 positions', 0.25), error('1 position', 0)];
  assert.equal(
    reportLines({ ...nothing, device: 'webgpu', works: true, operations, expanded: ['attention'] }, fakeIo()),
    `webgpu  works: 3 computations compared
        attention is written out: the engine's own operator is wrong here by 25 % (512 positions)
`,
  );
});

test('one that does not says why, and how to get what is missing', () => {
  const missing = [{ name: 'libcudnn.so.9', from: 'cuDNN 9' }];
  assert.equal(
    reportLines(
      { ...nothing, device: 'cuda', works: false, problem: 'libraries are missing', missing },
      fakeIo(),
    ),
    `cuda    does not work: libraries are missing
        libcudnn.so.9 is missing; it comes with cuDNN 9
`,
  );
});
