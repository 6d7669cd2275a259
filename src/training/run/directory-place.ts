import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DurableFs } from '../../checkpoint/durable-fs.ts';
import type { DirectoryLock } from '../../checkpoint/lock.ts';
import type { Learner } from '../learner.ts';
import type { TrainingOptions } from '../options.ts';
import type { MetricsRow } from './events.ts';
import { bestEffort, JsonLog, readLogRows } from './json-log.ts';
import { type CurveData, curveSvg } from './loss-curve.ts';
import { readRunJson, type RunDirectory } from './run-directory.ts';
import type { RunPlace } from './run-loop.ts';
import type { RunState } from './run-state.ts';
import { restoreRun, saveRun } from './snapshot.ts';
import { recordName, type TrainingRecord } from './training-job.ts';

/** A run directory, of which this process has the lock. */
export class DirectoryPlace implements RunPlace {
  readonly path: string;
  readonly model: string;
  readonly #options: TrainingOptions;
  readonly #lock: DirectoryLock;
  readonly #fs: DurableFs | undefined;
  readonly #events: JsonLog;
  #metrics: JsonLog | undefined;

  /** @param fs  where checkpoints are written. Default: the disk */
  constructor({ path, options }: RunDirectory, lock: DirectoryLock, fs?: DurableFs) {
    this.path = path;
    this.model = join(path, 'model');
    this.#options = options;
    this.#lock = lock;
    this.#fs = fs;
    this.#events = new JsonLog(this.#inside('events.jsonl'));
  }

  check(): Promise<void> {
    return this.#lock.check();
  }

  restore(learner: Learner) {
    return restoreRun(this.path, learner);
  }

  async hasLastModel(): Promise<boolean> {
    const path = join(this.model, recordName);
    return existsSync(path) && ((await readRunJson(path)) as Partial<TrainingRecord>).final === true;
  }

  openMetrics({ metricsBytes }: RunState): void {
    this.#metrics = new JsonLog(this.#inside('metrics.jsonl'), metricsBytes);
  }

  metric(row: MetricsRow): void {
    this.#metrics!.write(row);
  }

  event(row: object): void {
    this.#events.write(row);
  }

  sample(step: number, text: string): void {
    bestEffort(() => {
      mkdirSync(this.#inside('samples'), { recursive: true });
      writeWhole(this.#inside('samples', `step-${String(step).padStart(9, '0')}.txt`), text);
    });
  }

  save(state: RunState, learner: Learner) {
    this.#metrics!.sync();
    state.metricsBytes = this.#metrics!.bytes;
    const { keep } = this.#options;
    return saveRun(this.path, state, learner, { keep, ...(this.#fs && { fs: this.#fs }) });
  }

  drawCurve(): void {
    const rows = readLogRows(this.#inside('metrics.jsonl'));
    const of = (kind: string) => rows.filter((row) => row['kind'] === kind);
    const { learn, objective, size } = this.#options;
    const isOfPairs = learn === 'preferences';
    const svg = curveSvg({
      title: `${objective}, ${isOfPairs ? learn : size}`,
      training: of('step') as unknown as CurveData['training'],
      // what a token costs is on another scale than what a pair does
      validation: isOfPairs ? [] : (of('validation') as unknown as CurveData['validation']),
      ...(isOfPairs && { unit: 'nats a pair' }),
    });
    bestEffort(() => writeWhole(this.#inside('curve.svg'), svg));
  }

  close(): void {
    this.#metrics?.close();
    this.#events.close();
  }

  #inside(...names: string[]): string {
    return join(this.path, ...names);
  }
}

/** Whole or not at all; takes the place of a link, and is not written through it. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.tmp-${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
