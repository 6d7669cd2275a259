import { signal } from '@preact/signals';
import { get } from '../client.ts';
import { loadOptions } from '../parts/options.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';

export type Kind = 'train' | 'finetune';

/** What a new run is asked for with, while it is typed. */
export class RunRequest {
  readonly kind = signal<Kind>('train');
  readonly source = signal<'files' | 'text'>('files');
  readonly name = signal('');
  readonly files = signal('');
  readonly text = signal('');
  readonly from = signal('');
  /** Options of training. */
  readonly values = signal<Values>({});
  /** Models that a run may begin with. */
  readonly models = signal<readonly string[]>([]);
  readonly problem = signal<unknown>(undefined);
  readonly isStarting = signal(false);
  readonly #onStart: (kind: Kind, options: object) => Promise<void>;

  constructor(onStart: (kind: Kind, options: object) => Promise<void>) {
    this.#onStart = onStart;
  }

  /** Asks for the options and the models. */
  async load(): Promise<void> {
    try {
      const [, { models }] = await Promise.all([
        loadOptions(),
        get<{ models: readonly { name: string }[] }>('/unmask/models'),
      ]);
      this.models.value = models.map(({ name }) => name);
    } catch (error) {
      this.problem.value = error;
    }
  }

  chooseKind(kind: Kind): void {
    this.kind.value = kind;
    this.values.value = {};
  }

  async start(): Promise<void> {
    if (hasMistake()) return;
    const paths = this.files.value.split('\n').flatMap((path) => (path.trim() === '' ? [] : [path.trim()]));
    const isText = this.source.value === 'text';
    if (isText ? this.text.value.trim() === '' : paths.length === 0) {
      this.problem.value = new Error('Say what is to be learned: name a file or a folder, or type a text.');
      return;
    }
    this.isStarting.value = true;
    this.problem.value = undefined;
    try {
      await this.#onStart(this.kind.value, {
        ...this.values.value,
        ...(this.name.value !== '' && { run: this.name.value.trim() }),
        ...(this.from.value !== '' && { from: this.from.value }),
        ...(isText ? { text: this.text.value } : { data: paths }),
      });
    } catch (error) {
      this.problem.value = error;
    }
    this.isStarting.value = false;
  }
}
