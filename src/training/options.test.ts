import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../base/errors.ts';
import { sizes } from './sizes.ts';
import { trainingSchema } from './options.ts';
import { resolveOptions } from './run/resolve-options.ts';

const data = ['text.txt'];

test('every size gives options that fit each other', () => {
  for (const size of Object.keys(sizes) as (keyof typeof sizes)[]) {
    const options = resolveOptions({ data, size });
    assert.equal(options.layers, sizes[size].layers);
    assert.equal(options.minimumRate, options.learningRate / 10);
    assert.ok(options.warmup! <= options.steps!);
  }
});

test('what is asked for stands above the size, and what is derived follows it', () => {
  const options = resolveOptions({ data, size: 'tiny', width: 512, steps: 1000, learningRate: 2e-3 });
  assert.equal(options.width, 512);
  assert.equal(options.layers, sizes.tiny.layers);
  assert.equal(options.warmup, 50);
  assert.equal(options.minimumRate, 2e-4);
});

test('settled options say the same when they are settled again', () => {
  const options = resolveOptions({ data, size: 'small', ema: 0.999, kvHeads: 2 });
  assert.deepEqual(resolveOptions(options), options);
  assert.equal(
    JSON.stringify(resolveOptions(trainingSchema.parse(JSON.parse(JSON.stringify(options))))),
    JSON.stringify(options),
  );
});

test('options that contradict each other are refused by name', () => {
  const cases: [string, Parameters<typeof resolveOptions>[0]][] = [
    ['data', {}],
    ['heads', { data, heads: 3 }],
    ['heads', { data, width: 4, heads: 4 }],
    ['kvHeads', { data, heads: 4, kvHeads: 3 }],
    ['warmup', { data, steps: 10, warmup: 11 }],
    ['minimumRate', { data, learningRate: 1e-4, minimumRate: 1e-3 }],
    ['block', { data, block: 4 }],
    ['blockWarmup', { data, objective: 'autoregressive', blockWarmup: 4 }],
    ['anneal', { data, anneal: 10 }],
    ['anneal', { data, from: 'model', objective: 'block-diffusion', anneal: 10 }],
    ['causalWarmup', { data, objective: 'autoregressive', causalWarmup: 4 }],
    ['causalWarmup', { data, from: 'model', causalWarmup: 4 }],
    ['causalWarmup', { data, shiftedLogits: false, causalWarmup: 4 }],
    ['shiftedLogits', { data, objective: 'autoregressive', shiftedLogits: true }],
    ['variableLength', { data, objective: 'block-diffusion', variableLength: 0.5 }],
    ['surplus', { data, surplus: 4 }],
    ['surplus', { data, variableLength: 0.5, length: 24, surplus: 9 }],
  ];
  for (const [option, request] of cases) {
    assert.throws(
      () => resolveOptions(request),
      (error: unknown) => error instanceof InvalidOptionError && error.option === option,
    );
  }
});

test('unknown keys and impossible values are refused', () => {
  for (const bad of [
    { depth: 3 },
    { layers: 0 },
    { layers: 1.5 },
    { beta1: 1 },
    { size: 'huge' },
    { keep: 1 },
    { data: [] },
  ])
    assert.equal(trainingSchema.safeParse(bad).success, false, JSON.stringify(bad));
});

test('every option says in its help what it is, and where its value comes from when it is not given', () => {
  for (const [name, option] of Object.entries(trainingSchema.shape)) {
    assert.ok(option.description, name);
    if (!['data', 'resume'].includes(name)) assert.match(option.description, /\[.+\]$/, name);
  }
});

test("where a run begins with a model, the network is that model's, and only what was asked for is compared", () => {
  const options = resolveOptions({ data, from: 'model', heads: 3 });
  assert.deepEqual(
    [options.layers, options.width, options.heads, options.hidden, options.tied, options.tokenizer],
    [undefined, undefined, 3, undefined, undefined, 'model'],
  );
  assert.deepEqual(resolveOptions(options), options);
});
