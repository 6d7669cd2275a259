import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatSays } from '../../../test/fake-model.ts';
import { load } from '../../language-model/load.ts';
import { shippedJudge } from '../../model-files/locate.ts';
import { diversityOf } from './diversity.ts';
import { judgeTexts } from './judge.ts';

const texts = [
  'Tom had a red boat. He took the red boat to the pond, and the boat went far away on the water. Tom was sad. A big duck saw Tom and the boat.',
  '"I can help you," said the duck. The duck swam to the boat and pushed it back to Tom with her beak. Tom was happy again, and he gave the duck some bread.',
  "One day, a cat named Zed met 3 mice – they didn't run! They sat in the sun and the cat sat in the sun, and they all went to sleep in the sun.",
];

test('the judge that ships says what another implementation of it says, over windows of one text and of many', async (t) => {
  const judge = await load(shippedJudge);
  t.after(() => judge.close());
  // bits a character, distinct-2 and words by float32 loops over the published file, in numpy
  const recorded = [
    { given: texts.slice(0, 1), most: 10_000, bits: 1.1833406687, distinct: 0.96875, words: 33 },
    { given: texts, most: 10_000, bits: 1.4041622877, distinct: 0.9191919192, words: 100 },
    { given: texts, most: 270, bits: 1.1478594542, distinct: 0.9344262295, words: 62 },
  ];
  for (const { given, most, bits, distinct, words } of recorded) {
    const found = await judgeTexts(judge, given, { most });
    assert.ok(Math.abs(found.bitsPerCharacter - bits) < 2e-5, `${found.bitsPerCharacter}, not ${bits}`);
    assert.ok(Math.abs(found.distinct[1] - distinct) < 1e-9);
    assert.deepEqual([found.words, found.texts], [words, given.length]);
  }
  const twice = await judgeTexts(judge, [...texts, ...texts]);
  assert.ok(twice.standardError > 0 && twice.repeated > 0.4);
});

test('no text, and a judge that only gives a bound, are refused', async () => {
  const writer = modelThatSays(() => ({ id: 70, logit: 1 }));
  await assert.rejects(judgeTexts(writer, ['Tom']), { message: /^judge: must be a causal model/ });
  await assert.rejects(judgeTexts(writer, [' ']), { message: /^texts: must have text/ });
});

test('by hand: runs of words that are different, over all texts as one, and those that came before', () => {
  const { distinct, repeated, words } = diversityOf(['a b a b', 'a  b\n']);
  assert.equal(words, 6);
  assert.deepEqual(distinct, [2 / 6, 2 / 5, 2 / 4, 2 / 3]);
  assert.ok(Math.abs(repeated - 1 / 3) < 1e-12);
  assert.ok(Number.isNaN(diversityOf(['one two']).distinct[2]));
});
