import type { Model } from '../language-model.ts';
import { causal } from '../model/attention-pattern.ts';
import type { ModelFacts, ModelState } from './protocol.ts';

interface Entry {
  model: Promise<Model> | undefined;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** What is told of a model: that it is loading, loaded, or not there any more. */
export type Tell = (
  name: string,
  state: ModelState,
  more: { readonly facts?: ModelFacts; readonly problem?: string },
) => void;

/** Models that are loaded when they are asked for, and closed when nobody has used them for a while. */
export class ModelShelf {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #load: (name: string) => Promise<Model>;
  readonly #idleMs: number;
  readonly #tell: Tell;

  constructor(
    names: readonly string[],
    load: (name: string) => Promise<Model>,
    { idleMs, tell }: { idleMs: number; tell: Tell },
  ) {
    this.#entries = new Map(names.map((name) => [name, { model: undefined, users: 0, idle: undefined }]));
    this.#load = load;
    this.#idleMs = idleMs;
    this.#tell = tell;
  }

  /** Does something with a model, which isn't closed meanwhile. */
  async use<T>(name: string, work: (model: Model) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no model ${name}`);
    clearTimeout(entry.idle);
    entry.users += 1;
    try {
      return await work(await (entry.model ??= this.#open(name, entry)));
    } finally {
      entry.users -= 1;
      if (entry.users === 0) this.#rest(name, entry);
    }
  }

  async close(): Promise<void> {
    for (const [name, entry] of this.#entries) await this.#shut(name, entry);
  }

  async #open(name: string, entry: Entry): Promise<Model> {
    this.#tell(name, 'loading', {});
    try {
      const model = await this.#load(name);
      this.#tell(name, 'loaded', { facts: factsOf(model) });
      return model;
    } catch (error) {
      entry.model = undefined;
      this.#tell(name, 'failed', { problem: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  #rest(name: string, entry: Entry): void {
    clearTimeout(entry.idle);
    if (entry.model) entry.idle = setTimeout(() => void this.#shut(name, entry), this.#idleMs).unref();
  }

  async #shut(name: string, entry: Entry): Promise<void> {
    clearTimeout(entry.idle);
    const { model } = entry;
    entry.model = undefined;
    if (!model) return;
    await model.then((opened) => opened.close()).catch(() => {}); // one that couldn't be opened needs no closing
    this.#tell(name, 'unloaded', {});
  }
}

const factsOf = ({ config, chatTemplate, defaults }: Model): ModelFacts => ({
  maxLength: config.maxLength,
  hasChatTemplate: chatTemplate !== undefined,
  isCausal: config.attention === causal,
  defaults,
});
