// Whether a word that doesn't belong is found, and mended: in beginnings of held-out stories one word is another's, and the model
// is asked what it doubts and what it would write instead. Two minutes on two cores.
//
//     npm run bench:doubts
//     npm run bench:doubts -- --model MODEL --count 80

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { uniforms } from '../src/base/random.ts';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { readTexts } from '../src/evaluation/read-texts.ts';
import { load } from '../src/language-model/load.ts';
import { shippedJudge } from '../src/model-files/locate.ts';
import { readWords } from '../src/language-model/doubts.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: fileURLToPath(new URL('../../models/stories', import.meta.url)) },
    count: { type: 'string', default: '80' },
  },
});
const count = Number(values.count);

/** Words that stories for children hardly have, most of them of several tokens. */
const rare =
  'telephone volcano lawyer computer submarine keyboard mathematics democracy hospital helicopter calendar newspaper elevator microscope battery trousers mustard octopus planet electricity refrigerator passport invoice bishop metallic yesterday cement'.split(
    ' ',
  );
const stories = await readTexts(
  fileURLToPath(new URL('../../tasks/held-out-stories.jsonl.gz', import.meta.url)),
);
const common = stories.flatMap((story) => story.match(/\b[a-z]{4,}\b/g) ?? []);

const model = await load(values.model);
const judge = await load(shippedJudge);
const bitsOf = async (texts: readonly string[]): Promise<string> =>
  (await judgeTexts(judge, texts, { most: Infinity })).bitsPerCharacter.toFixed(2);
console.log(
  '| the word that is put in | found first | among the first three | mended, nothing else changed | mended | bits a character: before, with it, mended |',
);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [name, words] of [
  ['common in stories', common],
  ['rare', rare],
] as const) {
  let [first, three, alone, mended] = [0, 0, 0, 0];
  const texts: { original: string; text: string; edited: string }[] = [];
  for (let n = 0; n < count; n++) {
    const uniform = uniforms(n, 'synthetic', 0, 0);
    const { original, text, start, end } = withAnother(stories[n], words, uniform);
    const isPutIn = (span: { start: number; end: number }) => span.start < end && span.end > start;
    const { text: edited, tokens, changes } = await model.edit({ text });
    texts.push({ original, text, edited });
    const order = readWords(text, tokens).sort((a, b) => a.probability - b.probability);
    const rank = order.findIndex(isPutIn);
    if (rank === 0) first += 1;
    if (rank < 3) three += 1;
    if (changes.some(isPutIn)) mended += 1;
    if (changes.some(isPutIn) && changes.length === 1) alone += 1;
  }
  const cells = [first, three, alone, mended].map((one) => `${one} of ${count}`);
  const bits = await Promise.all(
    (['original', 'text', 'edited'] as const).map((which) => bitsOf(texts.map((one) => one[which]))),
  );
  console.log(`| ${name} | ${cells.join(' | ')} | ${bits.join(', ')} |`);
}
await model.close();
await judge.close();

/** The first four sentences of a story, one of whose words, not the first few, is another. */
function withAnother(story: string, words: readonly string[], uniform: (position: number) => number) {
  const text = (story.match(/[^.!?]+[.!?]+["”]?\s*/g) ?? [story]).slice(0, 4).join('').trim();
  const places = [...text.matchAll(/\b[a-z]{4,}\b/g)].filter(({ index }) => index > 30);
  const { index: start, 0: before } = places[Math.floor(uniform(0) * places.length)];
  const others = words.filter((word) => word !== before);
  const after = others[Math.floor(uniform(1) * others.length)];
  return {
    original: text,
    text: text.slice(0, start) + after + text.slice(start + before.length),
    start,
    end: start + after.length,
  };
}
