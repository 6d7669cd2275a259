import type { NdArray } from '../../base/array.ts';
import type { TokenizerJson } from '../../tokenizer/tokenizer-json.ts';
import type { MetricsRow } from '../../training/run/events.ts';
import type { RunState } from '../../training/run/run-state.ts';
import type { TrainingOptions } from '../../training/options.ts';

/** What is kept of a run, each part by itself. */
export interface RunParts {
  /** What it was started with. */
  begun: {
    readonly options: TrainingOptions;
    readonly texts: readonly string[];
    readonly tokenizer: TokenizerJson;
  };
  /** The latest checkpoint, whole: what the next update needs, and the rows of metrics before it. */
  checkpoint: {
    readonly state: RunState;
    readonly tensors: ReadonlyMap<string, NdArray>;
    readonly metrics: readonly MetricsRow[];
  };
  /** The latest text on the way. */
  sample: { readonly step: number; readonly text: string };
  /** The files of its model. */
  model: { readonly step: number; readonly final: boolean; readonly files: ReadonlyMap<string, Uint8Array> };
}

type Part = keyof RunParts;
const storeName = 'parts';

/** The runs of this origin, in IndexedDB: what is put there is there wholly or not at all. */
export class RunStore {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(): Promise<RunStore> {
    const request = indexedDB.open('unmask runs', 1);
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(storeName));
    return new RunStore(await settled(request));
  }

  get<P extends Part>(run: string, part: P): Promise<RunParts[P] | undefined> {
    const { store } = this.#begin('readonly');
    return settled(store.get([run, part]) as IDBRequest<RunParts[P] | undefined>);
  }

  /** @throws DOMException  where the storage is full; what was there stands */
  async put<P extends Part>(run: string, part: P, value: RunParts[P]): Promise<void> {
    const { store, done } = this.#begin('readwrite');
    store.put(value, [run, part]);
    await done;
  }

  /** The names of the runs. */
  async names(): Promise<string[]> {
    const { store } = this.#begin('readonly');
    const keys = (await settled(store.getAllKeys())) as [string, Part][];
    return keys.filter(([, part]) => part === 'begun').map(([name]) => name);
  }

  async delete(run: string): Promise<void> {
    const { store, done } = this.#begin('readwrite');
    for (const part of ['begun', 'checkpoint', 'sample', 'model'] satisfies Part[]) store.delete([run, part]);
    await done;
  }

  close(): void {
    this.#database.close();
  }

  #begin(mode: 'readonly' | 'readwrite'): { store: IDBObjectStore; done: Promise<void> } {
    const transaction = this.#database.transaction(storeName, mode, { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
    done.catch(() => {}); // of what is only read the request tells
    return { store: transaction.objectStore(storeName), done };
  }
}

const settled = <Result>(request: IDBRequest<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
