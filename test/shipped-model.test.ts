import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { load, shippedModel } from '../src/index.ts';

const model = await load(shippedModel);
after(() => model.close());

for (const length of [1, 7, 50, 51]) {
  test(`the model that ships writes ${length} tokens, whatever block length it prefers`, async () => {
    const { frame } = await model.generate({ prompt: 'Once upon a time', length, seed: 1 });
    assert.equal(frame.tokens.includes(model.maskId), false);
    assert.equal(frame.tokens.length, model.tokenizer.encode('Once upon a time').length + length);
  });
}

test('the model that ships fills holes of any length and leaves the text around them as it is', async () => {
  const { text } = await model.infill({ parts: ['One day, Tom ', { length: 5 }, ' the big dog.'], seed: 2 });
  assert.ok(text.startsWith('One day, Tom ') && text.endsWith(' the big dog.'), text);
});

test('the model that ships finds how many tokens a hole has, and grows a story to its end', async () => {
  const parts = ['Tom was sad. ', { length: [3, 12] as const }, ' Then he was happy again.'];
  const { text, holes } = await model.infill({ parts, temperature: 0 });
  assert.match(text, /^Tom was sad\. \S[^]* Then he was happy again\.$/);
  assert.ok(holes[0].tokens.length >= 3 && holes[0].tokens.length <= 12);
  const { blockLength = 0 } = model.defaults;
  const grow = { prompt: 'One day', grow: true } as const;
  const stories = [await model.generate({ ...grow, length: 64, seed: 1 })];
  for (let seed = 4; stories.at(-1)!.ended !== 'end token' && seed < 9; seed++)
    stories.push(await model.generate({ ...grow, seed }));
  assert.equal(stories.at(-1)!.ended, 'end token');
  const most = model.tokenizer.encode('One day').length + 64;
  for (const [n, { frame }] of stories.entries())
    assert.ok(
      frame.tokens.length % blockLength === 0 || (n === 0 && frame.tokens.length === most),
      'by its blocks',
    );
});

test('the model that ships mends a word that has no place in a story', async () => {
  const text = 'Once upon a time, there was a little girl named Lily. She loved to play elephant her toys.';
  const { text: mended, changes } = await model.edit({ text, threshold: 1e-4 });
  assert.equal(changes.length, 1, JSON.stringify(changes));
  assert.equal(changes[0].before, ' elephant');
  assert.equal(mended, text.replace(' elephant', changes[0].after));
});

test('steps that the preferred block does not divide are taken in another one', async () => {
  const { stats } = await model.generate({ prompt: 'The dog', length: 48, steps: 10, seed: 1, revise: 0 });
  assert.ok(stats.forwards <= 10);
});

test('the same seed writes the same story, another one another', async () => {
  const [one, again, other] = await Promise.all(
    [1, 1, 2].map((seed) => model.generate({ prompt: 'Once upon a time', length: 24, seed })),
  );
  assert.equal(one.text, again.text);
  assert.notEqual(one.text, other.text);
});

test('the model that ships knows stories: real words cost far less than the same words in disorder', async () => {
  const story = ' there was a little girl named Lily. She loved to play with her toys.';
  const disorder = ' toys girl. was with to named little a there Lily her She play loved.';
  const cost = async (answer: string) =>
    (await model.score({ prompt: 'Once upon a time,', answer, samples: 32, seed: 1 })).nats;
  assert.ok((await cost(story)) < 0.6 * (await cost(disorder)));
});
