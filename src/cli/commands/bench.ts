import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { frontier, type SamplingOutcome, recommended } from '../../evaluation/trade-off.ts';
import { tradeOffSvg } from '../../evaluation/trade-off-svg.ts';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import { strategiesFor, strategyNamed } from '../../sampling/strategy-table.ts';
import type { SamplingTask, Way } from '../../evaluation/sampling-tasks.ts';
import { type Command, UsageError } from '../command.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';

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
      'JSON lines with prompt and perhaps answer, or texts whose first words are the prompts [the stories of the model that ships]',
    ),
  ...modelOptions,
  count: z.int().min(2).max(100_000).default(50).describe('prompts'),
  words: z.int().min(1).max(1000).default(8).describe('words of a text that are its prompt'),
  strategy: z
    .array(shape.strategy.unwrap())
    .optional()
    .describe('a strategy that is measured; may be given again [all]'),
  blockLength: z
    .array(z.int().min(1))
    .default([16])
    .describe('tokens a block; may be given again, to measure several'),
  cache: z
    .array(shape.cache.unwrap())
    .default(['none', 'dual'])
    .describe('a cache that each way is measured with; may be given again'),
  length: shape.length.unwrap().default(64).describe('tokens to write'),
  temperature: shape.temperature
    .unwrap()
    .default(0)
    .describe('0 takes the likeliest token, 1 samples the model'),
  draws: z.int().min(1).max(10_000).default(8).describe('draws of masks for the score of a text'),
  seed: z.int().min(0).default(0).describe('same seed, same table'),
  svg: z.string().optional().meta({ placeholder: 'path' }).describe('writes the chart there'),
  json: z.boolean().default(false).describe('prints a line of JSON for each way to sample'),
});

type Options = z.output<typeof options>;
type Strategy = FlatSamplingOptions['strategy'];

/** `unmask bench`, with any way to load a model. */
export function benchCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Measures ways to sample: the quality of what they write against their speed',
    options,
    positionals: ['what', 'prompts'],
    examples: [
      [
        'unmask bench sample --svg trade-off.svg',
        'every strategy on the model that ships, as a table and a chart',
      ],
      [
        'unmask bench sample tasks.jsonl --model runs/mine --strategy threshold --count 200',
        'one strategy on your own prompts',
      ],
    ],
    async run(asked, io) {
      const { prompts, model: path, adapter, device, weights, count, words, draws, seed, svg, json } = asked;
      const { measureWay, readTasks } = await import('../../evaluation/sampling-tasks.ts');
      const { shippedModel } = await import('../../model-files/locate.ts');
      if (prompts === undefined && path !== undefined)
        throw new UsageError('give a file of prompts for a model of your own');
      const tasks: SamplingTask[] = await readTasks(
        prompts ?? `${shippedModel}/stories.jsonl.gz`,
        count,
        words,
      );
      const ways = waysOf(asked);
      const model = await load({ model: path, adapter, device, weights }, io);
      const outcomes: SamplingOutcome[] = [];
      try {
        for (const [index, way] of ways.entries()) {
          io.stderr.write(`${index + 1} of ${ways.length}: ${way.name}\n`);
          const outcome = await measureWay(model, way, tasks, { draws, seed, signal: io.signal });
          outcomes.push(outcome);
          if (json) io.stdout.write(`${JSON.stringify(outcome)}\n`);
        }
      } finally {
        await model.close();
      }
      const [baseline] = outcomes;
      if (!json) io.stdout.write(table(outcomes, baseline));
      if (svg !== undefined) await writeFile(svg, tradeOffSvg('Quality against speed', outcomes, baseline));
    },
  };
}

export default benchCommand(loadModel);

/**
 * Every strategy with a few values of what trades its quality for speed, with every cache; the first is the careful one, one
 * token a step and nothing remembered.
 */
function waysOf({
  strategy = strategiesFor(undefined),
  blockLength,
  cache,
  length,
  temperature,
}: Options): Way[] {
  const ways: Way[] = [];
  for (const block of blockLength) {
    const fixed = { length, temperature, blockLength: block, stopEarly: false } as const;
    const careful = { ...fixed, strategy: 'low-confidence', steps: length } as const;
    const add = (strategy: Strategy, label: string, cache: string, options: Way['options']): void => {
      const [kept, memory] =
        cache === 'none' ? [strategy, ''] : [`${strategy}, ${cache} cache`, `, ${cache} cache`];
      ways.push({ name: `${strategy}, ${label}, block ${block}${memory}`, group: kept, options });
    };
    add('low-confidence', '1 a step', 'none', careful);
    for (const name of strategy)
      for (const [label, parameters] of parametersOf(name, length, block))
        for (const memory of cache) {
          if (name === 'low-confidence' && parameters.steps === length && memory === 'none') continue;
          add(name, label, memory, { ...fixed, strategy: name, cache: memory, ...parameters });
        }
  }
  return ways;
}

/** What a strategy is measured with. */
function parametersOf(
  strategy: Strategy,
  length: number,
  block: number,
): [string, Partial<FlatSamplingOptions>][] {
  const { dial } = strategyNamed(strategy);
  if (dial === 'none') return [['1 a step', {}]];
  if (dial === 'steps')
    return [1, 2, 4, 8]
      .filter((perStep) => block % perStep === 0)
      .map((perStep) => [`${perStep} a step`, { steps: Math.ceil(length / perStep) }]);
  const { option, values } = dial;
  return values.map((value) => [`${option} ${value}`, { [option]: value }]);
}

function table(outcomes: readonly SamplingOutcome[], baseline: SamplingOutcome): string {
  const best = new Set(frontier(outcomes));
  const chosen = recommended(outcomes, baseline);
  const hasAnswers = outcomes.some(({ exact }) => exact !== undefined);
  const rows = [
    ['', 'tokens a forward', 'tokens/s', 'nats a token', '±', ...(hasAnswers ? ['exact'] : [])],
    ...outcomes.map((outcome) => [
      `${best.has(outcome) ? '* ' : '  '}${outcome.name}`,
      outcome.tokensPerForward.toFixed(2),
      outcome.tokensPerSecond.toFixed(0),
      outcome.natsPerToken.toFixed(3),
      outcome.standardError.toFixed(3),
      ...(hasAnswers ? [`${(100 * (outcome.exact ?? 0)).toFixed(0)} %`] : []),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(([name, ...cells]) =>
    [name.padEnd(widths[0]), ...cells.map((cell, i) => cell.padStart(widths[i + 1]))].join('  ').trimEnd(),
  );
  return [
    ...lines,
    '',
    '* nothing is both better and faster',
    `fastest within one standard error of “${baseline.name}”: ${chosen.name}, ${chosen.tokensPerForward.toFixed(2)} tokens a forward`,
    '',
  ].join('\n');
}
