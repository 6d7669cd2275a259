import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../../test/cpu-time.ts';
import { gapIn } from './sentinels.ts';

test('the sentinels of each family are read', () => {
  for (const prompt of [
    '<|fim_prefix|>a(<|fim_suffix|>)b<|fim_middle|>',
    '<|fim_suffix|>)b<|fim_prefix|>a(<|fim_middle|>',
    '<fim_prefix>a(<fim_suffix>)b<fim_middle>',
    '<fim_suffix>)b<fim_prefix>a(<fim_middle>',
    '<PRE> a( <SUF>)b <MID>',
    '<｜fim▁begin｜>a(<｜fim▁hole｜>)b<｜fim▁end｜>',
    '<|code_prefix|>a(<|code_suffix|>)b<|code_middle|>',
    '[SUFFIX])b[PREFIX]a(',
  ])
    assert.deepEqual(gapIn(prompt), { before: 'a(', after: ')b' }, prompt);
});

test('other files in front stay in front', () => {
  const prompt = '<|repo_name|>x\n<|file_sep|>y\n<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>';
  assert.deepEqual(gapIn(prompt), { before: '<|repo_name|>x\n<|file_sep|>y\na', after: 'b' });
});

test('what only looks like it is text, and takes no time', () => {
  for (const prompt of ['', 'a < b', '<|fim_prefix|>a', 'a<|fim_middle|>', '<|fim_suffix|>'])
    assert.equal(gapIn(prompt), undefined, prompt);
  const begin = cpuMs();
  gapIn('<|fim_prefix|>'.repeat(50_000));
  gapIn(`${'<|fim_suffix|>'.repeat(50_000)}<|fim_middle|>`);
  assert.ok(cpuMs() - begin < 1000);
});
