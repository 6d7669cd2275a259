import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, fakeIds, modelThatSays, type Saying } from '../../test/fake-model.ts';
import type { Frame } from '../sampling/sample.ts';

const prompt = 'The cat';
const good = 'The cat sat on the mat, and the dog lay on the rug.';
const slip = good.replace('dog', 'pxq');
const idsOf = (text: string) => byteTokenizer.encode(text);
const length = good.length - prompt.length;

/** Slips while it writes the whole text, and knows better once it sees the words around. */
const slipping: Saying = (xt, i) => {
  const masks = xt.filter((id) => id === fakeIds.mask).length;
  return { id: (masks > length / 2 ? idsOf(slip) : idsOf(good))[i], logit: 12 };
};
const drafting = { prompt, length, steps: 1 };

test('a word that the model doubts once all is written is masked again and rewritten', async () => {
  const model = modelThatSays(slipping);
  const frames: Frame[] = [];
  const { text, stats } = await model.generate({ ...drafting, onFrame: (frame) => void frames.push(frame) });
  assert.equal(text, slip);
  const shown: Frame[] = [];
  const revised = await model.generate({
    ...drafting,
    revise: 3,
    onFrame: (frame) => void shown.push(frame),
  });
  assert.equal(revised.text, good);
  // a step, two readings of a canvas for each eighth of the words and each token in them, and a step for each letter of the word
  assert.ok(stats.forwards === 1 && revised.stats.forwards > 3 + 2 * 8, String(revised.stats.forwards));
  assert.equal(revised.stats.tokens, length);

  const masked = shown.map(({ tokens }) => [...tokens.keys()].filter((i) => tokens[i] === fakeIds.mask));
  const at = good.indexOf('dog');
  assert.deepEqual(masked[frames.length], [at, at + 1, at + 2], 'that word alone is masked again');
  for (const [n, { step, tokens, changed }] of shown.entries()) {
    assert.equal(step, n);
    if (n > 0)
      assert.deepEqual(
        changed,
        [...tokens.keys()].filter((i) => tokens[i] !== shown[n - 1].tokens[i]),
      );
  }
  // who streams what is final never has to take anything back
  assert.ok(shown.slice(0, -1).every(({ final }) => final <= prompt.length));
  assert.equal(shown.at(-1)!.final, good.length);
});

test('what the model does not doubt costs one reading and stays, and so does what it would not write better', async () => {
  const sure = modelThatSays((_, i) => ({ id: idsOf(good)[i], logit: 12 }));
  const { text, stats } = await sure.generate({ ...drafting, revise: 3 });
  assert.equal(text, good);
  const again = await sure.generate({ ...drafting, revise: 1 });
  assert.equal(again.stats.forwards, stats.forwards);

  // doubts two letters, each beside the other, and what it writes for both of them no less
  const odd = 'The cat sat on q mat, and q dog lay on the rug.';
  const places = [odd.indexOf('q'), odd.lastIndexOf('q')];
  const answers: Record<string, string> = { q: 'k', z: 'y' };
  const fickle = modelThatSays((xt, i) => {
    const masks = xt.filter((id) => id === fakeIds.mask).length;
    if (masks > length / 2 || !places.includes(i)) return { id: idsOf(odd)[i], logit: 12 };
    const other = byteTokenizer.decode([xt[places[0] + places[1] - i]]);
    return { id: idsOf(answers[other] ?? 'z')[0], logit: 9 };
  });
  const asked = { prompt, length: odd.length - prompt.length, steps: 1, revise: 2 };
  assert.equal((await fickle.generate(asked)).text, odd);
});

test('what was given stays, and no end token is written into a text', async () => {
  // doubts all of it, the prompt most, and would rather end
  const model = modelThatSays((xt, i) => {
    const masks = xt.filter((id) => id === fakeIds.mask).length;
    return masks > length / 2 ? { id: idsOf(good)[i], logit: 12 } : { id: fakeIds.end, logit: 3 };
  });
  const { text, tokens } = await model.generate({ ...drafting, revise: 2 });
  assert.ok(text.startsWith(prompt));
  assert.ok(!tokens.includes(fakeIds.end));
});

test('behind an end token nothing is revised', async () => {
  const end = good.indexOf(' and');
  const model = modelThatSays((_, i) => ({ id: i < end ? idsOf(good)[i] : fakeIds.end, logit: 12 }));
  const { text, ended } = await model.generate({ ...drafting, revise: 2 });
  assert.deepEqual([text, ended], [good.slice(0, end), 'end token']);
});

test('it is refused where a text can not be read again or rewritten, and a default of the model is left out there', async () => {
  const model = modelThatSays(slipping);
  await assert.rejects(
    model.generate({ ...drafting, revise: 1, regex: '[a-z ,.]*' }),
    /revise: can't be where a constraint/,
  );
  const inBlocks = modelThatSays(slipping, { blockLength: 4 });
  await assert.rejects(
    inBlocks.generate({ ...drafting, steps: undefined, revise: 1 }),
    /revise: needs a model that sees the whole text/,
  );
  const revising = modelThatSays(slipping, { defaults: { revise: 1 } });
  assert.equal((await revising.generate(drafting)).text, good);
  assert.equal((await revising.generate({ ...drafting, cache: 'none' })).text, good);
  const regex = '[a-z ,.]*';
  assert.equal((await revising.generate({ ...drafting, regex })).text, slip);
});

test('a text that was drafted in blocks, each of which sees those before it alone, is revised by what stands around its words', async () => {
  const lengths: number[] = [];
  const model = modelThatSays(
    (xt, i) => {
      lengths.push(xt.length);
      // knows better where the end of the text is seen, and not masked
      const isWritten = xt.length === length + prompt.length && xt.at(-1) !== fakeIds.mask;
      return { id: (isWritten ? idsOf(good) : idsOf(slip))[i], logit: 12 };
    },
    { blockLength: 1, readsWhole: true, defaults: { cache: 'none' } },
  );
  const { text: draft, stats } = await model.generate({ prompt, length });
  assert.equal(draft, slip);
  assert.equal(stats.forwards, length);
  const drafted = lengths.splice(0);
  assert.ok(
    drafted.every((seen) => seen < good.length),
    String(drafted),
  );
  const revised = await model.generate({ prompt, length, revise: 1 });
  assert.equal(revised.text, good);
  assert.ok(
    lengths.some((seen) => seen === good.length),
    'the whole is seen',
  );
  assert.ok(revised.stats.forwards > length);
});
