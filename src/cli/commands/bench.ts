import { z } from 'zod';
import { speedChart, varietyChart } from '../../evaluation/trade-off/chart.ts';
import { csvOf } from '../../base/csv.ts';
import { frontier, type SamplingOutcome, recommended } from '../../evaluation/trade-off/outcome.ts';
import type { PromptedText } from '../../evaluation/trade-off/read-prompts.ts';
import { waysOf } from '../../evaluation/trade-off/ways.ts';
import type { Judgement } from '../../evaluation/judge/judge.ts';
import type { Model } from '../../language-model/language-model.ts';
import type { Ranks } from '../../ranks/ranks.ts';
import { samplingSchema } from '../../sampling/options.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';
import { distributed, onRanks, requireSameCommand } from '../ranks.ts';
import { tableOf } from '../terminal/table.ts';
import { judgeOption } from './judge.ts';

const { shape } = samplingSchema;

const options = z.strictObject({
  what: z
    .enum(['sample'])
    .describe('what is measured: sample, the quality of texts against the speed of writing'),
  prompts: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe(
      'JSON lines with prompt and perhaps answer, or texts whose first words are the prompts; of neither the model may have learned [stories that no model here has read]',
    ),
  ...modelOptions,
  judge: judgeOption,
  count: z.int().min(2).max(100_000).default(24).describe('prompts'),
  words: z.int().min(1).max(1000).default(8).describe('words of a text that are its prompt'),
  strategy: z
    .array(shape.strategy.unwrap())
    .default(['low-confidence', 'random', 'threshold'])
    .describe('a strategy that is measured; may be given again'),
  blockLength: z
    .array(z.int().min(1))
    .default([16])
    .describe('tokens a block; may be given again, to measure several'),
  cache: z
    .array(shape.cache.unwrap())
    .default(['none'])
    .describe('a cache that each way is measured with; may be given again'),
  length: shape.length.unwrap().default(64).describe('tokens to write'),
  temperature: z
    .array(shape.temperature.unwrap())
    .default([0, 0.7, 1])
    .describe('0 takes the likeliest token, 1 samples the model; may be given again'),
  seed: z.int().min(0).default(0).describe('same seed, same table'),
  svg: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('writes the chart of speed there, and one of variety beside it, as NAME-variety.svg'),
  csv: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('writes the table there, with all numbers'),
  json: z.boolean().default(false).describe('prints a line of JSON for each way to sample'),
  distributed,
});

type Options = z.output<typeof options>;

/** `unmask bench`, with any way to load a model. */
export function benchCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Measures ways to sample: the quality of what they write against their speed',
    options,
    positionals: ['what', 'prompts'],
    examples: [
      ['unmask bench sample --svg trade-off.svg', 'the model that ships, as a table and a chart'],
      [
        'unmask bench sample tasks.jsonl --model runs/mine --strategy threshold --count 200',
        'one strategy on your own prompts',
      ],
    ],
    async run(asked, io) {
      const { prompts, model, count, words } = asked;
      if (prompts === undefined && model !== undefined)
        throw new UsageError(
          'give a file of prompts for a model of your own, from text that it did not learn',
        );
      const { heldOutStories } = await import('../../evaluation/shipped.ts');
      const { readPrompts } = await import('../../evaluation/trade-off/read-prompts.ts');
      const texts = await readPrompts(prompts ?? heldOutStories, count, words);
      await onRanks(asked.distributed, io, (ranks, io) => onRank(load, texts, asked, { ranks, io }));
    },
  };
}

export default benchCommand(loadModel);

/** Compares the ranks, loads the models, and measures. */
async function onRank(
  load: LoadModel,
  texts: readonly PromptedText[],
  asked: Options,
  { ranks, io }: { readonly ranks: Ranks; readonly io: Io },
): Promise<void> {
  const { shippedJudge, shippedModel } = await import('../../model-files/locate.ts');
  const { requireSameFiles } = await import('../../evaluation/compare-files.ts');
  const { prompts, model: path, adapter, device, weights } = asked;
  const judgePath = asked.judge ?? shippedJudge;
  await requireSameCommand(ranks, 'bench', asked);
  const others = [prompts, adapter].filter((file) => file !== undefined);
  await requireSameFiles(ranks, { models: [path ?? shippedModel, judgePath], others }, io.signal);
  const model = await load({ model: path, adapter, device, weights }, io);
  try {
    const judge = await load({ model: judgePath }, io);
    try {
      await measure({ model, judge }, texts, asked, { ranks, io });
    } finally {
      await judge.close();
    }
  } finally {
    await model.close();
  }
}

async function measure(
  { model, judge }: { readonly model: Model; readonly judge: Model },
  texts: readonly PromptedText[],
  { temperature: temperatures, length, seed, svg, csv, json, ...asked }: Options,
  { ranks, io }: { readonly ranks: Ranks; readonly io: Io },
): Promise<void> {
  const { judgeContinuations, measureWays } = await import('../../evaluation/trade-off/measure.ts');
  const { writeTextFile } = await import('../../checkpoint/write-text-file.ts');
  const { strategy: strategies, blockLength: blockLengths, cache: caches } = asked;
  const ways = waysOf({ strategies, blockLengths, caches, length });
  const how = { seed, signal: io.signal };
  const real = await judgeContinuations(judge, model, texts, length, how);
  // the first forwards are slower than the same work later
  await model.generate({ ...ways[0].options, prompt: texts[0].prompt, seed, signal: io.signal });
  const outcomes: SamplingOutcome[] = [];
  const measured = measureWays({ model, judge }, { ways, temperatures }, texts, {
    ...how,
    ranks,
    onWay: (index, { name }) => void io.stderr.write(`${index + 1} of ${ways.length}: ${name}\n`),
  });
  for await (const outcome of measured) {
    outcomes.push(outcome);
    if (json) io.stdout.write(`${JSON.stringify(outcome)}\n`);
  }
  if (ranks.rank > 0) return;
  if (!json) io.stdout.write(report(outcomes, real, io));
  if (csv !== undefined) await writeTextFile(csv, csvOf(outcomes.map(recordOf)));
  if (svg === undefined) return;
  await writeTextFile(svg, speedChart('Likelihood of held-out text against speed', outcomes));
  const beside = svg.replace(/(\.svg)?$/, '-variety.svg');
  await writeTextFile(beside, varietyChart('What is written, by an outside judge', outcomes, real));
}

/** A row of the CSV. */
function recordOf({ judgement, heldOut, exact, ...outcome }: SamplingOutcome) {
  return {
    ...outcome,
    bitsPerCharacter: judgement.bitsPerCharacter,
    bitsError: judgement.standardError,
    ...Object.fromEntries(judgement.distinct.map((share, n) => [`distinct${n + 1}`, share])),
    repeated4: judgement.repeated,
    words: judgement.words,
    texts: judgement.texts,
    natsPerToken: heldOut?.mean,
    natsError: heldOut?.standardError,
    isBound: heldOut?.isBound,
    exact: exact?.mean,
  };
}

function report(outcomes: readonly SamplingOutcome[], real: Judgement | undefined, { stdout }: Io): string {
  const [baseline] = outcomes;
  const best = new Set(frontier(outcomes));
  const chosen = recommended(outcomes, baseline);
  const hasAnswers = outcomes.some(({ exact }) => exact !== undefined);
  const judged = ({ bitsPerCharacter, standardError, distinct, repeated }: Judgement): string[] => [
    spread(bitsPerCharacter, standardError),
    distinct[1].toFixed(2),
    repeated.toFixed(2),
  ];
  const rows = outcomes.flatMap((outcome, k) => [
    ...(outcome.name === outcomes[k - 1]?.name ? [] : [[outcome.name]]),
    [
      `${best.has(outcome) ? '*' : ' '} T ${outcome.temperature}`,
      outcome.tokensPerForward.toFixed(2),
      outcome.tokensPerSecond.toFixed(0),
      ...judged(outcome.judgement),
      outcome.heldOut
        ? `${outcome.heldOut.isBound ? '≤ ' : ''}${spread(outcome.heldOut.mean, outcome.heldOut.standardError)}`
        : '',
      ...(hasAnswers ? [`${(100 * (outcome.exact?.mean ?? 0)).toFixed(0)} %`] : []),
    ],
  ]);
  const table = tableOf(
    [
      '',
      'tokens a forward',
      'tokens/s',
      'bits a character',
      'distinct-2',
      'repeated 4-grams',
      'held-out nats a token',
      ...(hasAnswers ? ['exact'] : []),
    ],
    [...(real ? [['real text', '', '', ...judged(real), '']] : []), ...rows],
    stdout.columns,
  );
  return [
    table,
    'bits a character: of what is written, by the judge. Few bits with few different',
    'pairs of words (distinct-2) are a loop; near real text in both is good.',
    'held-out nats: how unlikely real text is under the sampler; can’t be gamed.',
    '* nothing is both likelier to write real text and faster',
    'fastest within one standard error of the first way on real text:',
    `  ${chosen.name}, ${chosen.tokensPerForward.toFixed(2)} tokens a forward`,
    '',
  ].join('\n');
}

const spread = (value: number, error: number): string =>
  `${value.toFixed(2)} ± ${error.toFixed(2).replace(/^0/, '')}`;
