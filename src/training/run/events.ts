import type { PreferenceMeasures } from '../../likelihood/preference-comparison.ts';
import type { SpentTogether, ValidationReport } from './training-job.ts';

/** How much was learned, and in what time, when a line of metrics.jsonl was written. */
interface Reached {
  /** Updates tried so far. */
  readonly step: number;
  /** Tokens that the network read in them. */
  readonly tokens: number;
  /** Seconds that they took, over all resumes. Validation, samples and saves don't count. */
  readonly seconds: number;
}

/** An update, as metrics.jsonl has it. */
export interface StepRow extends Reached, Partial<Omit<PreferenceMeasures, 'loss'>> {
  readonly kind: 'step';
  /** The objective over the whole batch, in nats a token; of preferences in nats a pair. */
  readonly loss: number;
  /** The global norm before clipping. */
  readonly gradientNorm: number;
  /** The learning rate. */
  readonly rate: number;
  /** False where the loss or the gradient was not finite and nothing was changed; else absent. */
  readonly applied?: false;
}

/** What held-out text cost after an update, as metrics.jsonl has it. An error that isn't known is absent. */
export interface ValidationRow
  extends
    Reached,
    Omit<ValidationReport, 'tokens' | 'standardError' | 'maskError'>,
    Partial<Pick<ValidationReport, 'standardError' | 'maskError'>> {
  readonly kind: 'validation';
  /** Tokens of the windows that were scored. */
  readonly windowTokens: number;
}

/** A line of metrics.jsonl. */
export type MetricsRow = StepRow | ValidationRow;

/** An update, how far the run is with it, and how fast. */
export interface StepEvent extends StepRow {
  /** Updates of the whole run. */
  readonly steps: number;
  /** Over the latest updates; absent before there are two. */
  readonly tokensPerSecond?: number;
  /** Until all updates are done, at the present speed. */
  readonly secondsLeft?: number;
  /** Where several ranks train: how many, and the shares of the updates' time that went into exchange and into waiting. */
  readonly ranks?: SpentTogether;
}

/** What a run tells while it is trained. */
export type TrainingEvent =
  /** It begins, or goes on after a step. */
  | { readonly kind: 'began'; readonly directory: string; readonly step: number; readonly steps: number }
  | StepEvent
  | ValidationRow
  /** A text by the model as it is by now. */
  | { readonly kind: 'sample'; readonly step: number; readonly text: string }
  /** The run ends, and saves what it has. */
  | { readonly kind: 'saving'; readonly step: number }
  /** A checkpoint stands. */
  | { readonly kind: 'saved'; readonly step: number; readonly bytes: number }
  /** A sentence for people: what takes time, what was read or derived, or what went wrong and was got over. */
  | { readonly kind: 'note'; readonly text: string };
