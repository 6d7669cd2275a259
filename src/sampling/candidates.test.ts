import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { byteTokenizer, fakeIds, modelThatSays } from '../../test/fake-model.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import type { Model, SampleRequest } from '../language-model/language-model.ts';
import { load } from '../language-model/load.ts';
import { candidatesOf, movedCandidates } from './candidates.ts';
import type { Frame } from './sample.ts';

test('the likeliest come first, the first of equals, with what softmax gives them', () => {
  const logits = { shape: [2, 4], data: Float32Array.of(0, Math.log(2), 9, Math.log(2), 5, 5, 9, 1) };
  const { positions, tokens, probabilities } = candidatesOf({ logits, rows: Int32Array.of(3, 8) }, 2, {
    forbidden: [2],
  });
  assert.deepEqual([...positions], [3, 8]);
  assert.deepEqual([...tokens], [1, 3, 0, 1]);
  const second = 1 / (2 + Math.exp(-4));
  for (const [i, expected] of [0.4, 0.4, second, second].entries())
    assert.ok(Math.abs(probabilities[i] - expected) < 1e-7, `${probabilities}`);
});

test('there are no more candidates than tokens that can be predicted', () => {
  const logits = { shape: [1, 4], data: Float32Array.of(3, 2, 1, 0) };
  const options = { forbidden: [1, 7], vocabularySize: 3 };
  const { tokens } = candidatesOf({ logits, rows: Int32Array.of(0) }, 8, options);
  assert.deepEqual([...tokens], [0, 2]);
});

test('candidates move with their positions, and go with them', () => {
  const moved = movedCandidates(
    {
      positions: Int32Array.of(1, 2),
      tokens: Int32Array.of(5, 6, 7, 8),
      probabilities: Float64Array.of(0.5, 0.4, 0.9, 0.1),
    },
    [0, -1, 2, 3],
  );
  assert.deepEqual([[...moved.positions], [...moved.tokens]], [[2], [7, 8]]);
  assert.deepEqual([...moved.probabilities], [0.9, 0.1]);
});

async function framesOf(model: Model, request: SampleRequest): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of model.sample(request)) frames.push(frame);
  return frames;
}

test('each frame has what a plain softmax of the logits gives, and the text is the same without', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const model = await load(path);
  t.after(() => model.close());
  for (const more of [
    {},
    { temperature: 1, topK: 2 },
    { strategy: 'editing' },
    { regex: '[a-c ]+' },
  ] as const) {
    const request = { prompt: 'A dog', length: 6, steps: 3, seed: 4, ...more };
    const frames = await framesOf(model, { ...request, candidates: 3 });
    const plain = await framesOf(model, request);
    assert.ok(plain.every((frame) => !('candidates' in frame)));
    assert.deepEqual(
      frames.map(({ tokens, confidence }) => [tokens, confidence.map((p) => Math.round(1e6 * p))]),
      plain.map(({ tokens, confidence }) => [tokens, confidence.map((p) => Math.round(1e6 * p))]),
    );
    assert.equal(frames[0].candidates, undefined);
    for (const [n, { candidates, tokens }] of frames.slice(1).entries()) {
      const before = frames[n].tokens;
      const { shape, data } = await model.logits([before]);
      const V = shape[2];
      const asked = [...before.keys()].filter((i) => before[i] === model.maskId);
      if (!('strategy' in more)) assert.deepEqual([...candidates!.positions], asked);
      for (const [r, i] of candidates!.positions.entries()) {
        const row = Array.from(data.subarray(i * V, (i + 1) * V), (logit, id) => ({
          id,
          weight: id === model.maskId ? 0 : Math.exp(logit),
        }));
        const total = row.reduce((sum, { weight }) => sum + weight, 0);
        const best = row.sort((a, b) => b.weight - a.weight || a.id - b.id).slice(0, 3);
        assert.deepEqual(
          [...candidates!.tokens.subarray(r * 3, r * 3 + 3)],
          best.map(({ id }) => id),
        );
        for (const [k, { weight }] of best.entries())
          assert.ok(Math.abs(candidates!.probabilities[r * 3 + k] - weight / total) < 1e-6);
        if (Object.keys(more).length === 0 && tokens[i] !== before[i])
          assert.ok(Math.abs(frames[n + 1].confidence[i] - candidates!.probabilities[r * 3]) < 1e-6);
      }
    }
  }
});

test('where a hole is resized, candidates are of the positions as they are now', async () => {
  const expandId = 258;
  const tokenizer = {
    ...byteTokenizer,
    vocabularySize: 259,
    specialTokens: new Map([...byteTokenizer.specialTokens, ['<|expand|>', expandId]]),
  };
  let expanded = false;
  const model = modelThatSays(
    (xt, i) =>
      i === 1 && xt.length < 8 ? { id: expandId, logit: 9 } : { id: fakeIds.byte(97 + i), logit: 9 },
    { tokenizer },
  );
  let before: Frame | undefined;
  await model.infill({
    parts: ['x', { length: 'any' }, 'y'],
    candidates: 2,
    onFrame(frame) {
      const { sources, candidates, tokens } = frame;
      for (const [r, i] of (candidates?.positions ?? []).entries()) {
        assert.ok(i < tokens.length);
        // what it said of a place is told of that place, wherever it went
        const was = sources ? sources[i] : i;
        const said = was === 1 && before!.tokens.length < 8 ? expandId : fakeIds.byte(97 + was);
        assert.equal(candidates!.tokens[2 * r], said);
        expanded ||= was !== i;
      }
      before = frame;
    },
  });
  assert.ok(expanded);
});

test('more than twenty, or less than none, is refused before anything is predicted', async () => {
  const model = modelThatSays(() => assert.fail('predicted'));
  for (const candidates of [21, -1, 1.5]) {
    const problem = /candidates: must be/;
    await assert.rejects(model.sample({ prompt: 'a', candidates }).next(), problem);
    await assert.rejects(model.infill({ parts: ['a', { length: [1, 4] }], candidates }), problem);
    await assert.rejects(model.edit({ text: 'ab', candidates }), problem);
  }
});
