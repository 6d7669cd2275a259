import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeIds, modelThatSays } from '../../../test/fake-model.ts';
import { runJob } from './jobs.ts';
import type { Job, WritingTask } from './protocol.ts';

const length = 9;
/** Slips at the end of what it writes, and knows better once all else stands; it revises by default. */
const model = modelThatSays(
  (xt, i) => {
    const masks = xt.filter((id) => id === fakeIds.mask).length;
    const slips = masks === length && i === xt.length - 1;
    return { id: fakeIds.byte((slips ? '?' : '.').charCodeAt(0)), logit: 12 };
  },
  { defaults: { revise: 1 } },
);

const written = async (task: WritingTask, sampling: Job['sampling'] = {}): Promise<string> => {
  const asked = { length, steps: 1, ...sampling };
  const job: Job = {
    model: 'm',
    task,
    sampling: asked,
    stop: [],
    logprobs: false,
    view: 'text',
    candidates: 0,
  };
  const emit = async (): Promise<void> => {};
  return (await runJob(model, job, { signal: new AbortController().signal, emit })).text;
};

test('a text is revised as its model does by default; an answer, and what an editor asks for, where that is asked for', async () => {
  const turns = [{ role: 'user', content: 'Hi' }] as const;
  const [draft, revised] = [`${'.'.repeat(length - 1)}?`, '.'.repeat(length)];
  assert.equal(await written({ kind: 'write', prompt: 'a' }), revised);
  assert.equal(await written({ kind: 'write', prompt: 'a' }, { revise: 0 }), draft);
  assert.equal(await written({ kind: 'chat', turns }), draft);
  assert.equal(await written({ kind: 'chat', turns }, { revise: 1 }), revised);
  assert.equal(await written({ kind: 'fill', before: 'a', after: '' }), draft);
});
