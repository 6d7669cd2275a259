import { signal } from '@preact/signals';
import { get, post } from '../client.ts';
import { refreshTasks, tasks } from '../parts/tasks.ts';

/** A model on this machine, as /unmask/models has it; what can't be known of it is absent. */
export interface LocalModel {
  readonly name: string;
  readonly source: 'served' | 'shipped' | 'run' | 'hub';
  readonly path: string;
  readonly isServed: boolean;
  readonly state: 'unloaded' | 'loading' | 'loaded' | 'failed';
  readonly sizeBytes: number;
  /** Formats that there is a copy in. */
  readonly copies: readonly string[];
  readonly family?: string;
  readonly attention?: string;
  readonly parameters?: number;
  readonly activeParameters?: number;
  readonly layers?: number;
  readonly width?: number;
  readonly maxLength?: number;
  /** Bytes by type. */
  readonly stored?: Readonly<Record<string, number>>;
  /** Bytes of the weights in memory by format. */
  readonly memoryBytes?: Readonly<Record<string, number>>;
  readonly samplingMemory?: { readonly length: number; readonly bytes: number };
  /** What it is, in the words of its card. */
  readonly about?: string;
  readonly licence?: string;
  readonly hasChatTemplate?: boolean;
  /** Why it does not run here. */
  readonly problems: readonly string[];
}

export type Inspection = Readonly<Record<string, unknown>>;

/** The models on this machine. */
export class Models {
  /** Undefined until they were asked for. */
  readonly list = signal<readonly LocalModel[] | undefined>(undefined);
  #ended = '';

  /** Looks at the tasks, and at the models at first and whenever a task has ended. */
  async look(signal: AbortSignal): Promise<void> {
    await refreshTasks(signal);
    const ended = tasks.value
      .filter(({ state }) => state === 'done')
      .map(({ id }) => id)
      .join();
    if (this.list.value && ended === this.#ended) return;
    this.#ended = ended;
    await this.refresh(signal);
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    this.list.value = (await get<{ models: readonly LocalModel[] }>('/unmask/models', signal)).models;
  }

  inspect(
    model: string,
  ): Promise<{ readonly inspection?: Inspection; readonly problems: readonly string[] }> {
    return get(`/unmask/models/${model.split('/').map(encodeURIComponent).join('/')}`);
  }

  /** Has it served; a run's anew, since it may have learned meanwhile. */
  async serve({ name, isServed, source }: LocalModel): Promise<void> {
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
    await this.refresh();
  }

  async pull(repository: string): Promise<void> {
    await post('/unmask/pull', { repository });
    await refreshTasks();
  }
}
