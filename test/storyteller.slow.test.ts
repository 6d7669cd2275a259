import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, besideStories, fitOf, heldOutConversations } from '../recipes/talk/fit.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { load } from '../src/index.ts';
import { shippedModels } from '../src/model-files/locate.ts';

test('models/talk tells of what it is asked for, goes on about it, ends it, and knows what it is', async () => {
  const model = await load(shippedModels.talk);
  const asked = heldOutConversations(10);
  const conversations = await answered(
    model,
    asked.map(({ turns: [first] }) => first),
  );
  const fit = fitOf(conversations, asked);
  const { texts } = await writeTexts(
    model,
    besideStories.map(([content], k) => ({ messages: [{ role: 'user', content }], seed: k + 1 })),
  );
  await model.close();
  const beside = besideStories.filter(([, pattern], k) => pattern.test(texts[k])).length;
  assert.ok(fit.asked >= 6, `${fit.asked} of 10 have what was asked for`);
  assert.ok(Math.min(...fit.kept) >= 8, `${fit.kept.join(', ')} of 10 keep to it`);
  assert.ok(beside >= 7, `${beside} of ${besideStories.length} beside stories`);
});
