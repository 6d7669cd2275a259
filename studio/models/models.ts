import { signal } from '@preact/signals';
import { urlPath } from '../../src/base/url-path.ts';
import { get, post } from '../client.ts';
import { refreshTasks, tasks } from '../parts/tasks.ts';

/** A copy with rounded weights, which is a model of its own. */
export interface QuantisedCopy {
  readonly name: string;
  readonly format: string;
  readonly path: string;
  readonly isServed: boolean;
  /** Of its weights alone, on disk. */
  readonly bytes?: number;
}

/** A model on this machine, as /unmask/models has it; what can't be known of it is absent. */
export interface LocalModel {
  readonly name: string;
  readonly source: 'served' | 'shipped' | 'run' | 'hub';
  readonly path: string;
  readonly isServed: boolean;
  readonly state: 'unloaded' | 'loading' | 'loaded' | 'failed';
  /** Of all its files, those of its copies apart. */
  readonly sizeBytes: number;
  readonly copies: readonly QuantisedCopy[];
  readonly family?: string;
  readonly attention?: string;
  readonly parameters?: number;
  readonly activeParameters?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly maxLength?: number;
  /** Bytes of its weights on disk, by type. */
  readonly stored?: Readonly<Record<string, number>>;
  /** Bytes of its weights in memory while it is open, by format. */
  readonly memoryBytes?: Readonly<Record<string, number>>;
  readonly samplingMemory?: { readonly length: number; readonly bytes: number };
  /** What it is, in the words of its card. */
  readonly about?: string;
  readonly licence?: string;
  readonly hasChatTemplate?: boolean;
  /** Why it does not run here. */
  readonly problems: readonly string[];
}

/** What its files take, the weights of its copies among them. */
export const diskBytes = ({ sizeBytes, copies }: LocalModel): number =>
  copies.reduce((sum, { bytes = 0 }) => sum + bytes, sizeBytes);

/** What is served under a name: a model, or a copy. */
type Servable = Pick<LocalModel, 'name' | 'isServed'> & { readonly source?: LocalModel['source'] };

export type Inspection = Readonly<Record<string, unknown>>;

/** The models on this machine. */
export class Models {
  /** Undefined until they were asked for. */
  readonly list = signal<readonly LocalModel[] | undefined>(undefined);
  #ended: string | undefined;

  /** Has the next look be at the models, too: another page may have had one loaded. */
  lookAnew(): void {
    this.#ended = undefined;
  }

  /** Looks at the tasks, and at the models at first, whenever a task has ended, and while one is being loaded. */
  async look(signal: AbortSignal): Promise<void> {
    await refreshTasks(signal);
    const ended = tasks.value
      .filter(({ state }) => state === 'done')
      .map(({ id }) => id)
      .join();
    const isLoading = this.list.value?.some(({ state }) => state === 'loading');
    if (ended === this.#ended && !isLoading) return;
    await this.refresh(signal);
    this.#ended = ended;
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    this.list.value = (await get<{ models: readonly LocalModel[] }>('/unmask/models', signal)).models;
  }

  inspect(
    model: string,
  ): Promise<{ readonly inspection?: Inspection; readonly problems: readonly string[] }> {
    return get(`/unmask/models/${urlPath(model)}`);
  }

  /** Has it served; a run's anew, since it may have learned meanwhile. */
  async serve({ name, isServed, source }: Servable): Promise<void> {
    if (!isServed || source === 'run') await post('/unmask/serve', { model: name });
  }

  /** Its predictions are compared with the copy's where there is text of its language: what a run held out, the stories that ship. */
  async quantise({ name, source }: LocalModel, weights: string): Promise<void> {
    const compare = source === 'run' || name === 'stories';
    await post('/unmask/quantize', { model: name, weights, compare });
    await refreshTasks();
  }

  /** Takes its files away. */
  async remove({ name }: LocalModel): Promise<void> {
    await post('/unmask/delete', { model: name });
    await this.#lookAgain();
  }

  /** Takes a copy of it away; the model stays. */
  async removeCopy({ name }: LocalModel, copy: string): Promise<void> {
    await post('/unmask/delete', { model: name, copy });
    await this.#lookAgain();
  }

  /** What was deleted is gone, and what was said of it. */
  async #lookAgain(): Promise<void> {
    await Promise.all([this.refresh(), refreshTasks()]);
  }

  async pull(repository: string): Promise<void> {
    await post('/unmask/pull', { repository });
    await refreshTasks();
  }
}
