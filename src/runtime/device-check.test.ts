import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingCudaLibraries } from './cuda-libraries.ts';
import { checkDevice, compareWithCpu } from './device-check.ts';

test("the CPU's fused operators compute what their expansions do, at prompts of 64 and 512 tokens and behind a cache", async () => {
  const { operations, expanded } = await compareWithCpu('cpu');
  assert.deepEqual([...expanded], []);
  assert.ok(operations.length > 8 && operations.every(({ error }) => error < 1e-5));
});

test('whoever computes on the CPU waits for no check', async () => {
  assert.deepEqual((await checkDevice('cpu')).operations, []);
});

test('what CUDA lacks is said by name, and with all of it nothing', () => {
  const without = (lacking: string) => ({
    engineFolder: undefined,
    has: (name: string) => name !== lacking,
  });
  const names = missingCudaLibraries(without('libcudnn.so.9')).map(({ name }) => name);
  assert.deepEqual(names, ['libonnxruntime_providers_cuda.so', 'libcudnn.so.9']);
});
