import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurableFs } from '../../checkpoint/durable-fs.ts';
import { type DirectoryLock, lockRun } from '../../checkpoint/lock.ts';
import { lockFolder } from '../../checkpoint/lock-generations.ts';
import { FileError } from '../../base/errors.ts';
import { type CurveData, curveSvg } from './loss-curve.ts';
import { grouped } from '../../base/format-count.ts';
import { checkData } from './data-check.ts';
import type { StepRow, TrainingEvent, ValidationRow } from './events.ts';
import { bestEffort, JsonLog, readLogRows } from './json-log.ts';
import { keepRows, type Rows } from './kept-rows.ts';
import { accumulateEach, type LoopParts, type StepReport, totalCost, trainingSteps } from '../loop.ts';
import type { RunSchedule, TrainingRequest } from '../options.ts';
import type { OwnPart } from '../own-parts.ts';
import { scheduleOf } from './resolve-options.ts';
import { rates } from '../learning-rate.ts';
import {
  openRunDirectory,
  runDirectoryPlace,
  readRunJson,
  removeLeftovers,
  type RunDirectory,
} from './run-directory.ts';
import { beginning, restoreRun, type RunState, saveRun } from './snapshot.ts';
import { Speed } from './speed.ts';
import {
  type ValidationReport,
  type CreateTrainingJob,
  type SpentTogether,
  recordName,
  type TrainingJob,
  type TrainingRecord,
} from './training-job.ts';

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
  /** Where checkpoints are written. Default: the disk. */
  readonly fs?: DurableFs;
}

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

/** What a program gives a run beside its options. */
export interface RunGifts {
  /** What it has in the place of options. */
  readonly own?: readonly OwnPart[];
  /** Rows of data in the place of files. */
  readonly rows?: Rows;
}

/**
 * Trains: begins the run that is asked for, or goes on with it from its newest whole checkpoint, to the same bits as if
 * it had never been stopped.
 *
 * @throws InvalidOptionError  for a run that was started with other options
 * @throws FileError           for a run directory or data that cannot be used
 * @throws NonFiniteError      when too many updates could not be applied
 * @throws CannotSaveError     when no checkpoint could be saved for an hour, or the last one could not
 */
export async function runTraining(
  request: TrainingRequest,
  make: CreateTrainingJob,
  io: RunIo,
  { own, rows }: RunGifts = {},
): Promise<RunOutcome> {
  const path = await runDirectoryPlace(request);
  const note = (text: string): void => io.note({ kind: 'note', text });
  const lock = await lockRun(path, { note, signal: io.stop });
  try {
    await removeLeftovers(path);
    if (rows) await keepRows(path, rows);
    const directory = await openRunDirectory(path, request, own);
    const jobIo = { note, now: io.now, signal: io.stop };
    const job = await make(directory.options, path, jobIo).catch(async (error: unknown) => {
      // a run that cannot begin leaves nothing; its directory was empty, or wasn't there
      if (directory.isNew && !io.stop.aborted && (await holds(lock)))
        await rm(path, { recursive: true }).catch(() => {});
      throw error;
    });
    try {
      await lock.check();
      await checkData(path, job.data);
      for (const line of job.summary) note(line);
      return await new Run(directory, job, io, lock).train();
    } finally {
      await job.close();
    }
  } finally {
    await lock.release();
    await removeEmpty(path); // of a run that could not begin nothing is left
  }
}

/** Takes a directory away in which there is nothing but what locks leave. */
async function removeEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch(() => ['']);
  if (names.every((name) => name === lockFolder)) await rm(path, { recursive: true }).catch(() => {});
}

const holds = (lock: DirectoryLock): Promise<boolean> =>
  lock.check().then(
    () => true,
    () => false,
  );

/** One run while it is trained: what happens between two updates. */
class Run {
  readonly #directory: RunDirectory;
  readonly #job: TrainingJob;
  readonly #schedule: RunSchedule;
  readonly #io: RunIo;
  /** Asked before anything is written. */
  readonly #lock: DirectoryLock;
  readonly #speed = new Speed();
  readonly #events: JsonLog;
  #metrics!: JsonLog;
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

  constructor(directory: RunDirectory, job: TrainingJob, io: RunIo, lock: DirectoryLock) {
    this.#directory = directory;
    this.#job = job;
    this.#io = io;
    this.#lock = lock;
    this.#schedule = scheduleOf(directory.options, job.windows);
    this.#events = new JsonLog(this.#path('events.jsonl'));
    this.#savedMs = this.#triedMs = io.clock();
  }

  async train(): Promise<RunOutcome> {
    const { options, changes } = this.#directory;
    const { steps } = this.#schedule;
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
        ...this.#schedule,
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
        await this.#lock.check();
        await this.#record(report);
        await this.#judge();
        if (this.#isEvery(options.checkpointEvery) || this.#isLongUnsaved()) await this.#save();
        beganMs = clock(); // what came between two updates is none of their time
      }
      await this.#finish();
      return this.#outcome();
    } finally {
      this.#metrics?.close();
      this.#events.close();
    }
  }

  /** Puts back the newest whole checkpoint; without one the run begins. */
  async #restore(): Promise<void> {
    const { state, damaged } = await restoreRun(this.#directory.path, this.#job.learner);
    for (const problem of damaged) {
      this.#event('damaged', { problem: problem.message });
      await this.#note(problem.message);
    }
    await this.#job.restored?.();
    this.#state = state ?? beginning();
    this.#savedStep = state?.step;
    this.#secondsBefore = this.#state.seconds;
    this.#isComplete = this.#isLast() && (await isFinal(this.#path('model', recordName)));
    const { step } = this.#state;
    const { steps } = this.#schedule;
    this.#event(state ? 'resumed' : 'began', { step, steps });
    await this.#io.tell({ kind: 'began', directory: this.#directory.path, step, steps });
    if (!this.#isComplete) this.#metrics = new JsonLog(this.#path('metrics.jsonl'), this.#state.metricsBytes);
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
    this.#metrics.write(row);
    this.#speed.add(this.#state);
    const { steps } = this.#schedule;
    const { tokensPerSecond } = this.#speed;
    const ranks = this.#sharesTogether();
    const secondsLeft = this.#speed.secondsUntil(steps);
    await this.#io.tell({ ...row, steps, tokensPerSecond, secondsLeft, ...(ranks && { ranks }) });
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
    const { validationEvery, sampleEvery } = this.#directory.options;
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
      const windows = last ? undefined : this.#directory.options.validationWindows;
      const validation = await this.#job.validate(step, windows, this.#io.stop);
      await this.#lock.check();
      this.#validation = validation;
      const { tokens: windowTokens, ...report } = withoutUnknownErrors(validation);
      const row: ValidationRow = { kind: 'validation', ...this.#reached(), ...report, windowTokens };
      this.#metrics.write(row);
      await this.#io.tell(row);
    }
    this.#state.validated = step;
    this.#drawCurve();
    // a model on the way can be tried out, and a full disk costs no more than that
    if (!last) await this.#export().catch((error: unknown) => this.#tellProblem(error));
  }

  async #sample(): Promise<void> {
    const { step } = this.#state;
    if (this.#job.sample) {
      if (this.#io.stop.aborted) return;
      const text = await this.#job.sample(step, this.#io.stop);
      await this.#lock.check();
      bestEffort(() => {
        mkdirSync(this.#path('samples'), { recursive: true });
        writeFileSync(this.#path('samples', `step-${String(step).padStart(9, '0')}.txt`), text);
      });
      await this.#io.tell({ kind: 'sample', step, text });
    }
    this.#state.sampled = step;
  }

  async #save(): Promise<void> {
    const { step } = this.#state;
    if (this.#savedStep === step) return;
    const beganMs = this.#io.clock();
    this.#metrics.sync();
    this.#state.metricsBytes = this.#metrics.bytes;
    const result = await saveRun(this.#directory.path, this.#state, this.#job.learner, {
      keep: this.#directory.options.keep,
      ...(this.#io.fs && { fs: this.#io.fs }),
    });
    this.#triedMs = this.#io.clock();
    this.#saveMs = this.#triedMs - beganMs;
    if (result.saved) {
      this.#savedStep = step;
      this.#savedMs = this.#io.clock();
      this.#failedSaves = 0;
      this.#event('saved', {
        step,
        steps: this.#schedule.steps,
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
    this.#drawCurve();
    await this.#export();
    this.#event(this.#isFinal() ? 'done' : 'stopped', { step });
    if (this.#savedStep !== step) {
      throw new CannotSaveError(
        `no checkpoint of step ${step} could be saved; the model is in ${this.#path('model')}`,
      );
    }
  }

  async #export(): Promise<void> {
    const { step, tokens } = this.#state;
    const { options, own } = this.#directory;
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
    await this.#job.exportTo(this.#path('model'), record);
  }

  #drawCurve(): void {
    const rows = readLogRows(this.#path('metrics.jsonl'));
    const of = (kind: string) => rows.filter((row) => row['kind'] === kind);
    const { learn, objective, size } = this.#directory.options;
    const isOfPairs = learn === 'preferences';
    const svg = curveSvg({
      title: `${objective}, ${isOfPairs ? learn : size}`,
      training: of('step') as unknown as CurveData['training'],
      // what a token costs is on another scale than what a pair does
      validation: isOfPairs ? [] : (of('validation') as unknown as CurveData['validation']),
      ...(isOfPairs && { unit: 'nats a pair' }),
    });
    bestEffort(() => writeFileSync(this.#path('curve.svg'), svg));
  }

  #outcome(): RunOutcome {
    const { step } = this.#state;
    return {
      directory: this.#directory.path,
      model: this.#path('model'),
      step,
      finished: this.#isComplete || this.#isFinal(),
    };
  }

  #isLast(): boolean {
    return this.#state.step >= this.#schedule.steps;
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
    this.#events.write({ time: this.#io.now().toISOString(), event, ...details });
  }

  #path(...names: string[]): string {
    return join(this.#directory.path, ...names);
  }
}

/** A signal that is aborted some time after another. */
function later(signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController();
  const begin = (): void => void setTimeout(() => late.abort(signal.reason), ms).unref();
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

/** Whether a model directory holds the last model of its run. */
async function isFinal(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  return ((await readRunJson(path)) as Partial<TrainingRecord>).final === true;
}

/** Of one window, or one draw, no error is known: it is absent then. */
const withoutUnknownErrors = ({ standardError, maskError, ...known }: ValidationReport) => ({
  ...known,
  ...(Number.isFinite(standardError) && { standardError }),
  ...(Number.isFinite(maskError) && { maskError }),
});
