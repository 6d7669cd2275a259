import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds, modelThatSays, type Saying } from '../../test/fake-model.ts';
import type { HoleLength } from './infill-windows.ts';
import type { InfillPart } from './language-model.ts';
import { shippedModel } from '../model-files/locate.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

const stories = await loadTokenizer(shippedModel);

/** Always the same byte. */
const saying =
  (text: string): Saying =>
  () => ({ id: fakeIds.byte(text.charCodeAt(0)), logit: 9 });

test('behind a complete text the model sees the end token, and nobody else does', async () => {
  const seen: number[][] = [];
  const [id] = stories.encode(' dog');
  const model = modelThatSays(() => ({ id, logit: 9 }), {
    tokenizer: stories,
    endIds: [stories.endId!],
    onForward: (xt) => void seen.push([...xt]),
  });
  const end = stories.endId!;
  for (const parts of [
    ['The', { length: 2 }, ' ran.'],
    ['The', { length: 2 }],
  ]) {
    const { text, tokens } = await model.infill({ parts, temperature: 0, complete: true });
    assert.deepEqual([...tokens].includes(end), false);
    assert.equal(text, `The dog dog${parts.length === 3 ? ' ran.' : ''}`);
    assert.ok(seen.every((xt) => xt.indexOf(end) === tokens.length && xt.length === tokens.length + 1));
    seen.length = 0;
  }
  await model.edit({ text: 'The cat ran.', spans: [{ start: 4, end: 7 }], complete: true });
  const length = stories.encode('The cat ran.').length + 1;
  assert.ok(
    seen.length > 2 && seen.every((xt) => xt.length === length && [end, stories.maskId].includes(xt.at(-1))),
  );
  await assert.rejects(
    model.infill({ parts: ['The', { length: 2 }], stepsPerBlock: 4 }),
    /stepsPerBlock: is for models that write in stretches of their own; say tokensPerStep/,
  );
  const endless = modelThatSays(() => ({ id, logit: 9 }), { tokenizer: stories, endIds: [] });
  await assert.rejects(
    endless.infill({ parts: ['The', { length: 2 }], complete: true }),
    /complete: needs a model with a token for the end of a text/,
  );
});

test('a hole takes the space in front of it, where tokens begin with one', async () => {
  const [space, plain] = [stories.encode(' dog')[0], stories.encode('dog')[0]];
  const seen: number[][] = [];
  const model = modelThatSays((_, i) => ({ id: i === 2 ? plain : space, logit: 9 }), {
    tokenizer: stories,
    endIds: [stories.endId!],
    onForward: (xt) => void seen.push([...xt]),
  });
  const { text, tokens, holes } = await model.infill({
    parts: ['The big ', { length: 2 }, '.'],
    temperature: 0,
  });
  assert.deepEqual(seen[0].slice(0, 2), stories.encode('The big'));
  assert.match(stories.decode([tokens[2]]), /^ \S/, 'a token without a space is refused there');
  assert.equal(text, `The big ${holes[0].text}.`);
  assert.ok(!holes[0].text.startsWith(' '));
});

test('a text may have more tokens than a call has arguments', async () => {
  const model = modelThatSays(saying('e'));
  const far = 'n'.repeat(200_000);
  const { text } = await model.infill({ parts: ['gr', { length: 2 }, far] });
  assert.equal(text, `gree${far}`);
});

test('in the middle of a word a hole is written to its letters', async () => {
  const model = modelThatSays(saying('e'));
  const { text } = await model.infill({ parts: ['gr', { length: 2 }, 'n'] });
  assert.equal(text, 'green');
});

test('a character whose bytes are divided by a hole stays as it is, and one that the model leaves half is U+FFFD', async () => {
  const model = modelThatSays(() => ({ id: fakeIds.byte(0xc3), logit: 9 }));
  const { text } = await model.infill({ parts: ['é', { length: 1 }, '😀'] });
  assert.equal(text, 'é\ufffd😀');
});

test('end tokens are for a hole with nothing behind it, and cut it', async () => {
  const ending: Saying = (xt, i) =>
    xt[i - 1] === fakeIds.mask ? { id: fakeIds.byte(97), logit: 3 } : { id: fakeIds.end, logit: 9 };
  const model = modelThatSays(ending);
  const middle = await model.infill({ parts: ['x', { length: 3 }, 'y', { length: 3 }] });
  assert.equal(middle.holes[0].tokens.includes(fakeIds.end), false);
  assert.equal(middle.holes[0].tokens.length, 3);
  assert.equal(middle.holes[1].tokens.at(-1), fakeIds.end);
  assert.ok(middle.text.startsWith('x') && middle.text[4] === 'y');
});

test('of a range of lengths the one is taken whose text the model finds likeliest', async () => {
  // knows 'the sun is up' and gives it wherever the beginning and the end are at the right distance
  const known = byteTokenizer.encode('the sun is up');
  const model = modelThatSays((xt, i) => {
    const fits = xt.length === known.length;
    return { id: known[i] ?? fakeIds.byte(63), logit: fits ? 9 : 1 };
  });
  const again = await model.infill({ parts: ['the ', { length: [1, 9] }, ' is up'] });
  const { text, holes, searched } = again;
  assert.equal(text, 'the sun is up');
  assert.equal(holes[0].tokens.length, 3);
  assert.ok(searched <= 9 * 6, `${searched}`);
  const bounded = await model.infill({ parts: ['the ', { minimum: 1, maximum: 9 }, ' is up'] });
  assert.deepEqual({ ...bounded, stats: undefined }, { ...again, stats: undefined });
});

test('a hole of any length has 1 to 32 tokens, and at most 13 lengths are tried', async () => {
  const parts: InfillPart[] = ['the ', { length: 'any' }, ' is up'];
  const { text, holes, searched } = await modelThatSays(saying('x')).infill({ parts });
  assert.equal(text, `the ${holes[0].text} is up`);
  assert.match(holes[0].text, /^x{1,32}$/);
  assert.ok(searched <= 13 * 6, `${searched}`);
});

const expandId = 258;
/** Bytes, and the token of DreamOn. */
const expanding: Tokenizer = {
  ...byteTokenizer,
  vocabularySize: 259,
  specialTokens: new Map([...byteTokenizer.specialTokens, ['<|expand|>', expandId]]),
};

test('a model with an expand token finds the length of a hole by itself, and others in the text stay as long as they are', async () => {
  for (const inside of ['', 'a', 'a long walk home']) {
    const words = byteTokenizer.encode(`(${inside})`);
    const say: Saying = (xt, i) => {
      const [open, close] = [xt.indexOf(words[0]), xt.indexOf(words.at(-1)!)];
      if (i < open || i > close) return { id: fakeIds.byte(120), logit: 5 };
      const [length, at] = [close - open - 1, i - open - 1];
      if (length < inside.length && at === length - 1) return { id: expandId, logit: 9 };
      return { id: at < inside.length ? words[1 + at] : fakeIds.end, logit: 9 };
    };
    const model = modelThatSays(say, { tokenizer: expanding });
    const parts: InfillPart[] = ['I (', { length: 'any' }, ') and ', { length: 2 }, '!'];
    const { text, holes, searched } = await model.infill({ parts });
    assert.equal(text, `I (${inside}) and xx!`);
    assert.deepEqual([holes[0].tokens.length, searched], [inside.length, 0]);
  }
});

test('an expand token is never written where nothing is resized', async () => {
  const model = modelThatSays((_, i) => ({ id: i % 2 ? expandId : fakeIds.byte(97), logit: 9 }), {
    tokenizer: expanding,
  });
  for (const written of [
    (await model.generate({ prompt: 'x', length: 6, stopEarly: false })).tokens,
    (await model.infill({ parts: ['x', { length: 5 }, 'y'], temperature: 1 })).tokens,
    (await model.infill({ parts: ['x', { length: 'any' }, 'y'], expand: false })).tokens,
  ]) {
    assert.ok(!written.includes(expandId));
  }
});

test('a text longer than the model is filled from left to right, with the text around each hole and what was written', async () => {
  const canvases: string[] = [];
  const model = modelThatSays(saying('x'), {
    maxLength: 40,
    onForward: (xt) =>
      void canvases.push(byteTokenizer.decode(xt.map((id) => (id === fakeIds.mask ? fakeIds.byte(95) : id)))),
  });
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(50));
  const { text } = await model.infill({
    parts: [a, { length: 4 }, b, { length: 4 }, c.slice(0, 8), { length: 2 }],
    tokensPerStep: 4,
  });
  assert.equal(text, `${a}xxxx${b}xxxx${c.slice(0, 8)}xx`);
  assert.deepEqual(
    [...new Set(canvases)],
    [
      `${'a'.repeat(18)}____${'b'.repeat(18)}`,
      `${'b'.repeat(26)}____cccccccc__`,
      ...canvases.slice(-1).filter((last) => last.includes('x')),
    ],
  );
  assert.ok(canvases.every((canvas) => canvas.length <= 40));
});

test('what cannot be is refused before the network runs', async () => {
  const model = modelThatSays(saying('x'), {
    maxLength: 40,
    onForward: () => assert.fail('the network ran'),
  });
  const wrong: [object, RegExp][] = [
    [{ parts: ['no hole'] }, /^parts: must have a hole to be filled/],
    [{ parts: [] }, /^parts: must have a hole/],
    [{ parts: [{ length: 4 }] }, /^parts: must have text beside the holes; to write from nothing, generate/],
    [{ parts: ['', { length: 4 }, ''] }, /^parts: must have text beside the holes/],
    ...[0, 1.5, -1, [3, 2], [0, 4], NaN].map((length): [object, RegExp] => [
      { parts: ['a', { length: length as HoleLength }] },
      /^length: must be a whole number of tokens from 1, or two of them, the lower first/,
    ]),
    [
      { parts: ['a', { length: 40 }] },
      /^length: must leave room for text beside the hole .*\(40 tokens\), got 40/,
    ],
    [{ parts: ['a', { length: [2, 60] }] }, /^length: must leave room/],
    [{ parts: ['a', { minimum: 3, maximum: 2 }] }, /^length: must be a whole number of tokens from 1/],
    ...[{}, { minimum: 3 }, { length: 2, minimum: 1 }, { minimum: 'any', maximum: 3 }].map(
      (hole): [object, RegExp] => [
        { parts: ['a', hole] },
        /^parts: must be texts, and holes as \{ length: 8 \}, .* or \{ minimum: 2, maximum: 8 \}, got/,
      ],
    ),
    [{ parts: ['a', { length: 'any' }], expand: true }, /^expand: needs a model with the token <\|expand\|>/],
    [{ parts: ['a', { length: 4 }], steps: 3 }, /^steps: is no option/],
    [{ parts: ['a', { length: 4 }], tokensPerStep: 0 }, /^tokensPerStep: must be at least 1/],
    [{ parts: ['a', { length: 4 }], tau: 0.5 }, /^tau: is for the strategies threshold/],
    [{ parts: ['a', { length: [4, 8] }], tau: 0.5 }, /^tau: is for the strategies threshold/],
  ];
  for (const [request, message] of wrong)
    await assert.rejects(model.infill(request as Parameters<typeof model.infill>[0]), (error: Error) => {
      assert.equal(error.name, 'InvalidOptionError');
      assert.match(error.message, message);
      return true;
    });
  const guided = modelThatSays(saying('x'), {
    tokenizer: expanding,
    onForward: () => assert.fail('the network ran'),
  });
  await assert.rejects(
    guided.infill({ parts: ['a', { length: 'any' }, 'b'], guidance: 1 }),
    /^InvalidOptionError: guidance: /,
  );
});
