import { FileError } from '../../base/errors.ts';
import { startTask, type Task, type TaskOptions } from '../../base/task.ts';
import type { TrainingEvent } from '../../training/run/events.ts';
import type { TrainingOptions } from '../../training/options.ts';
import { type PageLoadOptions, startClient } from '../load.ts';
import type { PageTrainRequest } from './request.ts';
import { type RunParts, RunStore } from './run-store.ts';

/** How training in a page is watched and stopped, and what it has of the page. */
export type PageTrainOptions = TaskOptions<TrainingEvent> & Pick<PageLoadOptions, 'engine' | 'worker'>;

/** A run of training that the browser keeps. */
export interface PageRun {
  readonly name: string;
  /** Updates that were made. */
  readonly step: number;
  /** Whether all are. */
  readonly finished: boolean;
  /** Its model: the files of a directory that `load` and `unmask` open. None before the first update. */
  readonly files: readonly File[];
}

/** What is known of a run without its model. */
export interface KeptRun extends Omit<PageRun, 'files'> {
  readonly options: TrainingOptions;
  /** The losses so far, one an update, in nats a token. */
  readonly losses: readonly number[];
  /** The latest text on the way. */
  readonly sample?: string;
}

/**
 * Trains a model on text in a worker of this page, as `train` does in Node: the same options, objectives and numbers. The browser
 * keeps the run: what was trained when a page is closed goes on with `resume`, to the same bits.
 *
 *     const run = await train({ texts: [text], out: 'mine', steps: 500 }, { onProgress: (event) => console.log(event) });
 *     const model = await load(run.files);
 *
 * Stopped by its signal, or by leaving a loop over it, it saves after the present update and gives the run as far as it is.
 *
 * @throws InvalidOptionError  for options that contradict each other or the run that is there, or aren't for a page
 * @throws FileError           where another page trains the same run, or there is none to go on with
 * @throws NonFiniteError      when too many updates had a loss or gradient that wasn't finite
 */
export function trainInPage(
  request: PageTrainRequest,
  options: PageTrainOptions = {},
): Task<PageRun, TrainingEvent> {
  return startTask(async ({ tell, note, signal }) => {
    const client = startClient(
      options,
      (cause) => `the worker that trains ended${cause}: resume the run, which goes on from what was saved`,
    );
    try {
      const { files, ...run } = await client.call(
        'train',
        { request },
        {
          signal,
          onReport: async (report) => {
            if (report.kind === 'event') await tell(report.event);
            if (report.kind === 'told') note(report.event);
            return true;
          },
        },
      );
      return { ...run, files: filesOf(files) };
    } finally {
      client.end('the run has ended');
    }
  }, options);
}

/** The runs that the browser keeps for pages of this origin, by name. */
export async function keptRuns(): Promise<KeptRun[]> {
  return withStore(async (store) => {
    const names = await store.names();
    return Promise.all(names.toSorted().map(async (name) => (await kept(store, name)).run));
  });
}

/** A run that the browser keeps. @throws FileError  where there is none of this name */
export async function openKeptRun(name: string): Promise<KeptRun & PageRun> {
  return withStore(async (store) => {
    const { run, model } = await kept(store, name);
    return { ...run, files: filesOf(model?.files ?? new Map()) };
  });
}

/** Deletes a run and its model. */
export const forgetRun = (name: string): Promise<void> => withStore((store) => store.delete(name));

async function kept(
  store: RunStore,
  name: string,
): Promise<{ readonly run: KeptRun; readonly model?: RunParts['model'] }> {
  const begun = await store.get(name, 'begun');
  if (!begun) throw new FileError(name, 'a run that is kept here', 'none');
  const [checkpoint, sample, model] = await Promise.all([
    store.get(name, 'checkpoint'),
    store.get(name, 'sample'),
    store.get(name, 'model'),
  ]);
  const run = {
    name,
    step: checkpoint?.state.step ?? 0,
    finished: model?.final === true,
    options: begun.options,
    losses: (checkpoint?.metrics ?? []).flatMap((row) => (row.kind === 'step' ? [row.loss] : [])),
    sample: sample?.text,
  };
  return { run, model };
}

async function withStore<Result>(use: (store: RunStore) => Promise<Result>): Promise<Result> {
  const store = await RunStore.open();
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

const filesOf = (files: ReadonlyMap<string, Uint8Array>): File[] =>
  Array.from(files, ([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name));
