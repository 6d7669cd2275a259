// Speed and memory of learning answers: all weights, an adapter of a model in floats or in blocks of few bits, and pre-training
// on the same text, each in a process of its own.
//   node dist/bench/finetune.js --steps 6 --batch 8 --width 320 --layers 8
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeModelDirectory } from '../src/checkpoint/directory.ts';
import { bidirectional } from '../src/model/attention-pattern.ts';
import { llada } from '../src/model/families/llada.ts';
import { initialParameters } from '../src/model/initialise.ts';
import { uniforms } from '../src/base/random.ts';
import { directoryInFormat } from '../src/model-files/quantised-copy.ts';
import { taggedTemplate } from '../src/tokenizer/plain-template.ts';
import { tokenizerFiles } from '../src/tokenizer/files-to-write.ts';
import { DEFAULT_SPECIAL_TOKENS, withSpecialTokens } from '../src/tokenizer/tokenizer-json.ts';

import { countPieces, trainFromPieces } from '../src/tokenizer/train-bpe.ts';
import type { TrainingRequest } from '../src/training/options.ts';
import { runTraining } from '../src/training/run/run.ts';
import { createTrainingJob } from '../src/training/create-job.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '6' },
    batch: { type: 'string', default: '8' },
    length: { type: 'string', default: '128' },
    width: { type: 'string', default: '320' },
    layers: { type: 'string', default: '8' },
    vocabulary: { type: 'string', default: '2048' },
    rank: { type: 'string', default: '8' },
    run: { type: 'string' },
    folder: { type: 'string' },
  },
});
const [steps, batch, length, width, layers, vocabularySize, rank] = [
  values.steps,
  values.batch,
  values.length,
  values.width,
  values.layers,
  values.vocabulary,
  values.rank,
].map(Number);

const ways: Readonly<Record<string, (folder: string) => TrainingRequest>> = {
  'pre-training': (folder: string) => ({ data: [join(folder, 'text.jsonl')], length }),
  'all weights': (folder: string) => ({
    learn: 'answers',
    data: [join(folder, 'talk.jsonl')],
    length,
  }),
  adapter: (folder: string) => ({
    learn: 'answers',
    data: [join(folder, 'talk.jsonl')],
    length,
    loraRank: rank,
  }),
  'adapter, int8': (folder: string) => ({ ...ways['adapter'](folder), weights: 'int8' }),
  'adapter, int4': (folder: string) => ({ ...ways['adapter'](folder), weights: 'int4' }),
};

if (values.run !== undefined) await train(values.run, values.folder!);
else await compare();

/** Trains, and prints tokens a second and the most memory that the process had. */
async function train(way: string, folder: string): Promise<void> {
  const out = join(folder, way.replace(/\W+/g, '-'));
  const marks: number[] = [];
  const never = 1_000_000;
  await runTraining(
    {
      ...ways[way](folder),
      from: join(folder, 'model'),
      out,
      steps,
      batch,
      warmup: 0,
      validationShare: 0,
      randomLengthShare: 0,
      checkpointEvery: never,
      sampleEvery: never,
      validationEvery: never,
    },
    async (...given) => {
      const job = await createTrainingJob(...given);
      const { learner } = job;
      const update = learner.update.bind(learner);
      learner.update = async (rate) => {
        const result = await update(rate);
        marks.push(performance.now());
        return result;
      };
      return { ...job, sample: undefined };
    },
    {
      tell: () => Promise.resolve(),
      note: () => {},
      clock: () => performance.now(),
      now: () => new Date(),
      stop: new AbortController().signal,
    },
  );
  const rows = (await readFile(join(out, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const [first, last] = [rows[0], rows.at(-1)!].map((row) => (JSON.parse(row) as { tokens: number }).tokens);
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  const tokensPerSecond = Math.round((1000 * (last - first)) / (marks.at(-1)! - marks[0]));
  process.stdout.write(`${JSON.stringify({ way, tokensPerSecond, peakMb })}\n`);
}

async function compare(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'unmask-bench-'));
  try {
    const parameters = await prepare(folder);
    process.stdout.write(`${JSON.stringify({ parameters, layers, width, batch, length, rank })}\n`);
    for (const way of Object.keys(ways)) {
      const args = [
        fileURLToPath(import.meta.url),
        ...process.argv.slice(2),
        '--run',
        way,
        '--folder',
        folder,
      ];
      const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit' });
      if (status !== 0) throw new Error(`${way} ended with ${signal ?? status}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A model of random weights with a chat template, conversations that fill its context, and the same as text. */
async function prepare(folder: string): Promise<number> {
  const uniform = uniforms(1, 'synthetic');
  let drawn = 0;
  const sentence = (words: number) =>
    Array.from({ length: words }, () => `word${Math.floor(uniform(drawn++) * 500)}`).join(' ');
  const rows = Array.from({ length: 2000 }, () => ({
    prompt: sentence(Math.floor(length / 12)),
    answer: sentence(Math.floor(length / 12)),
  }));
  await writeFile(join(folder, 'talk.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const texts = rows.map(({ prompt, answer }) => ({ text: `${prompt} ${answer}` }));
  await writeFile(join(folder, 'text.jsonl'), texts.map((row) => `${JSON.stringify(row)}\n`).join(''));

  const pieces = new Map<string, number>();
  for (const { text } of texts) countPieces(text, pieces);
  const json = withSpecialTokens(trainFromPieces(pieces, { vocabularySize: 512 }), taggedTemplate.tokens);
  const [mask, end] = DEFAULT_SPECIAL_TOKENS.map((name) =>
    json.added_tokens.find(({ content }) => content === name)!,
  );
  const transformer = {
    layers,
    width,
    heads: width / 40,
    kvHeads: width / 40,
    hidden: Math.round((width * 2.7) / 8) * 8,
    vocabularySize,
    maxLength: length,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    qkvBias: false,
    tiedHead: false,
    shiftedLogits: false,
    attention: bidirectional,
  };
  const weights = Array.from(initialParameters(transformer, llada.names, 1), ([name, array]) => ({
    name,
    ...array,
  }));
  await writeModelDirectory(join(folder, 'model'), {
    config: llada.write({ transformer, maskId: mask.id, endIds: [end.id], padId: end.id }),
    weights,
    tokenizerFiles: new Map(
      Object.entries(tokenizerFiles(json, {}, { jinja: taggedTemplate.source })).map(([name, text]) => [
        name,
        Buffer.from(text),
      ]),
    ),
  });
  // made here, so that it isn't part of what is measured
  for (const format of ['int8', 'int4'] as const) await directoryInFormat(join(folder, 'model'), format);
  return weights.reduce((sum, { data }) => sum + data.length, 0);
}
