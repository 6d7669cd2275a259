import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidOptionError } from '../../base/errors.ts';
import type { TrainingRequest } from '../options.ts';
import { requireEffect } from './option-effects.ts';
import { resolveOptions } from './resolve-options.ts';

const data = ['text.txt'];
const check = (request: TrainingRequest): void => requireEffect(request, resolveOptions(request));

test('an option that would have no effect beside the others is refused by name, also with the value that it has by default', () => {
  const autoregressive = { data, objective: 'autoregressive' } as const;
  const cases: [keyof TrainingRequest, TrainingRequest][] = [
    ['noise', { ...autoregressive, noise: 'linear' }],
    ['eps', { ...autoregressive, eps: 0.01 }],
    ['times', { ...autoregressive, times: 'iid' }],
    ['antithetic', { ...autoregressive, antithetic: true }],
    ['promptShare', { ...autoregressive, promptShare: 0.5 }],
    ['validationDraws', { ...autoregressive, validationDraws: 8 }],
    ['bellMean', { data, times: 'low-discrepancy', bellMean: 0.5 }],
    ['bellWidth', { data, times: 'iid', bellWidth: 0.5 }],
    ['decayShare', { data, schedule: 'cosine', decayShare: 0.1 }],
    ['decayShare', { data, schedule: 'constant', decayShare: 0.1 }],
    ['minimumRate', { data, schedule: 'constant', minimumRate: 1e-5 }],
    ['vocabularySize', { data, tokenizer: 'characters', vocabularySize: 512 }],
    ['vocabularySize', { data, tokenizer: 'models/stories', vocabularySize: 512 }],
    ['vocabularySize', { data, from: 'models/stories', vocabularySize: 512 }],
    ['init', { data, from: 'models/stories', init: 'gpt2' }],
  ];
  for (const [option, request] of cases) {
    assert.throws(
      () => check(request),
      (error: unknown) => error instanceof InvalidOptionError && error.option === option,
      JSON.stringify(request),
    );
    const { [option]: _, ...others } = request;
    check(others);
  }
});

test('an option with an effect passes, and a recorded run has all options without having been asked for one', () => {
  check({
    data,
    noise: 'cosine',
    eps: 0.01,
    times: 'bell',
    bellMean: 0.4,
    antithetic: true,
    promptShare: 0.5,
  });
  check({ data, schedule: 'cosine', minimumRate: 1e-5, init: 'gpt2', vocabularySize: 512 });
  check({ data, decayShare: 0.3, objective: 'block-diffusion', noise: 'cosine' });
  const recorded = resolveOptions({ data, objective: 'autoregressive', schedule: 'constant' });
  requireEffect({ resume: 'runs/mine' }, recorded);
});
