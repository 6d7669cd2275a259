import { FileError, InvalidOptionError } from '../../base/errors.ts';
import type { Device } from '../../runtime/device.ts';
import type { TrainingEvent } from '../../training/run/events.ts';
import { settledOver } from '../../training/run/recorded-options.ts';
import { resolveOptions } from '../../training/run/resolve-options.ts';
import { requireEffect } from '../../training/run/option-effects.ts';
import { type AskedRun, CannotSaveError, RunLoop } from '../../training/run/run-loop.ts';
import { startDevice } from '../choose-device.ts';
import { createPageJob, makePageTokenizer } from './page-job.ts';
import { PagePlace, storageProblem } from './page-place.ts';
import { checkedRequest, type CheckedRequest, type PageTrainRequest } from './request.ts';
import { type RunParts, RunStore } from './run-store.ts';

/** What became of a run. */
export interface TrainedHere {
  readonly name: string;
  /** Updates that were made. */
  readonly step: number;
  /** Whether all are; false of a run that was stopped. */
  readonly finished: boolean;
  /** The files of its model, which none has that was stopped before its first update. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What training in a page has of its caller. */
export interface PageRunIo {
  /** Tells, and waits until that was seen. */
  readonly tell: (event: TrainingEvent) => Promise<void>;
  readonly note: (event: TrainingEvent) => void;
  /** Aborted when the run is to save and stop after the present update. */
  readonly signal: AbortSignal;
}

/** Trains on this thread: begins a run, or goes on with it from its latest checkpoint to the same bits. */
export async function trainHere(request: PageTrainRequest, io: PageRunIo): Promise<TrainedHere> {
  const checked = checkedRequest(request);
  return alone(checked.name, async () => {
    const store = await RunStore.open();
    try {
      return await trainKept(checked, request.device, io, store);
    } finally {
      store.close();
    }
  });
}

async function trainKept(
  checked: CheckedRequest,
  device: PageTrainRequest['device'] = 'wasm',
  { tell, note, signal }: PageRunIo,
  store: RunStore,
): Promise<TrainedHere> {
  const { name } = checked;
  const say = (text: string) => note({ kind: 'note', text });
  const { chosen, device: onDevice } = await startDevice(device);
  say(`${chosen.device}: ${chosen.why}`);
  const { begun, changes, isNew } = await begin(checked, onDevice, store, say);
  const options = { ...begun.options, device: onDevice } as const;
  const place = new PagePlace(name, store);
  const job = await createPageJob(options, begun.texts, begun.tokenizer, place).catch(
    async (error: unknown) => {
      // a run that cannot begin leaves nothing
      if (isNew) await store.delete(name);
      throw error;
    },
  );
  try {
    for (const line of job.summary) say(line);
    const asked: AskedRun = { options, own: [], changes };
    const clock = () => performance.now();
    const run = new RunLoop(asked, job, { tell, note, clock, now: () => new Date(), stop: signal }, place);
    const { step, finished } = await run.train().catch((error: unknown) => {
      // neither a checkpoint nor the model could be kept: it is there all the same, and the page has it
      const isUnkept = error instanceof CannotSaveError || error instanceof FileError;
      if (!isUnkept || !place.latest) throw error;
      say(error.message);
      return { step: place.latest.step, finished: place.latest.final };
    });
    return { name, step, finished, files: place.latest?.files ?? new Map() };
  } finally {
    await job.close();
  }
}

/** What a run begins or goes on with, which is written down before the first update. */
async function begin(
  { name, texts, asked }: CheckedRequest,
  device: Device,
  store: RunStore,
  say: (text: string) => void,
): Promise<{ begun: RunParts['begun']; changes: AskedRun['changes']; isNew: boolean }> {
  const request = { ...asked, data: [name], device };
  const kept = await store.get(name, 'begun');
  let begun: RunParts['begun'];
  let changes: AskedRun['changes'] = {};
  if (kept) {
    if (texts && JSON.stringify(texts) !== JSON.stringify(kept.texts))
      throw new InvalidOptionError(
        'texts',
        `must be those of the run ${name}; give another out, or forget that run`,
        texts.join('\n').slice(0, 40),
      );
    const settled = settledOver(name, { ...kept.options, device }, request);
    changes = settled.changes;
    begun = { ...kept, options: settled.wanted };
  } else {
    if (asked.resume !== undefined)
      throw new FileError(name, 'a run that is kept here', 'none', 'begin it with texts');
    if (!texts) throw new InvalidOptionError('texts', 'a new run needs text', undefined);
    const options = resolveOptions(request);
    requireEffect(request, options);
    say('making the tokenizer …');
    begun = { options, texts, tokenizer: await makePageTokenizer(texts, options) };
  }
  await store.put(name, 'begun', begun).catch((error: unknown) => {
    // training is worth more than its record
    say(storageProblem(error, name).message);
  });
  return { begun, changes, isNew: !kept };
}

/** Keeps other tabs from training the same run meanwhile. */
async function alone<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  // a page without a secure origin has no locks
  if (!('locks' in navigator)) return work();
  return navigator.locks.request(`unmask run ${name}`, { ifAvailable: true }, (lock) => {
    if (lock) return work();
    throw new FileError(
      name,
      'a run that nobody trains',
      'another page at work on it',
      'stop it there first',
    );
  }) as Promise<Result>;
}
