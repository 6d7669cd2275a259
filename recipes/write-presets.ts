// Measures ways to write with a model that ships, and keeps what was found in its generation_config.json, as `unmask_presets`:
// tokens a forward, and what the texts are worth. The studio's presets are these.
//
//     npm run presets -- stories
//     npm run presets -- talk
//     npm run presets -- typescript

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diversityOf } from '../src/evaluation/judge/diversity.ts';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { meanOf } from '../src/evaluation/mean.ts';
import { type GenerateRequest, load, type Model } from '../src/index.ts';
import { shippedJudge } from '../src/model-files/locate.ts';
import type { MeasuredPreset } from '../src/model-files/presets.ts';
import { usualPresets, type WritingPreset } from '../src/base/usual-presets.ts';
import { root } from './recipe.ts';
import { heldOutConversations } from './talk/fit.ts';
import { typescriptSources } from './typescript-sources.ts';

type Options = WritingPreset['options'];

/** What came of a way to write: less is better. */
interface Found {
  readonly options: Options;
  readonly tokensPerForward: number;
  readonly worth: number;
  readonly error: number;
  readonly distinct: number;
}

/** How a model is tried: what it is asked for, and what its texts are worth. */
interface Trial {
  readonly requests: readonly GenerateRequest[];
  readonly unit: string;
  readonly texts: string;
  worthOf(
    options: Options,
    texts: readonly string[],
  ): Promise<{ readonly mean: number; readonly standardError: number }>;
}

const count = 20;
const seeds = Array.from({ length: count }, (_, k) => k + 1);
/** Tokens of a story that is judged. */
const storyLength = 240;
/** Thresholds that are tried for the fast way. */
const taus = [0.9, 0.7, 0.5, 0.35, 0.2];

const [name = ''] = process.argv.slice(2);
const path = join(root, 'models', name, 'generation_config.json');
const trials: Readonly<Record<string, (model: Model) => Promise<Trial>>> = { stories, talk, typescript };
if (!(name in trials) || !existsSync(path))
  throw new Error(`usage: write-presets NAME, one of ${Object.keys(trials).join(', ')}`);

const model = await load(join(root, 'models', name));
const trial = await trials[name](model);
// a model that writes in blocks and reads whole texts
const revises = model.readsWhole && model.defaults.blockCausal === true;
const usual = usualPresets(model.defaults, { revises });
const found = new Map<string, Found>();
for (const { name: way, options } of usual) if (way !== 'fast') found.set(way, await tried(options));
const balanced = found.get('balanced')!;
for (const tau of taus) {
  const fast = await tried(
    usualPresets(model.defaults, { tau, revises }).find(({ name: way }) => way === 'fast')!.options,
  );
  const fastest = found.get('fast') ?? balanced;
  // as good as the balanced way within its standard error, and faster than what was found before
  if (fast.worth <= balanced.worth + balanced.error && fast.tokensPerForward > fastest.tokensPerForward)
    found.set('fast', fast);
}
await model.close();

const presets = usual.flatMap(({ name: way }): MeasuredPreset[] => {
  const measured = found.get(way);
  return measured ? [{ name: way, options: measured.options, measured: said(measured) }] : [];
});
const config = JSON.parse(readFileSync(path, 'utf8')) as object;
writeFileSync(path, `${JSON.stringify({ ...config, unmask_presets: presets }, undefined, 2)}\n`);
process.stderr.write(`${path}\n`);

async function tried(options: Options): Promise<Found> {
  const { texts, stats } = await writeTexts(
    model,
    trial.requests.map((request) => ({ ...request, ...options })),
  );
  const { mean, standardError } = await trial.worthOf(options, texts);
  const [, distinct] = diversityOf(texts).distinct;
  const found = {
    options,
    tokensPerForward: stats.tokensPerForward,
    worth: mean,
    error: standardError,
    distinct,
  };
  process.stderr.write(`${JSON.stringify(options)}: ${said(found)}\n`);
  return found;
}

function said({ tokensPerForward, worth, error, distinct }: Found): string {
  const speed = `${tokensPerForward.toFixed(2)} tokens a forward`;
  return `${speed}, ${worth.toFixed(2)} ± ${error.toFixed(2)} ${trial.unit}, distinct-2 ${distinct.toFixed(2)}, over ${trial.texts}`;
}

/** Stories are judged by a model of others. */
function stories(): Promise<Trial> {
  const requests = seeds.map((seed) => ({ prompt: 'Once upon a time', seed, length: storyLength }));
  return judgedTrial(requests, `${count} texts of ${storyLength} tokens`);
}

/** So are the first answers of conversations. */
function talk(): Promise<Trial> {
  const requests = heldOutConversations(count).map(({ turns: [content] }, k): GenerateRequest => ({
    messages: [{ role: 'user', content }],
    seed: seeds[k],
  }));
  return judgedTrial(requests, `${count} answers`);
}

async function judgedTrial(requests: readonly GenerateRequest[], texts: string): Promise<Trial> {
  const judge = await load(shippedJudge);
  return {
    requests,
    unit: 'bits a character by the judge',
    texts,
    worthOf: async (_, written) => {
      const { bitsPerCharacter, standardError } = await judgeTexts(judge, written);
      return { mean: bitsPerCharacter, standardError };
    },
  };
}

/** How sources that were held out go on. */
async function typescript(writer: Model): Promise<Trial> {
  const usable = typescriptSources().heldOut.filter((text) => text.length > 1000);
  // spread evenly
  const texts = seeds.map((_, k) => {
    const text = usable[Math.floor((k * usable.length) / count)];
    const ids = writer.tokenizer.encode(text);
    return {
      prompt: writer.tokenizer.decode(ids.slice(0, 64)),
      answer: writer.tokenizer.decode(ids.slice(64, 128)),
    };
  });
  const asked = texts.map(({ prompt }, k) => ({ prompt, seed: seeds[k] }));
  return scoredTrial(writer, asked, texts, `${count} held-out sources`);
}

function scoredTrial(
  writer: Model,
  requests: readonly GenerateRequest[],
  texts: readonly { readonly prompt: string; readonly answer: string }[],
  over: string,
): Trial {
  return {
    requests,
    unit: 'nats a token of real text',
    texts: over,
    worthOf: async (way) => {
      const sampler = { ...way, temperature: 1 };
      const scores = await Promise.all(texts.map((text) => writer.score({ ...text, sampler })));
      return meanOf(scores.map(({ nats, tokens }) => ({ value: nats, weight: tokens })));
    },
  };
}
