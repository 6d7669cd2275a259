// What a completer puts into holes of TypeScript that it hasn't seen: how often it is what stood there, and how often the file still
// parses with it. Holes are the rest of a line from a place between two words, and whole lines; their length is told, or found. Some
// minutes on two cores.
//
//     npm run bench:code-holes
//     npm run bench:code-holes -- --model runs/mine --count 20     of each kind, on the same sources
//     npm run bench:code-holes -- --fim runs/typescript-fim        and by a causal model: npm run recipe:typescript-fim

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { around, holesOf, parses } from '../recipes/code-holes.ts';
import { root } from '../recipes/recipe.ts';
import { typescriptSources } from '../recipes/typescript-sources.ts';
import { controlMarks, type Gap, suffixFirst } from '../src/data/fill-in-the-middle.ts';
import { plainMean } from '../src/evaluation/mean.ts';
import type { HoleLength } from '../src/language-model/infill-windows.ts';
import type { Model } from '../src/language-model/language-model.ts';
import { load } from '../src/language-model/load.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(root, 'models/typescript') },
    fim: { type: 'string' },
    count: { type: 'string', default: '60' },
  },
});
const count = Number(values.count);
/** Tokens of a hole at most where its length is found by likelihood, or by an end token. */
const most = { likelihood: 24, end: 32 };

/** What a model writes into a hole, and in how many tokens. */
type Fill = (gap: Gap, missing: string) => Promise<{ readonly filled: string; readonly tokens: number }>;

/** By masks, all of them seen at once with what is around them. */
const byMasks =
  (model: Model, lengthOf: (missing: string) => HoleLength): Fill =>
  async ({ before, after }, missing) => {
    const parts = [before, { length: lengthOf(missing) }, after];
    const { holes } = await model.infill({ parts, temperature: 0 });
    return { filled: holes[0].text, tokens: holes[0].tokens.length };
  };

/** By a causal model that was trained to fill holes, until it ends the text. */
const byPrompt =
  ({ generate, tokenizer, config }: Model): Fill =>
  async ({ before, after }) => {
    const [left, right] = [tokenizer.encode(before), tokenizer.encode(after)];
    // beside three marks, some tokens that a cut makes of one
    const room = config.maxLength - most.end - 8;
    const kept = Math.min(left.length, Math.max(Math.floor(room / 2), room - right.length));
    const gap = {
      before: tokenizer.decode(left.slice(left.length - kept)),
      after: tokenizer.decode(right.slice(0, room - kept)),
    };
    const prompt = suffixFirst(gap, controlMarks);
    const { text, tokens } = await generate({ prompt, length: most.end, temperature: 0 });
    return { filled: text.slice(prompt.length), tokens: tokens.length - tokenizer.encode(prompt).length };
  };

const model = await load(values.model);
const twin = values.fim === undefined ? undefined : await load(values.fim);
const ways: readonly (readonly [length: string, fill: Fill])[] = [
  ['told', byMasks(model, (missing) => model.tokenizer.encode(missing).length)],
  ['found by likelihood', byMasks(model, () => [1, most.likelihood])],
  ['found by expanding', byMasks(model, () => 'any')],
  ...(twin ? [['found by the end token of --fim', byPrompt(twin)] as const] : []),
];
const files = typescriptSources().heldOut.filter(parses);
console.log(`${files.length} files, ${count} holes of each kind\n`);
console.log('| hole | its length is | what stood there | parses | mean tokens |');
console.log('| --- | --- | --- | --- | --- |');
for (const kind of ['rest of a line', 'whole line'] as const)
  for (const [length, fill] of ways) {
    const outcomes: { exact: number; parsed: number; tokens: number }[] = [];
    for (const hole of holesOf(files, kind, count)) {
      const { text, from, to } = hole;
      const [before, missing, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
      const { filled, tokens } = await fill(around(hole), missing);
      outcomes.push({
        exact: Number(filled.trim() === missing.trim()),
        parsed: Number(parses(before + filled + after)),
        tokens,
      });
    }
    const share = (key: 'exact' | 'parsed'): string => {
      const { mean, standardError } = plainMean(outcomes.map((outcome) => outcome[key]));
      return `${(100 * mean).toFixed(0)} ± ${(100 * standardError).toFixed(0)} %`;
    };
    const { mean } = plainMean(outcomes.map(({ tokens }) => tokens));
    console.log(`| ${kind} | ${length} | ${share('exact')} | ${share('parsed')} | ${mean.toFixed(1)} |`);
  }
await model.close();
await twin?.close();
