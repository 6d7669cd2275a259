import type { PreferenceMeasures } from '../../likelihood/preference-comparison.ts';
import type { Validation } from '../../likelihood/validation.ts';
import type { Ranks } from '../../ranks/ranks.ts';
import type { Learner, TrainingBatch } from '../learner.ts';
import type { Accumulated } from '../loop.ts';
import type { TrainingOptions } from '../options.ts';
import type { OwnPart } from '../own-parts.ts';

/** One file that a run learns from, or of the model that it is held to, as it was when the run began. */
export interface TrainedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a run learns from: recorded when it begins, compared when it is resumed. */
export interface DataManifest {
  readonly files: readonly TrainedFile[];
  /** Counts for people: tokens, windows, bad rows. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first thousand rows that were skipped. */
  readonly badRows?: readonly { readonly path: string; readonly line: number; readonly reason: string }[];
}

/** What held-out text says of a model: what it costs, and for one that learns from pairs of answers which it prefers. */
export interface ValidationReport extends Validation {
  readonly preferences?: PreferenceMeasures;
}

/** What an exported model says of its training, in `training.json` beside its weights. */
export interface TrainingRecord {
  readonly format: 1;
  readonly step: number;
  readonly tokens: number;
  /** Whether the run was done with it: all updates, validated, sampled. */
  readonly final: boolean;
  readonly validation: ValidationReport | undefined;
  /** What a program had in the place of options. */
  readonly own?: readonly OwnPart[];
  readonly options: TrainingOptions;
}

/** The file of a trained model's directory that holds its `TrainingRecord`. */
export const recordName = 'training.json';

/** What is trained, made from the options of a run: the network, its batches, and how it is judged and shown. */
export interface TrainingJob {
  readonly learner: Learner;
  readonly data: DataManifest;
  /** Lines for people about what was derived from options and data. */
  readonly summary: readonly string[];
  /** Windows of an epoch. */
  readonly windows: number;
  /**
   * The micro-batches of the update with this index: a function of the index and the learner's weights alone.
   *
   * @param share  the first, and the one behind the last. Default: all
   */
  batches(
    step: number,
    share?: readonly [number, number],
  ): Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>;
  /** Accumulates the gradient of an update and says what its batch cost. Default: that of all its micro-batches. */
  accumulate?(step: number): Promise<Accumulated>;
  /** Where several ranks train together, what that took of the updates so far. */
  spent?(): SpentTogether;
  /** Is told once the learner has the state that the run goes on with. */
  restored?(): Promise<void>;
  /** Scores the learner's present weights on at most `windows` validation windows, on all of them without a number. */
  validate?(step: number, windows: number | undefined, signal: AbortSignal): Promise<ValidationReport>;
  /** A text by the learner's present weights. */
  sample?(step: number, signal: AbortSignal): Promise<string>;
  /** Writes a model directory that `generate` loads, with the record in `training.json`. */
  exportTo(directory: string, record: TrainingRecord): Promise<void>;
  close(): Promise<void>;
}

/** What an update takes beside the work itself where several ranks share it. */
export interface SpentTogether {
  readonly size: number;
  /** Seconds that gradients were exchanged. */
  readonly exchanging: number;
  /** Seconds that rank 0 waited for others that were not done with their share. */
  readonly waiting: number;
}

/** What the making of a job has of the world. */
export interface JobIo {
  /** Is given lines for people on what takes time. */
  readonly note: (line: string) => void;
  /** The time of day, for a chat template that asks for it. */
  readonly now: () => Date;
  /** Ends the reading of text. */
  readonly signal: AbortSignal;
  /** Who else learns the same. Default: nobody. */
  readonly ranks?: Ranks;
}

/**
 * Makes the job of a run.
 *
 * @param directory  the run's, for a tokenizer that is made once and for tokenised data
 */
export type CreateTrainingJob = (
  options: TrainingOptions,
  directory: string,
  io: JobIo,
) => Promise<TrainingJob>;
