import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { anyOrder } from '../src/cli/commands/demo.ts';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { load, shippedModel } from '../src/index.ts';
import { shippedJudge } from '../src/model-files/locate.ts';
import type { SamplingRequest } from '../src/sampling/options.ts';

// what newcomers see first is held to what real stories are (1.2 bits a character, distinct-2 .72, repeated 4-grams .05), so that
// nobody is shown loops or gibberish again

const [model, judge] = [await load(shippedModel), await load(shippedJudge)];
after(() => Promise.all([model.close(), judge.close()]));

async function worthOf(sampling: SamplingRequest) {
  const requests = [1, 2, 3, 4, 5, 6].map((seed) => ({ ...sampling, prompt: 'Once upon a time', seed }));
  const { texts } = await writeTexts(model, requests);
  return judgeTexts(judge, texts, { most: 5000 });
}

test('a story by the defaults of the model that ships is like a story, and no loop', async () => {
  const { bitsPerCharacter, distinct, repeated } = await worthOf({});
  assert.ok(bitsPerCharacter < 1.45, `${bitsPerCharacter} bits a character`);
  assert.ok(distinct[1] > 0.65, `distinct-2 ${distinct[1]}`);
  assert.ok(repeated < 0.1, `repeated 4-grams ${repeated}`);
});

test('so is what npm start shows', async () => {
  const { bitsPerCharacter, distinct, repeated } = await worthOf(anyOrder);
  assert.ok(bitsPerCharacter < 1.4, `${bitsPerCharacter} bits a character`);
  assert.ok(distinct[1] > 0.6, `distinct-2 ${distinct[1]}`);
  assert.ok(repeated < 0.13, `repeated 4-grams ${repeated}`);
});
