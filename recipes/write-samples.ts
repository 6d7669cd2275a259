// Writes models/NAME/samples.md: twenty texts by a model that ships as it writes when nobody says otherwise, not chosen: seeds 1 to 20, with
// what they are worth to a judge or by the rules.
//
//     npm run samples -- stories
//     npm run samples -- talk
//     npm run samples -- typescript
//     npm run samples -- puzzles/sudoku-4

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import { type Puzzle, puzzles } from '../src/evaluation/planning/puzzle.ts';
import { solvePuzzles } from '../src/evaluation/planning/solve.ts';
import { load, type Model } from '../src/index.ts';
import type { HoleLength } from '../src/language-model/infill-windows.ts';
import { shippedJudge } from '../src/model-files/locate.ts';
import { around, holesOf, parses } from './code-holes.ts';
import { root } from './recipe.ts';
import { answered, fitOf, heldOutConversations } from './talk/fit.ts';
import { typescriptSources } from './typescript-sources.ts';

const [name] = process.argv.slice(2);
const directory = join(root, 'models', name ?? '');
if (name === undefined || !existsSync(join(directory, 'config.json')))
  throw new Error('usage: write-samples NAME, one of models/');
const count = 20;
const seeds = Array.from({ length: count }, (_, k) => k + 1);

const model = await load(directory);
const body = await bodyFor(name, model);
const settings = Object.entries(model.defaults).map(([key, value]) => `${key} ${value}`);
await model.close();
writeFileSync(
  join(directory, 'samples.md'),
  `# ${name}: twenty samples, not chosen\n\nSeeds 1 to ${count}, ${settings.join(', ')}. Made by \`npm run samples -- ${name}\`.\n\n${body}`,
);
process.stderr.write(`${join(directory, 'samples.md')}\n`);

function bodyFor(of: string, writer: Model): Promise<string> {
  if (of.startsWith('puzzles/')) return solved(of.slice('puzzles/'.length), writer);
  if (of === 'typescript') return typescript(writer);
  return of === 'talk' ? talk(writer) : stories(writer);
}

async function stories(writer: Model): Promise<string> {
  const prompt = 'Once upon a time';
  const { texts, stats } = await writeTexts(
    writer,
    seeds.map((seed) => ({ prompt, seed })),
  );
  const worth = `${await worthOf(texts)}, ${stats.tokensPerForward.toFixed(1)} tokens a forward.`;
  return `${worth}\n${texts.map((text, k) => `\n## ${seeds[k]}\n\n${quoted(text)}\n`).join('')}`;
}

/** What a judge says of texts. */
async function worthOf(texts: readonly string[]): Promise<string> {
  const judge = await load(shippedJudge);
  const { bitsPerCharacter, standardError, distinct, repeated } = await judgeTexts(judge, texts);
  await judge.close();
  return `${bitsPerCharacter.toFixed(2)} ± ${standardError.toFixed(2)} bits a character by \`unmask judge\` (real stories: 1.2), distinct-2 ${distinct[1].toFixed(2)} (.72), repeated 4-grams ${repeated.toFixed(2)} (.05)`;
}

/** Conversations about stories that were held out, each of three turns. */
async function talk(writer: Model): Promise<string> {
  const asked = heldOutConversations(count);
  const conversations = await answered(
    writer,
    asked.map(({ turns: [first] }) => first),
  );
  const { asked: fitting, kept, answers } = fitOf(conversations, asked);
  const fit = `${fitting} of ${count} first answers have all that was asked for; ${kept[0]} go on, and ${kept[1]} end, with somebody or something told of before.`;
  const told = conversations.map(
    (messages, k) =>
      `\n## ${seeds[k]}\n\n${messages.map(({ role, content }) => (role === 'user' ? `**${content}**` : quoted(content))).join('\n\n')}\n`,
  );
  return `First questions of stories that no model here has read. ${fit}\n\n${await worthOf(answers)}.\n${told.join('')}`;
}

/** Rests of lines of sources that no model here has read, the first of those that `npm run bench:code-holes` fills. */
async function typescript(writer: Model): Promise<string> {
  const holes = holesOf(typescriptSources().heldOut.filter(parses), 'rest of a line', count);
  const ways: Record<'told' | 'expanding', (missing: string) => HoleLength> = {
    told: (missing) => writer.tokenizer.encode(missing).length,
    expanding: () => 'any',
  };
  const shares = { told: 0, expanding: 0 };
  const shown: string[] = [];
  for (const [k, hole] of holes.entries()) {
    const { before, after } = around(hole);
    const { text, from, to } = hole;
    const missing = text.slice(from, to);
    const rows: string[] = [];
    for (const way of ['told', 'expanding'] as const) {
      const parts = [before, { length: ways[way](missing) }, after];
      const [{ text: written }] = (await writer.infill({ parts, seed: seeds[k] })).holes;
      const isCode = parses(text.slice(0, from) + written + text.slice(to));
      if (isCode) shares[way] += 1;
      rows.push(
        `- ${way === 'told' ? 'its length told' : 'found by expanding'}: ${code(written)}${isCode ? '' : ' (does not parse)'}`,
      );
    }
    const line = before.slice(before.lastIndexOf('\n') + 1).trimStart();
    shown.push(
      `\n## ${seeds[k]}\n\n${code(`${line}…`)}\n\n${rows.join('\n')}\n- what stood there: ${code(missing)}\n`,
    );
  }
  const parsed = `${shares.told} of ${count} files parse with what was written where its length is told, ${shares.expanding} where it is found by expanding.`;
  return `Rests of lines of files that were held out. ${parsed}\n${shown.join('')}`;
}

/** Code in a line of Markdown, whatever is in it: between more backticks than it has in a row. */
function code(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map(({ length }) => length)));
  return `${fence} ${text.trim().replaceAll('\n', '⏎') || ' '} ${fence}`;
}

/** The first puzzles of tasks/, or the first that its generator holds out. */
async function solved(kind: string, writer: Model): Promise<string> {
  const wanted = kind.replace(/-causal$/, '') as keyof typeof puzzleKinds;
  const path = join(root, `tasks/${wanted}.jsonl.gz`);
  const asked = existsSync(path)
    ? gunzipSync(readFileSync(path))
        .toString('utf8')
        .trim()
        .split('\n')
        .slice(0, count)
        .map((line) => JSON.parse(line) as Puzzle)
    : [...puzzles(puzzleKinds[wanted], { count, seed: 1, held: true })];
  const { solved: share, answers: given, stats } = await solvePuzzles(writer, puzzleKinds[wanted], asked);
  const rows = given.map(
    ({ puzzle, answer, isSolved }) => `| \`${puzzle.prompt}\` | \`${answer}\` | ${isSolved ? 'yes' : 'no'} |`,
  );
  return `${Math.round(share.mean * count)} of ${count} are solved, ${stats.tokensPerForward.toFixed(1)} tokens a forward.\n\n| puzzle | answer | solved |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function quoted(text: string): string {
  return text.trim().replace(/^/gm, '> ').replace(/^> $/gm, '>');
}
