import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  shortRunObjective,
  shortRunSteps,
  shortRunWarmup,
  timesRead,
  updatesIn,
  warmupUpdates,
} from './short-run.ts';

const reading = { steps: 1000, tokens: 2048, bytes: 1e6 };

test('the causal warm-up is a share of the updates, but reads a text a few times at most', () => {
  assert.equal(timesRead({ steps: 10, tokens: 100, bytes: 1500 }), 2);
  const ofWhole = (bytes: number): number => warmupUpdates('masked-diffusion', { ...reading, bytes });
  assert.equal(ofWhole(1e6), 250);
  // by hand: 3 · 16,000 bytes / (3 bytes · 2,048 tokens) = 7.8 updates
  assert.equal(ofWhole(16_000), 7);
  // where a quarter reads it three times, both say the same
  const bytes = (1000 * 2048 * 3) / 12;
  assert.equal(ofWhole(bytes), 250);
  assert.ok(ofWhole(0.9 * bytes) < 250);
  // of blocks: half of the updates, and four times
  assert.equal(warmupUpdates('block-diffusion', { ...reading, bytes: 2e6 }), 500);
  assert.equal(warmupUpdates('block-diffusion', { ...reading, bytes: 16_000 }), 10);
});

test('a text that one update reads several times has no warm-up; nor have causal models', () => {
  assert.equal(shortRunWarmup({}, { ...reading, bytes: 1000 }), undefined);
  assert.equal(shortRunWarmup({}, { ...reading, bytes: 0 }), undefined);
  assert.equal(shortRunWarmup({}, reading), 250);
  assert.equal(shortRunWarmup({ objective: 'block-diffusion' }, { ...reading, bytes: 2e6 }), 500);
  assert.equal(shortRunWarmup({ shiftedLogits: false }, reading), undefined);
  assert.equal(shortRunWarmup({ objective: 'autoregressive' }, reading), undefined);
});

test('a run of minutes learns blocks and whole texts, unless it is asked for what is of one objective', () => {
  assert.deepEqual(shortRunObjective({}), { objective: 'block-diffusion', block: 4, wholeShare: 0.4 });
  for (const request of [
    { objective: 'masked-diffusion' },
    { variableLength: 0.5 },
    { complementary: true },
    { shiftedLogits: false },
    { learn: 'answers' },
    { from: 'models/stories' },
  ] as const)
    assert.deepEqual(shortRunObjective(request), {}, JSON.stringify(request));
});

test('an update in blocks takes five thirds of the time of another one, and those of whole windows do not', () => {
  assert.equal(updatesIn(1000, {}), 1000);
  assert.equal(
    updatesIn(1000, { objective: 'block-diffusion', causalWarmup: 300, wholeShare: 0.4 }),
    300 + 500,
  );
  assert.equal(updatesIn(20, { objective: 'block-diffusion' }), 12);
  assert.equal(updatesIn(20, { objective: 'block-diffusion', causalWarmup: 50 }), 20);
});

test('its steps are those of Muon, at a rate of their own; what was asked for stays, and answers and models to begin with have their defaults', () => {
  assert.deepEqual(shortRunSteps({}), { optimizer: 'muon', learningRate: 6e-3 });
  assert.deepEqual(shortRunSteps({ optimizer: 'adamw' }), { optimizer: 'adamw', learningRate: 4e-3 });
  assert.deepEqual(shortRunSteps({ learn: 'answers' }), {});
  assert.deepEqual(shortRunSteps({ from: 'models/stories' }), {});
});
