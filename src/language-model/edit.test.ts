import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds, modelThatSays, type Saying } from '../../test/fake-model.ts';

const good = 'The cat sat on the mat, and the dog lay on the rug.';

/** Knows one text of one length, and is sure of it. */
const knowing =
  (text: string, logit = 12): Saying =>
  (xt, i) => ({
    id: byteTokenizer.encode(text)[i] ?? fakeIds.end,
    logit: xt.length === text.length ? logit : 3,
  });

test('a word that the model doubts is rewritten, and all else is as it was', async () => {
  const text = good.replace('dog', 'pxq');
  const { text: edited, changes, doubts, tokens, scored } = await modelThatSays(knowing(good)).edit({ text });
  assert.equal(edited, good);
  const at = text.indexOf('pxq');
  assert.deepEqual(doubts, [{ start: at, end: at + 3 }]);
  assert.equal(changes.length, 1);
  const [{ start, end, before, after, probability }] = changes;
  assert.deepEqual([start, end, before, after], [at, at + 3, 'pxq', 'dog']);
  assert.ok(probability.before < 0.001 && probability.after > 0.99);
  assert.equal(tokens.length, text.length);
  // a canvas for each eighth of the words and each token in them; one eighth has no word of three letters
  assert.equal(scored, 2 * (7 * 3 + 2), 'the text is read once before and once after');
});

test('a text that the model does not doubt costs one reading and stays', async () => {
  const { text, changes, doubts, stats } = await modelThatSays(knowing(good)).edit({ text: good });
  assert.deepEqual([text, changes, doubts, stats.forwards], [good, [], [], 0]);
});

test('a dry run says what would be rewritten, and changes nothing', async () => {
  const text = good.replace('dog', 'pxq');
  const edit = await modelThatSays(knowing(good)).edit({ text, dryRun: true });
  assert.deepEqual([edit.text, edit.changes, edit.stats.forwards], [text, [], 0]);
  assert.equal(edit.doubts.length, 1);
});

test('no more changes than is allowed, the least likely words first, over all passes', async () => {
  // twelve letters are wrong, each in a word of its own; the model is less sure of the later ones
  const right = 'a b c d e f g h i j k l'.split(' ');
  const known = byteTokenizer.encode(right.join(' '));
  const model = modelThatSays((_, i) => ({ id: known[i], logit: 9 + i / 4 }));
  const text = right.map(() => 'x').join(' ');
  for (const [maxChange, passes, expected] of [
    [0.2, 1, 4],
    [0.2, 3, 4],
    [1, 1, 12],
    [0.05, 1, 1],
    [0.01, 1, 0],
  ]) {
    const { text: edited, changes } = await model.edit({ text, maxChange, passes });
    assert.equal(changes.length, expected);
    const left = edited.split(' ').filter((letter) => letter === 'x').length;
    assert.equal(left, 12 - expected);
    if (expected === 4) assert.ok(edited.endsWith('i j k l'), edited);
  }
});

test('of a short text a word may change by default, however much of it that is', async () => {
  const short = 'a dog';
  const model = modelThatSays(knowing(short));
  assert.equal((await model.edit({ text: 'a pxq' })).text, short);
  assert.equal((await model.edit({ text: 'a pxq', maxChange: 0.2 })).text, 'a pxq');
});

test('what is no likelier than what stood there is not taken, unless it was asked for', async () => {
  // writes z, and then would rather have had something else
  const model = modelThatSays((xt) => {
    const isWritten = xt.includes(fakeIds.byte(122));
    return { id: fakeIds.byte(isWritten ? 63 : 122), logit: 9 };
  });
  const text = 'a b c';
  const { changes, doubts } = await model.edit({ text, maxChange: 0.7, tokensPerStep: 3 });
  assert.ok(doubts.length > 0);
  assert.deepEqual(changes, []);
  const asked = await model.edit({ text, spans: [{ start: 2, end: 3 }] });
  assert.equal(asked.text, 'a z c');
});

test('several passes mend what one leaves, and a change over a change is one change', async () => {
  // the first letter is known only once the second is right
  const model = modelThatSays((xt, i) => {
    const mended = xt[3] === fakeIds.byte(98);
    return {
      id: [fakeIds.byte(mended ? 97 : 113), fakeIds.byte(32), fakeIds.byte(45), fakeIds.byte(98)][i],
      logit: 12,
    };
  });
  const text = 'q -x';
  const once = await model.edit({ text, maxChange: 1 });
  assert.equal(once.text, 'q -b');
  const twice = await model.edit({ text, maxChange: 1, passes: 5 });
  assert.equal(twice.text, 'a -b');
  assert.deepEqual(
    twice.changes.map(({ start, end, before, after }) => [start, end, before, after]),
    [
      [0, 1, 'q', 'a'],
      [3, 4, 'x', 'b'],
    ],
  );
});

test('a span may become longer or shorter, where it is allowed to', async () => {
  const text = good.replace('dog', 'elephant');
  const model = modelThatSays((xt, i) => ({
    id: byteTokenizer.encode(good)[i] ?? fakeIds.end,
    logit: xt.length === good.length ? 12 : 3,
  }));
  const spans = [{ start: text.indexOf('elephant'), end: text.indexOf('elephant') + 8 }];
  assert.equal((await model.edit({ text, spans, stretch: 6 })).text, good);
  assert.notEqual((await model.edit({ text, spans, stretch: 0 })).text, good);
});

test('a span of a word is drafted in fewer tokens, too, and in no more drafts than it has', async () => {
  let forwards = 0;
  const text = good.replace('dog', 'elephant');
  const start = text.indexOf('elephant');
  const model = modelThatSays(knowing(good), { onForward: () => void (forwards += 1) });
  const { text: edited, stats } = await model.edit({ text, spans: [{ start, end: start + 8 }] });
  assert.equal(edited, good);
  assert.equal(stats.tokens, 8 + 7 + 6 + 5 + 4 + 3 + 2 + 1);
  // two words of three tokens have at least two, which is what stood there
  const two = good.replace('dog lay', 'cat ran');
  const at = two.indexOf('cat ran');
  const words = await modelThatSays(knowing(good)).edit({ text: two, spans: [{ start: at, end: at + 7 }] });
  assert.equal(words.text, good);
  // a longer one keeps its length
  const spans = [{ start: 4, end: 16 }];
  assert.equal((await model.edit({ text, spans })).stats.tokens, 12);
});

test('what cannot be is refused before the network runs', async () => {
  const model = modelThatSays(knowing(good), { onForward: () => assert.fail('the network ran') });
  const spans = [{ start: 1, end: 3 }];
  const wrong: [object, RegExp][] = [
    [{ spans: [] }, /^spans: must be stretches of the text in order/],
    [{ spans: [{ start: 3, end: 3 }] }, /^spans: /],
    [{ spans: [{ start: 3, end: 999 }] }, /^spans: /],
    [{ spans: [...spans, ...spans] }, /^spans: /],
    [{ spans: [{ start: 0, end: good.length }] }, /^spans: must leave some of the text as it is/],
    [{ spans, threshold: 0.5 }, /^threshold: has no use where it is said what is to be rewritten/],
    [{ spans, passes: 2 }, /^passes: has no use/],
    [{ maxChange: 0 }, /^maxChange: must be more than 0/],
    [{ passes: 0 }, /^passes: must be at least 1/],
    [{ treshold: 0.5 }, /^treshold: is no option/],
    [{ tau: 0.5 }, /^tau: is for the strategies/],
  ];
  for (const [request, message] of wrong)
    await assert.rejects(model.edit({ text: good, ...request }), (error: Error) => {
      assert.equal(error.name, 'InvalidOptionError');
      assert.match(error.message, message);
      return true;
    });
  const capped = modelThatSays(knowing(good)).edit({
    text: good,
    spans: [{ start: 1, end: 30 }],
    maxChange: 0.1,
  });
  await assert.rejects(capped, /maxChange: must be at least the share of the text that is marked/);
});
