import { freeMemory } from '../base/free-memory.ts';
import { jsonBytes } from '../base/utf8.ts';
import { openAnswers } from '../data/answers.ts';
import type { Dataset } from '../data/dataset.ts';
import { everyAnswer, pairsOfAnswers } from '../data/exchanges.ts';
import { openDataset } from '../data/open-dataset.ts';
import { fingerprint } from '../data/sources.ts';
import { openDistillation } from './distillation-texts.ts';
import { fullWeightsTarget } from './full-weights.ts';
import { trainingJobOf, openSubject } from './job.ts';
import { loraTarget } from './lora.ts';
import type { TrainingOptions } from './options.ts';
import { checkOwnParts, type OwnParts } from './own-parts.ts';
import { openPairs } from './preference-pairs.ts';
import { type JobIo, recordName, type TrainingJob } from './run/training-job.ts';
import { openRunTokenizer, type RunTokenizer } from './run-tokenizer.ts';
import { requireTrainingMemory, sizesIn } from './training-memory.ts';
import type { TrainingTarget } from './training-target.ts';

/**
 * Makes what `unmask train` and `unmask finetune` train, on the text that the options name.
 *
 * @param own  what a program has in the place of options
 */
export async function createTrainingJob(
  options: TrainingOptions,
  directory: string,
  io: JobIo,
  own: OwnParts = {},
): Promise<TrainingJob> {
  checkOwnParts(own, options);
  requireTrainingMemory(options, sizesIn(options), freeMemory());
  const { note, signal, ranks } = io;
  const run = await openRunTokenizer(options, directory, io);
  const { tokenizer } = run;
  const dataset = await openData(options, run, directory, io);
  const target = await targetOf(options, run);
  const heldTo = await Promise.all(target.heldTo.map((path) => fingerprint({ path }, signal)));
  const subject = await openSubject(options, run, target, { own, ranks });
  const { facts } = subject;
  const pairs = options.learn === 'preferences' ? openPairs(options, target, subject) : undefined;
  const distilled =
    options.certainty === undefined
      ? undefined
      : await openDistillation(options, { subject: target, tokenizer, directory, facts, note, signal });
  const sizes = target.summary;
  const job = trainingJobOf({ options, run, dataset, subject, sizes, own, ranks, pairs, distilled });
  const files = [...dataset.manifest.files, ...(distilled?.real?.manifest.files ?? []), ...heldTo];
  return {
    ...job,
    data: { ...dataset.manifest, files },
    exportTo: (place, record) =>
      target.exportTo(place, subject.live, new Map([[recordName, jsonBytes(record)]])),
  };
}

/** The windows of a text, or the answers of conversations, that are learned. */
function openData(
  options: TrainingOptions,
  { tokenizer, template }: RunTokenizer,
  directory: string,
  { note, signal }: JobIo,
): Promise<Dataset> {
  if (!template) return openDataset(options, tokenizer, directory, note, signal);
  const meaning = options.learn === 'preferences' ? pairsOfAnswers : everyAnswer;
  return openAnswers({ ...options, meaning }, tokenizer, template, directory, note, signal);
}

function targetOf(options: TrainingOptions, run: RunTokenizer): Promise<TrainingTarget> {
  return options.loraRank === undefined
    ? fullWeightsTarget(options, run)
    : loraTarget(options, run, options.from!);
}
