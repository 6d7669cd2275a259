import { counted } from '../base/format-count.ts';
import type { Batch, Dataset } from '../data/dataset.ts';
import type { CleanWindows } from '../diffusion/clean-windows.ts';
import { createModel } from '../language-model/create-model.ts';
import type { Model } from '../language-model/language-model.ts';
import { doubledNetworkScorer, networkScorer } from '../language-model/network-scorer.ts';
import type { SharedScoring } from '../likelihood/scored-canvas.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import { validate } from '../likelihood/validation.ts';
import { causal } from '../model/attention-pattern.ts';
import type { ModelConfig } from '../model/families/family.ts';
import type { LiveWeights, Network } from '../model/network.ts';
import type { Ranks } from '../ranks/ranks.ts';
import { expandToken } from '../tokenizer/tokenizer-json.ts';
import { certaintyLoss } from './certainty-loss.ts';
import { type LearningFacts, objectiveOf, scoringOf } from './choose-objective.ts';
import type { Distillation } from './distillation-texts.ts';
import { openLearner, type TransformerLearner } from './graph-learner.ts';
import type { TrainingBatch } from './learner.ts';
import type { BatchPlace } from './objectives/objective.ts';
import { freshSampling } from './fresh-sampling.ts';
import type { TrainingOptions } from './options.ts';
import type { OwnParts } from './own-parts.ts';
import type { Pairs } from './preference-pairs.ts';
import type { RunTokenizer } from './run-tokenizer.ts';
import type { TrainingJob } from './run/training-job.ts';
import { sharedScoring } from './shared-scoring.ts';
import type { TrainingTarget } from './training-target.ts';

/** Tokens of a sample on the way: a longer one would cost more than it shows. */
const longestSample = 128;
/** Where preferences are learned, a window has two. */
const answersOfPair = 2;

/** What of a job has weights: the network in training, and the same network with its weights as they are at each forward. */
export interface Subject {
  readonly learner: TransformerLearner;
  /** Of validation, samples and the exported model: the weights, or their average where one is kept. */
  readonly live: LiveWeights;
  readonly network: Network;
  readonly facts: LearningFacts;
  readonly scorer: (network: Network) => RowScorer;
}

/** Opens what a target trains. */
export async function openSubject(
  options: TrainingOptions,
  run: RunTokenizer,
  target: Pick<TrainingTarget, 'config' | 'names' | 'initial' | 'adapter' | 'open'>,
  { own = {}, ranks }: { readonly own?: OwnParts; readonly ranks?: Ranks } = {},
): Promise<Subject> {
  const learner = await openLearner(target.config.transformer, target.names, target.initial, {
    ...options,
    emaDecay: options.ema,
    adapter: target.adapter,
    loss: options.certainty === undefined ? own.loss : certaintyLoss,
    ranks,
  });
  const live = { arrays: () => learner.averages() };
  const facts = factsOf(options, run, target.config);
  return { learner, live, network: target.open(live), facts, scorer: scorerFor(facts) };
}

/** What a job is made from, wherever its text and its weights come from. */
export interface JobParts {
  readonly options: TrainingOptions;
  readonly run: RunTokenizer;
  readonly dataset: Dataset;
  readonly subject: Subject;
  /** Lines for people on its size. */
  readonly sizes: readonly string[];
  readonly own?: OwnParts;
  readonly ranks?: Ranks;
  readonly pairs?: Pairs;
  readonly distilled?: Distillation;
}

/** A job but for how its model is written. */
export function trainingJobOf({
  options,
  run,
  dataset,
  subject: { learner, network, facts, scorer },
  sizes,
  own = {},
  ranks,
  pairs,
  distilled,
}: JobParts): Omit<TrainingJob, 'exportTo'> {
  const objective = pairs?.objective ?? distilled?.objective ?? objectiveOf(options, facts, own);
  return {
    learner,
    data: dataset.manifest,
    windows: dataset.windows,
    summary: [...dataset.summary, ...sizes, describe(options)],
    batches: batchesOf(options, dataset, objective, (drawn) => distilled?.textWithEnd(drawn) ?? drawn),
    validate: validationOf(options, (distilled?.real ?? dataset).validation, {
      network,
      scorer,
      facts,
      pairs,
      shared: ranks && sharedScoring(ranks),
    }),
    sample: samplesOf(options, modelInTraining(network, run, facts), dataset, run),
    async close() {
      await pairs?.close();
      await distilled?.close();
      await network.close();
      await learner.close();
    },
  };
}

function factsOf(
  options: TrainingOptions,
  { tokenizer, endId, ...run }: RunTokenizer,
  { transformer, blockLength, readsWhole }: ModelConfig,
): LearningFacts {
  return {
    maskId: run.maskId ?? transformer.vocabularySize,
    endId,
    expandId: options.variableLength ? tokenizer.specialTokens.get(expandToken) : undefined,
    // an adapter of a model that learned both learns what is asked for
    blockLength: readsWhole && options.objective !== 'block-diffusion' ? undefined : blockLength,
    shiftedLogits: transformer.shiftedLogits,
  };
}

const scorerFor =
  ({ blockLength }: LearningFacts) =>
  (network: Network): RowScorer =>
    blockLength === undefined ? networkScorer(network) : doubledNetworkScorer(network, blockLength);

function modelInTraining(
  network: Network,
  { tokenizer, template }: RunTokenizer,
  { maskId, endId, blockLength }: LearningFacts,
): Model {
  return createModel({
    network,
    tokenizer,
    maskId,
    endIds: [endId, template?.turnEndId ?? []].flat(),
    startId: network.config.attention === causal ? endId : undefined,
    blockLength,
  });
}

/** @param learned  what of the windows of a text is learned */
function batchesOf(
  options: TrainingOptions,
  dataset: Dataset,
  objective: (windows: CleanWindows, place: BatchPlace) => TrainingBatch | Promise<TrainingBatch>,
  learned: (drawn: Batch) => CleanWindows,
): TrainingJob['batches'] {
  const { learn, batch, accumulate } = options;
  const rows = batch * (learn === 'preferences' ? answersOfPair : 1);
  const batchRows = accumulate * rows;
  return async function* (step, [from, to] = [0, accumulate]) {
    const drawn = dataset.batch(step, accumulate * batch);
    const windows = learn === 'preferences' ? textOf(drawn) : learned(drawn);
    for (let firstRow = from * rows; firstRow < to * rows; firstRow += rows)
      yield await objective(rowsFrom(windows, firstRow, rows), { step, firstRow, batchRows });
  };
}

/** Undefined where there is no text to validate on. */
function validationOf(
  options: TrainingOptions,
  validation: Dataset['validation'],
  {
    network,
    scorer,
    facts,
    pairs,
    shared,
  }: Pick<Subject, 'network' | 'scorer' | 'facts'> & {
    readonly pairs?: Pairs;
    readonly shared?: SharedScoring;
  },
): TrainingJob['validate'] {
  if (validation.count === 0) return undefined;
  const { bytesPerToken, count } = validation;
  const { batch, validationDraws: draws } = options;
  const scoring = scoringOf(options, facts, { draws });
  return async (_step, limit, signal) => {
    const windows = textOf(validation.batch(0, Math.min(count, limit ?? Infinity)));
    const how = { scoring, bytesPerToken, batch, signal, shared };
    if (!pairs) return validate(scorer(network), windows, how);
    return {
      ...(await validate(scorer(network), everySecond(windows), how)),
      preferences: await pairs.measure(windows, { scoring, signal, shared }),
    };
  };
}

function samplesOf(
  options: TrainingOptions,
  model: Model,
  dataset: Dataset,
  { template }: RunTokenizer,
): TrainingJob['sample'] {
  const length = Math.min(longestSample, options.length);
  return async (step, signal) => {
    if (template) return writtenAnswer(model, dataset, step, signal);
    return (await model.generate({ length, ...freshSampling(options), seed: step, signal })).text;
  };
}

/** What the model answers to one of the held-out conversations, or of the others where none is held out. */
async function writtenAnswer(
  model: Model,
  { validation, batch }: Dataset,
  step: number,
  signal: AbortSignal,
): Promise<string> {
  const index = validation.count > 0 ? step % validation.count : 0;
  const drawn = validation.count > 0 ? validation.batch(index, index + 1) : batch(step, 1);
  const { data, maskable } = rowsFrom(drawn, 0, 1);
  const from = maskable?.indexOf(1) ?? 0;
  const room = Math.min(longestSample, data.length - from);
  const tokens = data.slice(0, from + room).fill(model.maskId, from);
  const { tokens: written } = await model.generate({ tokens, temperature: 0, seed: step, signal });
  const question = model.tokenizer.decode(data.subarray(0, from), { special: true });
  return `${question}\n→ ${model.tokenizer.decode(written.subarray(from)).trim()}`;
}

/** Some rows of windows. */
function rowsFrom(
  { shape: [, L], data, maskable }: CleanWindows,
  first: number,
  count: number,
): CleanWindows {
  const [begin, end] = [first * L, (first + count) * L];
  const part = maskable?.subarray(begin, end);
  return { shape: [count, L], data: data.subarray(begin, end), ...(part && { maskable: part }) };
}

/** The rows of the chosen answers. */
function everySecond({ shape: [rows, L], data, maskable }: CleanWindows): CleanWindows {
  const isFirst = (_: number, i: number) => Math.floor(i / L) % 2 === 0;
  return { shape: [rows / 2, L], data: data.filter(isFirst), maskable: maskable?.filter(isFirst) };
}

/** Windows of which the text is scored: what is given and what fills them up is not. */
function textOf({ shape, data, lengths, maskable }: Batch): CleanWindows {
  const [, L] = shape;
  const isText = (i: number) => i % L < lengths[Math.floor(i / L)] && maskable?.[i] !== 0;
  return { shape, data, maskable: Uint8Array.from(data, (_, i) => (isText(i) ? 1 : 0)) };
}

/** The options that the size sets, in a line. */
function describe({
  learn,
  epochs,
  batch,
  accumulate,
  length,
  learningRate,
  schedule,
  ...options
}: TrainingOptions): string {
  const steps = options.steps === undefined ? counted(epochs!, 'epoch') : counted(options.steps, 'step');
  const windows = counted(batch, learn === 'preferences' ? 'pair' : 'window');
  return `${steps} of ${accumulate === 1 ? '' : `${accumulate} × `}${windows} of ${length} tokens, rate ${learningRate} (${schedule})`;
}
