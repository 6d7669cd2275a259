import { z } from 'zod';
import { answerDefaults, preferenceDefaults, trainingSchema } from '../training/options.ts';
import type { Command } from './command.ts';
import { trainAndTell } from './train.ts';

/** What shapes a network that begins from nothing, or is for text. */
const forText = {
  size: true,
  layers: true,
  width: true,
  heads: true,
  kvHeads: true,
  hidden: true,
  tied: true,
  init: true,
  tokenizer: true,
  vocabularySize: true,
  field: true,
  separator: true,
  packing: true,
  randomLengthShare: true,
  promptShare: true,
  variableLength: true,
  surplus: true,
  learn: true,
} as const;

const { from, data, length, epochs, steps, batch, accumulate, learningRate, decayShare, ...others } =
  trainingSchema.omit(forText).shape;
const usually = (key: keyof typeof answerDefaults, text: string) =>
  answerDefaults[key] === preferenceDefaults[key]
    ? `${text} [${answerDefaults[key]}]`
    : `${text} [${answerDefaults[key]}; preferences ${preferenceDefaults[key]}]`;

/** The flags of `unmask train` that are for answers, those first that matter most. */
const schema = trainingSchema.omit(forText).extend({
  from: from.describe('model that learns to answer'),
  data: data.describe(
    'conversations: .jsonl or .json, either as .gz, or directories of them; rows are {messages}, ShareGPT, {turns}, Alpaca, or {prompt, answer}; for preferences with {chosen, rejected} in place of an answer',
  ),
  learn: z
    .enum(['answers', 'preferences'])
    .optional()
    .describe('to answer, or which of two answers is preferred [answers]'),
  length: length.describe("most tokens of a conversation [the model's, at most 1024]"),
  epochs: epochs.describe(usually('epochs', 'how often every answer is seen')),
  steps: steps.describe('instead of epochs: updates [none]'),
  batch: batch.describe(usually('batch', 'answers of a micro-batch')),
  accumulate: accumulate.describe(
    `micro-batches of an update [1; preferences ${preferenceDefaults.accumulate}]`,
  ),
  learningRate: learningRate.describe(usually('learningRate', 'highest learning rate')),
  decayShare: decayShare.describe(usually('decayShare', 'share of the steps in which wsd decays')),
  out: others.out.describe('run directory; continues the run that is there [runs/finetune-SEED]'),
});

/** A longer context than this is asked for by name. */
const longestUsual = 1024;

const finetune: Command<typeof schema> = {
  summary: 'Teaches a model to answer, from conversations; saves as it goes and resumes to the same bits',
  options: schema,
  positionals: ['from', 'data'],
  examples: [
    ['unmask finetune models/stories talk.jsonl --out runs/talk', 'the model that ships learns to talk'],
    ['unmask chat --model runs/talk', 'talks with it'],
    [
      'unmask finetune runs/talk pairs.jsonl --learn preferences --out runs/better',
      'learns from pairs of answers, one chosen, one rejected',
    ],
    ['unmask finetune --resume runs/talk', 'goes on where it was stopped'],
  ],
  async run(options, io) {
    if (options.resume !== undefined) return trainAndTell(options, io, 'finetune');
    return trainAndTell(
      {
        ...options,
        length: options.length ?? (await usualLength(options.from)),
        learn: options.learn ?? 'answers',
      },
      io,
      'finetune',
    );
  },
};

async function usualLength(model: string | undefined): Promise<number | undefined> {
  if (model === undefined) return undefined;
  const { openModel } = await import('../model/open.ts');
  const { modelDirectory } = await import('../opened-model.ts');
  const { config, network } = await openModel(await modelDirectory(model));
  await network.close();
  return Math.min(longestUsual, config.transformer.maxLength);
}

export default finetune;
