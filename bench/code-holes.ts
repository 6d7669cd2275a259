// What a completer puts into holes of TypeScript that it hasn't seen: how often it is what stood there, and how often the file still
// parses with it. Holes are the rest of a line from a place between two words, and whole lines; their length is told, or found. Some
// minutes on two cores.
//
//     npm run bench:code-holes
//     npm run bench:code-holes -- --model runs/mine --count 20     of each kind, on the same sources

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';
import { integerBelow, uniforms } from '../src/base/random.ts';
import { splitDocuments } from '../src/data/split.ts';
import { plainMean } from '../src/evaluation/mean.ts';
import { load } from '../src/language-model/load.ts';
import type { HoleLength } from '../src/language-model/infill-windows.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(root, 'models/typescript') },
    count: { type: 'string', default: '60' },
  },
});
const count = Number(values.count);
/** Characters that the model sees at either side. */
const sides = 240;

interface Hole {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Files that no recipe of models/typescript learned from. */
function heldOut(): string[] {
  const packed = readFileSync(join(root, 'models/typescript/sources.jsonl.gz'));
  const texts = gunzipSync(packed)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);
  const { validation } = splitDocuments(
    Float64Array.from(texts, (_, i) => i + 1),
    0.02,
  );
  return validation.map(({ start }) => texts[start]).filter(parses);
}

function parses(code: string): boolean {
  try {
    transformSync(code, { loader: 'ts', logLevel: 'silent' });
    return true;
  } catch {
    return false;
  }
}

/** Holes of a kind, drawn from all lines of all files alike. */
function holesOf(files: readonly string[], kind: 'rest of a line' | 'whole line'): Hole[] {
  const all = files.flatMap((text) => {
    const found: Hole[] = [];
    let at = 0;
    for (const line of text.split('\n')) {
      const code = line.trim();
      const isComment = /^(\/\/|\/\*|\*)/.test(code);
      const from = at + line.indexOf(code);
      const inside = [...code.matchAll(/(?<=\w)\b|(?<=[ (=,])\b/g)]
        .map(({ index }) => index)
        .filter((i) => i > 0);
      if (code.length >= 8 && !isComment) {
        const to = at + line.trimEnd().length;
        if (kind === 'whole line') found.push({ text, from, to });
        else if (inside.length > 0)
          found.push({ text, from: from + inside[Math.floor(inside.length / 2)], to });
      }
      at += line.length + 1;
    }
    return found.filter(({ from, to }) => to > from);
  });
  const uniform = uniforms(0, 'evaluation', kind.length);
  return Array.from({ length: count }, (_, k) => all[integerBelow(all.length, uniform(k))]);
}

const model = await load(values.model);
const files = heldOut();
console.log(`${files.length} files, ${count} holes of each kind\n`);
console.log('| hole | its length is | what stood there | parses | mean tokens |');
console.log('| --- | --- | --- | --- | --- |');
for (const kind of ['rest of a line', 'whole line'] as const)
  for (const length of ['told', 'found by likelihood', 'found by expanding'] as const) {
    const outcomes: { exact: number; parsed: number; tokens: number }[] = [];
    for (const { text, from, to } of holesOf(files, kind)) {
      const [before, missing, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
      const tokens = model.tokenizer.encode(missing).length;
      const asked: HoleLength =
        length === 'told' ? tokens : length === 'found by likelihood' ? [1, 24] : 'any';
      const { holes } = await model.infill({
        parts: [before.slice(-sides), { length: asked }, after.slice(0, sides)],
        temperature: 0,
      });
      const filled = holes[0].text;
      outcomes.push({
        exact: Number(filled.trim() === missing.trim()),
        parsed: Number(parses(before + filled + after)),
        tokens: holes[0].tokens.length,
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
