import { grouped } from '../../base/format-count.ts';
import { FileError } from '../../base/errors.ts';
import { quietTimer } from '../../base/quiet-timer.ts';
import type { SaveResult } from '../../checkpoint/checkpoints.ts';
import type { Learner } from '../learner.ts';
import { rates } from '../learning-rate.ts';
import { accumulateEach, type LoopParts, type StepReport, totalCost, trainingSteps } from '../loop.ts';
import type { RunSteps } from '../options.ts';
import type { MetricsRow, StepRow, TrainingEvent, ValidationRow } from './events.ts';
import { stepsOfRun } from './resolve-options.ts';
import type { RunDirectory } from './run-directory.ts';
import { beginning, type RunState } from './run-state.ts';
import type { Restored } from './snapshot.ts';
import { Speed } from './speed.ts';
import type { SpentTogether, TrainingJob, TrainingRecord, ValidationReport } from './training-job.ts';

/** What a run has of the world. */
export interface RunIo {
  /** Is told what happens; the run waits for it. */
  readonly tell: (event: TrainingEvent) => Promise<void>;
  /** The same where nobody can wait. */
  readonly note: (event: TrainingEvent) => void;
  /** Milliseconds that never go back: for speed and time left. */
  readonly clock: () => number;
  /** The time of day, for events.jsonl and for a chat template that asks for it. */
  readonly now: () => Date;
  /** Aborted when the run is to save and stop after the present update. */
  readonly stop: AbortSignal;
}

/** What a run has come to. */
export interface RunOutcome {
  readonly directory: string;
  /** The model directory, once there is one. */
  readonly model: string;
  readonly step: number;
  /** Whether all updates are done; false for a run that was stopped. */
  readonly finished: boolean;
}

/** A run that cannot put its work anywhere. What was saved before stands. */
export class CannotSaveError extends Error {
  override readonly name = 'CannotSaveError';
  readonly exitCode = 2;
}

/** Slow updates are saved at this interval, whatever their number: so much at most is lost with a program that is killed. */
const unsavedMs = 60_000;
/** An update that is not done so long after the run was told to stop is given up between two micro-batches. */
const patienceMs = 2000;
/** Saves may fail for this long before a run gives up. */
const maxUnsavedMs = 3_600_000;

/** What a run was asked for. */
export type AskedRun = Pick<RunDirectory, 'options' | 'own' | 'changes'>;

/** Where a run is kept: a directory of the disk, or what a browser keeps for a page. */
export interface RunPlace {
  /** What people call it. */
  readonly path: string;
  /** Where the model is written, as the job takes it. */
  readonly model: string;
  /** Asked before anything is written. @throws FileError  when another program has taken the run */
  check(): Promise<void>;
  /** Puts the newest whole checkpoint into the learner. */
  restore(learner: Learner): Promise<Restored>;
  /** Whether the last model of the run is there. */
  hasLastModel(): Promise<boolean>;
  /** Metrics go on after those of the updates so far. */
  openMetrics(state: RunState): void;
  metric(row: MetricsRow): void;
  event(row: object): void;
  sample(step: number, text: string): void;
  /** Saves between two updates. */
  save(state: RunState, learner: Learner): Promise<SaveResult>;
  drawCurve(): void;
  close(): void;
}

/** One run while it is trained: what happens between two updates. */
export class RunLoop {
  readonly #asked: AskedRun;
  readonly #job: TrainingJob;
  readonly #updates: RunSteps;
  readonly #io: RunIo;
  readonly #place: RunPlace;
  readonly #speed = new Speed();
  #state!: RunState;
  #savedStep: number | undefined;
  #savedMs: number;
  /** When the last save was tried, and what it took. */
  #triedMs: number;
  #saveMs = 0;
  #failedSaves = 0;
  /** What had been spent on updates when the run went on. */
  #secondsBefore = 0;
  #validation: ValidationReport | undefined;
  #isComplete = false;

  constructor(asked: AskedRun, job: TrainingJob, io: RunIo, place: RunPlace) {
    this.#asked = asked;
    this.#job = job;
    this.#io = io;
    this.#place = place;
    this.#updates = stepsOfRun(asked.options, job.windows);
    this.#savedMs = this.#triedMs = io.clock();
  }

  async train(): Promise<RunOutcome> {
    const { options, changes } = this.#asked;
    const { steps } = this.#updates;
    try {
      await this.#restore();
      if (Object.keys(changes).length > 0) this.#event('changed', { changes });
      if (this.#isComplete) {
        await this.#note(`${steps === 1 ? 'the 1 step is' : `all ${grouped(steps)} steps are`} done already`);
        return this.#outcome();
      }
      this.#speed.add(this.#state);
      // what was due when the run was stopped comes first, so that metrics are those of a run that was not
      await this.#judge();
      const { learner } = this.#job;
      const rate = rates[options.schedule]({
        ...options,
        ...this.#updates,
        peak: options.learningRate,
        minimum: options.minimumRate,
      });
      const parts = {
        learner,
        accumulate: accumulationOf(this.#job, later(this.#io.stop, patienceMs)),
        rate,
        steps,
      };
      const { clock, stop } = this.#io;
      let beganMs = clock();
      for await (const report of trainingSteps(parts, this.#state, stop)) {
        this.#state.seconds += (clock() - beganMs) / 1000;
        await this.#place.check();
        await this.#record(report);
        await this.#judge();
        if (this.#isEvery(options.checkpointEvery) || this.#isLongUnsaved()) await this.#save();
        beganMs = clock(); // what came between two updates is none of their time
      }
      await this.#finish();
      return this.#outcome();
    } finally {
      this.#place.close();
    }
  }

  /** Puts back the newest whole checkpoint; without one the run begins. */
  async #restore(): Promise<void> {
    const { state, damaged } = await this.#place.restore(this.#job.learner);
    for (const problem of damaged) {
      this.#event('damaged', { problem: problem.message });
      await this.#note(problem.message);
    }
    await this.#job.restored?.();
    this.#state = state ?? beginning();
    this.#savedStep = state?.step;
    this.#secondsBefore = this.#state.seconds;
    this.#isComplete = this.#isLast() && (await this.#place.hasLastModel());
    const { step } = this.#state;
    const { steps } = this.#updates;
    this.#event(state ? 'resumed' : 'began', { step, steps });
    await this.#io.tell({ kind: 'began', directory: this.#place.path, step, steps });
    if (!this.#isComplete) this.#place.openMetrics(this.#state);
  }

  async #record({ applied, measures, ...report }: StepReport): Promise<void> {
    const { step, loss, gradientNorm } = report;
    const row: StepRow = {
      kind: 'step',
      ...report,
      ...this.#reached(),
      ...measures,
      ...(!applied && { applied }),
    };
    this.#place.metric(row);
    this.#speed.add(this.#state);
    const { steps } = this.#updates;
    const { tokensPerSecond } = this.#speed;
    const ranks = this.#sharesTogether();
    const secondsLeft = this.#speed.secondsUntil(steps);
    await this.#io.tell({ ...row, steps, tokensPerSecond, secondsLeft, ...(ranks && { ranks }) });
    if (step === this.#asked.options.causalWarmup && step < steps)
      await this.#note(
        'masks begin: so far each token was learned from those before it; the loss from here on is another',
      );
    if (applied) return;
    this.#event('skipped', { step, loss, gradientNorm });
    await this.#note(`step ${grouped(step)} was not applied: loss ${loss}, gradient norm ${gradientNorm}`);
  }

  /** What ranks together spent, as shares of the time since the run began or went on. */
  #sharesTogether(): SpentTogether | undefined {
    const spent = this.#job.spent?.();
    const seconds = this.#state.seconds - this.#secondsBefore;
    if (!spent || seconds <= 0) return undefined;
    return { size: spent.size, exchanging: spent.exchanging / seconds, waiting: spent.waiting / seconds };
  }

  /** How much was learned by now. */
  #reached() {
    const { step, tokens, seconds } = this.#state;
    return { step, tokens, seconds: Number(seconds.toFixed(3)) };
  }

  /** Validates and samples where that is due and not done. When the run is to stop, it's left to the resumed run. */
  async #judge(): Promise<void> {
    const { step } = this.#state;
    const { validationEvery, sampleEvery } = this.#asked.options;
    if (step === 0) return;
    const last = this.#isLast();
    try {
      if (this.#state.validated < step && (last || this.#isEvery(validationEvery)))
        await this.#validate(last);
      if (this.#state.sampled < step && (last || this.#isEvery(sampleEvery))) await this.#sample();
    } catch (error) {
      if (!this.#io.stop.aborted) throw error;
    }
  }

  async #validate(last: boolean): Promise<void> {
    const { step } = this.#state;
    if (this.#job.validate) {
      if (this.#io.stop.aborted) return;
      const windows = last ? undefined : this.#asked.options.validationWindows;
      const validation = await this.#job.validate(step, windows, this.#io.stop);
      await this.#place.check();
      this.#validation = validation;
      const { tokens: windowTokens, ...report } = withoutUnknownErrors(validation);
      const row: ValidationRow = { kind: 'validation', ...this.#reached(), ...report, windowTokens };
      this.#place.metric(row);
      await this.#io.tell(row);
    }
    this.#state.validated = step;
    this.#place.drawCurve();
    // a model on the way can be tried out, and a full disk costs no more than that
    if (!last) await this.#export().catch((error: unknown) => this.#tellProblem(error));
  }

  async #sample(): Promise<void> {
    const { step } = this.#state;
    if (this.#job.sample) {
      if (this.#io.stop.aborted) return;
      const text = await this.#job.sample(step, this.#io.stop);
      await this.#place.check();
      this.#place.sample(step, text);
      await this.#io.tell({ kind: 'sample', step, text });
    }
    this.#state.sampled = step;
  }

  async #save(): Promise<void> {
    const { step } = this.#state;
    if (this.#savedStep === step) return;
    const beganMs = this.#io.clock();
    const result = await this.#place.save(this.#state, this.#job.learner);
    this.#triedMs = this.#io.clock();
    this.#saveMs = this.#triedMs - beganMs;
    if (result.saved) {
      this.#savedStep = step;
      this.#savedMs = this.#io.clock();
      this.#failedSaves = 0;
      this.#event('saved', {
        step,
        steps: this.#updates.steps,
        bytes: result.bytes,
        tokensPerSecond: this.#speed.tokensPerSecond,
      });
      await this.#io.tell({ kind: 'saved', step, bytes: result.bytes });
    } else {
      this.#failedSaves += 1;
      this.#event('save failed', { step, problem: result.error.message });
      await this.#note(`no checkpoint of step ${grouped(step)}: ${result.error.message}`);
      if (this.#failedSaves >= 3) {
        await this.#note(
          `${this.#failedSaves} saves in a row have failed: what was learned since would be lost`,
        );
      }
      if (this.#io.clock() - this.#savedMs > maxUnsavedMs) throw new CannotSaveError(result.error.message);
    }
  }

  /** The last acts of a run that is done or is stopped: a checkpoint, the curve and the model. */
  async #finish(): Promise<void> {
    const { step } = this.#state;
    if (step === 0) return;
    await this.#io.tell({ kind: 'saving', step });
    await this.#save();
    this.#place.drawCurve();
    await this.#export();
    this.#event(this.#isFinal() ? 'done' : 'stopped', { step });
    if (this.#savedStep !== step) {
      throw new CannotSaveError(
        `no checkpoint of step ${step} could be saved; the model is in ${this.#place.model}`,
      );
    }
  }

  async #export(): Promise<void> {
    const { step, tokens } = this.#state;
    const { options, own } = this.#asked;
    const final = this.#isFinal();
    const record: TrainingRecord = {
      format: 1,
      step,
      tokens,
      final,
      validation: this.#validation,
      ...(own.length > 0 && { own }),
      options,
    };
    await this.#job.exportTo(this.#place.model, record);
  }

  #outcome(): RunOutcome {
    const { step } = this.#state;
    return {
      directory: this.#place.path,
      model: this.#place.model,
      step,
      finished: this.#isComplete || this.#isFinal(),
    };
  }

  #isLast(): boolean {
    return this.#state.step >= this.#updates.steps;
  }

  /** All updates are done, and judged. */
  #isFinal(): boolean {
    const { step, validated, sampled } = this.#state;
    return this.#isLast() && validated === step && sampled === step;
  }

  /** Whether so much was learned since the last save that a twentieth of that time is well spent on one. */
  #isLongUnsaved(): boolean {
    return this.#io.clock() - this.#triedMs > Math.max(unsavedMs, 20 * this.#saveMs);
  }

  #isEvery(interval: number): boolean {
    return this.#state.step % interval === 0;
  }

  async #tellProblem(problem: unknown): Promise<void> {
    if (!(problem instanceof FileError)) throw problem;
    this.#event('problem', { problem: problem.message });
    await this.#note(problem.message);
  }

  #note(text: string): Promise<void> {
    return this.#io.tell({ kind: 'note', text });
  }

  #event(event: string, details: object): void {
    this.#place.event({ time: this.#io.now().toISOString(), event, ...details });
  }
}

/** A signal that is aborted some time after another. */
function later(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  const begin = (): void => void quietTimer(() => late.abort(signal.reason), ms);
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return late.signal;
}

/** How the gradient of an update comes together: the job's own way, or all micro-batches one after the other. */
function accumulationOf(job: TrainingJob, stop: AbortSignal): LoopParts['accumulate'] {
  return async (step) =>
    job.accumulate
      ? job.accumulate(step)
      : totalCost(await accumulateEach(job.learner, job.batches(step), stop));
}

/** Of one window, or one draw, no error is known: it is absent then. */
const withoutUnknownErrors = ({ standardError, maskError, ...known }: ValidationReport) => ({
  ...known,
  ...(Number.isFinite(standardError) && { standardError }),
  ...(Number.isFinite(maskError) && { maskError }),
});
