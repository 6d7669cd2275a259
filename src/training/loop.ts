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

/** What the batch of an update cost, or a micro-batch of it. */
export interface Accumulated {
  /** In nats a token of the whole batch. */
  readonly loss: number;
  /** Tokens of text in it. */
  readonly tokens: number;
  readonly measures: Readonly<Record<string, number>>;
}

/** What the loop calls in each update. */
export interface LoopParts {
  readonly learner: Pick<Learner, 'update'>;
  /** Accumulates the gradient of the update with this index in the learner. */
  readonly accumulate: (step: number) => Promise<Accumulated>;
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
 * It ends when all updates are done, or, when `stop` is aborted, after the current one; with the state before it where
 * `accumulate` threw the reason.
 *
 * @param state  written to
 * @throws NonFiniteError  after three updates in a row, or ten of a thousand, that could not be applied
 */
export async function* trainingSteps(
  { learner, accumulate, rate, steps }: LoopParts,
  state: LoopState,
  stop?: AbortSignal,
): AsyncGenerator<StepReport, void, void> {
  while (state.step < steps) {
    if (stop?.aborted) return;
    const learningRate = rate(state.step);
    const accumulated = await accumulate(state.step).catch((error: unknown) => {
      if (stop?.aborted && error === stop.reason) return undefined;
      throw error;
    });
    if (!accumulated) return;
    const { loss, tokens, measures } = accumulated;
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

/**
 * Accumulates the gradients of micro-batches, and says what each cost.
 *
 * @throws the reason of `stop`, between two micro-batches; the gradient is then a part
 */
export async function accumulateEach(
  learner: Pick<Learner, 'accumulate'>,
  batches: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>,
  stop?: AbortSignal,
): Promise<Accumulated[]> {
  const costs: Accumulated[] = [];
  for await (const batch of batches) {
    stop?.throwIfAborted();
    const { measured } = batch;
    const weighted = await learner.accumulate(batch);
    costs.push({
      loss: measured?.loss ?? weighted,
      tokens: batch.textTokens ?? batch.tokens.data.length,
      measures: measured?.others ?? {},
    });
  }
  return costs;
}

/** What micro-batches cost together: their shares of the batch, added up in their order. */
export function totalCost(costs: readonly Accumulated[]): Accumulated {
  const measures: Record<string, number> = {};
  let [loss, tokens] = [0, 0];
  for (const cost of costs) {
    loss += cost.loss;
    tokens += cost.tokens;
    for (const [name, share] of Object.entries(cost.measures)) measures[name] = (measures[name] ?? 0) + share;
  }
  return { loss, tokens, measures };
}

function isHopeless({ step, skipped }: LoopState): boolean {
  const inARow = skipped.filter((other) => other > step - maxInARow).length;
  return inARow >= maxInARow || skipped.length >= maxInWindow;
}
