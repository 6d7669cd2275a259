import { FileError } from '../../base/errors.ts';
import type { SaveResult } from '../../checkpoint/checkpoints.ts';
import type { FileContent } from '../../checkpoint/file-content.ts';
import { piecesOf } from '../../checkpoint/file-content.ts';
import type { Learner } from '../../training/learner.ts';
import type { MetricsRow } from '../../training/run/events.ts';
import type { RunPlace } from '../../training/run/run-loop.ts';
import type { RunState } from '../../training/run/run-state.ts';
import type { Restored } from '../../training/run/snapshot.ts';
import type { RunParts, RunStore } from './run-store.ts';

/** A run that a browser keeps for a page. */
export class PagePlace implements RunPlace {
  readonly path: string;
  readonly model: string;
  readonly #store: RunStore;
  #metrics: MetricsRow[] = [];
  /** The model that was written last, which a full storage doesn't take away. */
  latest: RunParts['model'] | undefined;

  constructor(name: string, store: RunStore) {
    this.path = name;
    this.model = name;
    this.#store = store;
  }

  /** The lock of the page's origin is held while the run is trained. */
  async check(): Promise<void> {}

  async restore(learner: Learner): Promise<Restored> {
    this.latest = await this.#store.get(this.path, 'model');
    const found = await this.#store.get(this.path, 'checkpoint');
    if (!found) return { damaged: [] };
    learner.restore(found.tensors);
    this.#metrics = [...found.metrics];
    return { state: { ...found.state }, damaged: [] };
  }

  async hasLastModel(): Promise<boolean> {
    return this.latest?.final === true;
  }

  /** They were restored with the checkpoint. */
  openMetrics(): void {}

  metric(row: MetricsRow): void {
    this.#metrics.push(row);
  }

  /** Of a page nobody reads a log. */
  event(): void {}

  sample(step: number, text: string): void {
    void this.#store.put(this.path, 'sample', { step, text }).catch(() => {});
  }

  async save(state: RunState, learner: Learner): Promise<SaveResult> {
    const tensors = learner.state();
    try {
      await this.#store.put(this.path, 'checkpoint', {
        state: { ...state },
        tensors,
        metrics: this.#metrics,
      });
    } catch (error) {
      return { saved: false, error: storageProblem(error, this.path), deleted: [] };
    }
    const bytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    return { saved: true, directory: this.path, bytes, deleted: [] };
  }

  /** Keeps the files of the model as it is by now. @throws FileError  where the storage is full */
  async keepModel(step: number, final: boolean, content: ReadonlyMap<string, FileContent>): Promise<void> {
    const files = new Map<string, Uint8Array>();
    for (const [name, file] of content) files.set(name, await wholeOf(file));
    this.latest = { step, final, files };
    try {
      await this.#store.put(this.path, 'model', this.latest);
    } catch (error) {
      throw storageProblem(error, this.path);
    }
  }

  /** The page draws what it is told. */
  drawCurve(): void {}

  close(): void {}
}

/** What became of something to be kept, as a sentence. */
export function storageProblem(error: unknown, name: string): FileError {
  if (!(error instanceof DOMException)) throw error;
  const found = error.name === 'QuotaExceededError' ? 'a full storage' : `${error.name}: ${error.message}`;
  const remedy =
    'free some of it (forgetRun, or the settings of the browser); download the model before the page is closed';
  return new FileError(name, "room in the browser's storage", found, remedy, { cause: error });
}

async function wholeOf(content: FileContent): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  // a piece may be written over once the next is asked for
  for await (const piece of piecesOf(content)) pieces.push(piece.slice());
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
