import { z } from 'zod';
import { adapterDefaults, adapterPreferenceRate, answerDefaults, preferenceDefaults } from './defaults.ts';
import { trainingSchema } from './options.ts';

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

const { from, data, length, epochs, steps, batch, accumulate, learningRate, decayShare, times, ...others } =
  trainingSchema.omit(forText).shape;
const usually = (key: keyof typeof answerDefaults, text: string) =>
  answerDefaults[key] === preferenceDefaults[key]
    ? `${text} [${answerDefaults[key]}]`
    : `${text} [${answerDefaults[key]}; preferences ${preferenceDefaults[key]}]`;

/** What a person may ask of a run that learns to answer: the options of a run that are for answers, those first that matter most. */
export const finetuneSchema = trainingSchema.omit(forText).extend({
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
  learningRate: learningRate.describe(
    `highest learning rate [${answerDefaults.learningRate}, preferences ${preferenceDefaults.learningRate}; with --lora-rank ${adapterDefaults.learningRate}, preferences ${adapterPreferenceRate}]`,
  ),
  times: times.describe(
    usually('times', 'how the times of a batch are drawn; bell: mostly at middling noise'),
  ),
  decayShare: decayShare.describe(usually('decayShare', 'share of the steps in which wsd decays')),
  out: others.out.describe('run directory; continues the run that is there [runs/finetune-SEED]'),
});
