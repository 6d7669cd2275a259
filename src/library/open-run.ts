import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { readWhole } from '../checkpoint/read-whole.ts';
import type { Model } from '../language-model/language-model.ts';
import { load } from '../language-model/load.ts';
import type { LoadOptions } from '../model-files/open-model.ts';
import type { TrainingOptions } from '../training/options.ts';
import type { OwnPart } from '../training/own-parts.ts';
import type { MetricsRow, StepRow, ValidationRow } from '../training/run/events.ts';
import { readLogRows } from '../training/run/json-log.ts';
import { readRunJson, recordedOptions } from '../training/run/run-directory.ts';
import { recordName, type TrainingRecord } from '../training/run/training-job.ts';

/** A text that a run wrote on the way. */
export interface RunSample {
  readonly step: number;
  readonly text: string;
}

/** A run of `train` or `finetune`, as its directory has it. */
export interface TrainingRun {
  readonly directory: string;
  /** Where `load` finds its model, once there is one. */
  readonly modelDirectory: string;
  /** Every option, those that nobody named included. */
  readonly options: TrainingOptions;
  /** What a program has in the place of options; whoever resumes the run gives it again. */
  readonly own: readonly OwnPart[];
  /** Updates that are done, and the tokens and seconds that they took. */
  readonly step: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Whether all updates are done and judged. */
  readonly isFinished: boolean;
  /** What held-out text cost at last: a bound in nats a token for a model that diffuses, −log p itself for a causal one. */
  readonly validation?: ValidationRow;
  /** Every line of metrics.jsonl, as it is by now. */
  metrics(): MetricsRow[];
  /** The texts that were written on the way, the first first. */
  samples(): Promise<RunSample[]>;
  /** Opens the model as it was last written: at the end, when the run was stopped, or at a validation. */
  model(options?: LoadOptions): Promise<Model>;
}

/**
 * Opens a run, whether it is done, was stopped, or is being trained by another program.
 *
 * @throws FileError  where there is none, or its record can't be read
 */
export async function openRun(directory: string): Promise<TrainingRun> {
  const recorded = await recordedOptions(directory);
  if (!recorded)
    throw new FileError(directory, 'a run directory with an options.json', 'none', 'check the path');
  const metrics = (): MetricsRow[] => metricsIn(directory);
  const rows = metrics();
  const last = rows.findLast((row): row is StepRow => row.kind === 'step');
  const { step = 0, tokens = 0, seconds = 0 } = last ?? {};
  const record = await exportedRecord(directory);
  return {
    directory,
    modelDirectory: join(directory, 'model'),
    ...recorded,
    step,
    tokens,
    seconds,
    isFinished: record?.final === true && step <= record.step,
    validation: rows.findLast((row): row is ValidationRow => row.kind === 'validation'),
    metrics,
    samples: () => samplesIn(directory),
    model: (options) => load(directory, options),
  };
}

const metricsIn = (directory: string): MetricsRow[] =>
  readLogRows(join(directory, 'metrics.jsonl'))
    .map((row): Record<string, unknown> => Object.fromEntries(Object.entries(row).map(numbered)))
    .filter(isMetricsRow);

/** Whether a line is what a run writes; it may have been edited. */
function isMetricsRow(row: Record<string, unknown>): row is Record<string, unknown> & MetricsRow {
  const { kind, step, tokens = 0, seconds = 0 } = row;
  const cost = kind === 'step' ? row.loss : kind === 'validation' ? row.natsPerToken : undefined;
  return [step, tokens, seconds, cost].every((value) => typeof value === 'number');
}

/** Numbers that JSON has no form for are words in the file. */
const numbered = ([key, value]: [string, unknown]): [string, unknown] => [
  key,
  typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value) ? Number(value) : value,
];

async function exportedRecord(directory: string): Promise<TrainingRecord | undefined> {
  const path = join(directory, 'model', recordName);
  return existsSync(path) ? ((await readRunJson(path)) as TrainingRecord) : undefined;
}

/** More than any text that is written on the way. */
const maxSampleBytes = 2 ** 26;

async function samplesIn(directory: string): Promise<RunSample[]> {
  const folder = join(directory, 'samples');
  const names = existsSync(folder) ? (await readdir(folder)).sort() : [];
  const found = names.map(async (name): Promise<RunSample[]> => {
    const step = /^step-(\d+)\.txt$/.exec(name)?.[1];
    if (step === undefined) return [];
    const bytes = await readWhole(join(folder, name), maxSampleBytes);
    return [{ step: Number(step), text: Buffer.from(bytes).toString('utf8') }];
  });
  return (await Promise.all(found)).flat();
}
