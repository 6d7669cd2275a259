// Whether the storyteller's answers fit: stories that nobody here has read, asked for by what their first part is about; then what
// happened next, and how it ends; and things that are no stories. What the judge says of the answers stands beside the parts of the
// real stories. Two minutes on two cores.
//
//     npm run bench:talk
//     npm run bench:talk -- --model runs/mine/model --count 20 --texts --sampling '{ "temperature": 0.7, "blockLength": 8 }'

import { parseArgs } from 'node:util';
import { answered, besideStories, fitOf, hasAll, heldOutConversations } from '../recipes/talk/fit.ts';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { load } from '../src/index.ts';
import type { FlatSamplingOptions } from '../src/sampling/options.ts';
import { shippedJudge, shippedModels } from '../src/model-files/locate.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: shippedModels.talk },
    count: { type: 'string', default: '40' },
    sampling: { type: 'string', default: '{}' },
    texts: { type: 'boolean', default: false },
  },
});
const sampling = JSON.parse(values.sampling) as Partial<FlatSamplingOptions>;

const model = await load(values.model);
const judge = await load(shippedJudge);
const asked = heldOutConversations(Number(values.count));
const conversations = await answered(
  model,
  asked.map(({ turns: [first] }) => first),
  sampling,
);
const { asked: fitting, kept, answers } = fitOf(conversations, asked);
const beside = await writeTexts(
  model,
  besideStories.map(([content], k) => ({ ...sampling, messages: [{ role: 'user', content }], seed: k + 1 })),
);
const rest = besideStories.filter(([, pattern], k) => pattern.test(beside.texts[k])).length;
const real = asked.flatMap(({ turns }) => turns.filter((_, k) => k % 2 === 1));

const of = (n: number, all: number): string => `${n} of ${all}`;
console.log(`${JSON.stringify({ ...model.defaults, ...sampling })}\n`);
console.log(
  '| answers | have all that was asked for | next keeps to it | the end keeps to it | beside stories | bits a character | distinct-2 | repeated 4-grams |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
const n = asked.length;
console.log(
  `| the model's | ${of(fitting, n)} | ${kept.map((k) => of(k, n)).join(' | ')} | ${of(rest, besideStories.length)} | ${await judged(answers)} |`,
);
const realFit = asked.filter(({ turns, asked: words }) => hasAll(turns[1], words)).length;
console.log(`| of real stories | ${of(realFit, n)} | | | | ${await judged(real)} |`);
if (values.texts) {
  for (const messages of conversations)
    console.log(
      `\n${messages.map(({ role, content }) => `${role === 'user' ? '>' : ' '} ${content}`).join('\n')}`,
    );
  for (const [k, [said]] of besideStories.entries()) console.log(`\n> ${said}\n  ${beside.texts[k]}`);
}
await judge.close();
await model.close();

async function judged(texts: readonly string[]): Promise<string> {
  const { bitsPerCharacter, standardError, distinct, repeated } = await judgeTexts(judge, texts);
  return `${bitsPerCharacter.toFixed(2)} ± ${standardError.toFixed(2)} | ${distinct[1].toFixed(2)} | ${repeated.toFixed(2)}`;
}
