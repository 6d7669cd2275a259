import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readJson } from '../../checkpoint/read-json.ts';
import type { Model } from '../../language-model/language-model.ts';
import { openRun, type TrainingRun } from '../../library/open-run.ts';
import type { FinetuneRequest, TrainRequest } from '../../library/train.ts';
import { writeTextFile } from '../../checkpoint/write-text-file.ts';
import type { Budget } from './budget.ts';
import { type Corpus, openCorpus } from './corpus.ts';
import { type ThreadTraining, trainOnThread } from './train-on-thread.ts';

/** Where and with what claims are measured. */
export interface LabOptions {
  /** Where runs and measurements are kept. */
  readonly folder: string;
  readonly budget: Budget;
  readonly data?: readonly string[];
  /** Runs and measurements at the same time. A run has a thread of its own; measurements share this one. */
  readonly jobs: number;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Where claims are measured: runs and measurements that are kept, and made once however many ask for them. */
export class Lab {
  readonly budget: Budget;
  readonly #options: LabOptions;
  readonly #made = new Map<string, Promise<unknown>>();
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: LabOptions) {
    this.#options = options;
    this.budget = options.budget;
    this.#free = options.jobs;
  }

  /** 0, 1, …: the seeds that every run has one each of. */
  get seeds(): readonly number[] {
    return Array.from({ length: this.budget.seeds }, (_, seed) => seed);
  }

  corpus(): Promise<Corpus> {
    const { folder, data } = this.#options;
    return this.#once('corpus', () => openCorpus(join(folder, 'text'), data));
  }

  /** A run of `train`, in a directory of that name: made, gone on with, or there already. */
  train(name: string, request: TrainRequest): Promise<TrainingRun> {
    return this.#run(name, (out) => ({ kind: 'train', request: { ...request, ...small, out } }));
  }

  finetune(
    name: string,
    from: TrainingRun,
    rows: readonly object[],
    request: FinetuneRequest,
  ): Promise<TrainingRun> {
    return this.#run(name, (out) => ({
      kind: 'finetune',
      from: from.modelDirectory,
      rows,
      request: { ...request, ...small, out },
    }));
  }

  /** A file of rows, made once. */
  rowsFile(name: string, rows: () => Iterable<object>): Promise<string> {
    const path = join(this.#options.folder, 'text', `${name}.jsonl`);
    return this.#once(path, async () => {
      if (!existsSync(path)) {
        await mkdir(dirname(path), { recursive: true });
        const lines = Array.from(rows(), (row) => `${JSON.stringify(row)}\n`);
        await writeTextFile(path, lines.join(''));
      }
      return path;
    });
  }

  /** What was measured under a name before, or is now. A result is data: JSON. */
  measured<Result>(name: string, measure: () => Promise<Result>): Promise<Result> {
    return this.#once(`measured ${name}`, async () => {
      const path = join(this.#options.folder, 'measured', `${name}.json`);
      if (existsSync(path)) return (await readJson(path)) as Result;
      const result = await this.#inTurn(measure);
      await mkdir(dirname(path), { recursive: true });
      await writeTextFile(path, JSON.stringify(result));
      return result;
    });
  }

  /** The same of a run's model, which is opened for it alone. */
  measuredOf<Result>(
    run: TrainingRun,
    name: string,
    measure: (model: Model, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const place = createHash('sha256').update(run.directory.slice(this.#options.folder.length)).digest('hex');
    return this.measured(`${name}-${place.slice(0, 12)}`, async () => {
      const model = await run.model();
      try {
        return await measure(model, this.#options.signal);
      } finally {
        await model.close();
      }
    });
  }

  #run(name: string, training: (out: string) => ThreadTraining): Promise<TrainingRun> {
    const { folder, note, signal } = this.#options;
    const out = join(folder, 'runs', name);
    return this.#once(`run ${name}`, async () => {
      if (existsSync(join(out, 'model', 'training.json'))) {
        const run = await openRun(out);
        if (run.isFinished) return run;
      }
      return this.#inTurn(async () => {
        note(`training ${name}`);
        await trainOnThread(training(out), signal);
        signal.throwIfAborted();
        return openRun(out);
      });
    });
  }

  #once<Result>(key: string, make: () => Promise<Result>): Promise<Result> {
    const made = this.#made.get(key) as Promise<Result> | undefined;
    const promise = made ?? make();
    if (!made) this.#made.set(key, promise);
    return promise;
  }

  /** Waits until fewer than `jobs` are at work. */
  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      this.#options.signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/** What no result depends on. One thread: many small runs side by side are faster than one with all cores. */
const small = { threads: 1, sampleEvery: 1_000_000, checkpointEvery: 250, keep: 2 } as const;
