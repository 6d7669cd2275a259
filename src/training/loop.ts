import { invariant } from '../base/errors.ts';
import type { Learner, TrainingBatch } from './learner.ts';
import type { Rate } from './learning-rate.ts';

/** What one update did. Nothing here depends on the clock, so a resumed run reports the same. */
export interface StepReport {
  /** Updates tried so far, this one included. */
  readonly step: number;
  /** The objective over the whole batch, in nats a token. */
  readonly loss: number;
  /** The global norm before clipping. */
  readonly gradientNorm: number;
  readonly rate: number;
  /** False where the loss or the gradient was not finite: then nothing was changed. */
  readonly applied: boolean;
  /** Tokens that the network read. */
  readonly tokens: number;
  /** What else its objective tells of it, by name. */
  readonly measures: Readonly<Record<string, number>>;
}

/** Where a run stands between two updates. */
export interface LoopState {
  /** Updates tried so far; the next one has this index. */
  step: number;
  /** Tokens read so far. */
  tokens: number;
  /** The latest updates that were not applied, by their `step`; those that are long past are forgotten. */
  skipped: number[];
}

export interface LoopParts {
  readonly learner: Learner;
  /** The micro-batches of the update with this index: a function of the index and the learner's weights alone. */
  readonly batches: (step: number) => Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>;
  readonly rate: Rate;
  /** Updates of the whole run. */
  readonly steps: number;
}

/** Too many updates whose loss or gradient was not finite. None of them was applied. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';
  readonly exitCode = 4;
  readonly step: number;

  constructor({ step, loss, gradientNorm, rate }: StepReport, skipped: number) {
    super(
      `step ${step}: expected a finite loss and gradient, found loss ${loss} and gradient norm ${gradientNorm} at rate ${rate}` +
        ` (${skipped} such steps, none applied); start again from a checkpoint with a lower --learning-rate`,
    );
    this.step = step;
  }
}

/** A run is given up after this many updates in a row that could not be applied … */
const maxInARow = 3;
/** … or this many among the latest `window`. */
const maxInWindow = 10;
const window = 1000;

/**
 * The training loop: LLaDA Algorithm 1 with the objective's batches, one report an update.
 *
 * Whoever drains it writes metrics, validates and saves between two updates: `state` is then consistent.
 * It ends when all updates are done, or after the current one when `stop` is aborted.
 *
 * @param state  written to
 * @throws NonFiniteError  after three updates in a row, or ten of a thousand, that could not be applied
 */
export async function* trainingSteps(
  { learner, batches, rate, steps }: LoopParts,
  state: LoopState,
  stop?: AbortSignal,
): AsyncGenerator<StepReport, void, void> {
  while (state.step < steps) {
    if (stop?.aborted) return;
    const learningRate = rate(state.step);
    let loss = 0;
    let tokens = 0;
    const measures: Record<string, number> = {};
    for await (const batch of batches(state.step)) {
      const { measured } = batch;
      const weighted = await learner.accumulate(batch);
      loss += measured?.loss ?? weighted;
      for (const [name, share] of Object.entries(measured?.others ?? {}))
        measures[name] = (measures[name] ?? 0) + share;
      tokens += batch.textTokens ?? batch.tokens.data.length;
    }
    const { gradientNorm, applied } = await learner.update(learningRate);
    invariant(!applied || Number.isFinite(loss), 'an update with a loss that is not finite was applied');

    state.step += 1;
    state.tokens += tokens;
    const report = { step: state.step, loss, gradientNorm, rate: learningRate, applied, tokens, measures };
    if (!applied) state.skipped = [...state.skipped.filter((step) => step > state.step - window), state.step];
    yield report;
    if (!applied && isHopeless(state)) throw new NonFiniteError(report, state.skipped.length);
  }
}

function isHopeless({ step, skipped }: LoopState): boolean {
  const inARow = skipped.filter((other) => other > step - maxInARow).length;
  return inARow >= maxInARow || skipped.length >= maxInWindow;
}
