import type { Model } from '../../language-model/language-model.ts';
import { quietTimer } from '../../base/quiet-timer.ts';
import { causal } from '../../model/attention-pattern.ts';
import { toolFormOf } from '../../tokenizer/tool-form.ts';
import type { ModelFacts, ModelState } from './protocol.ts';

interface Entry {
  readonly path: string;
  model: Promise<Model> | undefined;
  users: number;
  idle: ReturnType<typeof setTimeout> | undefined;
  /** How long it stays once nobody uses it. */
  idleMs: number;
}

/** What is told of a model: that it is loading, loaded, or not there any more. */
export type OnState = (
  name: string,
  state: ModelState,
  more: { readonly facts?: ModelFacts; readonly problem?: string },
) => void;

/** A timer knows no longer times; nor does anybody wait for them. */
const maxIdleMs = 2 ** 31 - 1;

/** Models that are loaded when they are asked for, and closed when nobody has used them for a while. */
export class ModelPool {
  readonly #entries = new Map<string, Entry>();
  readonly #load: (path: string) => Promise<Model>;
  readonly #idleMs: number;
  readonly #tell: OnState;
  readonly #onRest: (name: string, idleMs: number) => void;

  /** @param onRest  is told when nobody uses a model any more, and how long it stays then; infinitely where it isn't closed */
  constructor(
    paths: ReadonlyMap<string, string>,
    load: (path: string) => Promise<Model>,
    {
      idleMs,
      tell,
      onRest = () => {},
    }: { idleMs: number; tell: OnState; onRest?: (name: string, idleMs: number) => void },
  ) {
    this.#load = load;
    this.#idleMs = idleMs;
    for (const [name, path] of paths) this.add(name, path);
    this.#tell = tell;
    this.#onRest = onRest;
  }

  /** One more, or another in the place of the one of this name, which is closed when its last user has done. */
  add(name: string, path: string): void {
    const before = this.#entries.get(name);
    this.#entries.set(name, { path, model: undefined, users: 0, idle: undefined, idleMs: this.#idleMs });
    if (before?.users === 0) void this.#shut(name, before);
  }

  /** Has a model stay for so long, from now on and whenever it was used. */
  keep(name: string, ms: number): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    entry.idleMs = ms;
    if (entry.users === 0) this.#rest(name, entry);
  }

  /** Does something with a model, which isn't closed meanwhile. */
  async use<T>(name: string, work: (model: Model, path: string) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no model ${name}`);
    clearTimeout(entry.idle);
    entry.users += 1;
    try {
      return await work(await (entry.model ??= this.#open(name, entry)), entry.path);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) {
        if (this.#entries.get(name) === entry) this.#rest(name, entry);
        else await this.#shut(name, entry);
      }
    }
  }

  async close(): Promise<void> {
    for (const [name, entry] of this.#entries) await this.#shut(name, entry);
  }

  async #open(name: string, entry: Entry): Promise<Model> {
    this.#say(name, entry, 'loading');
    try {
      const model = await this.#load(entry.path);
      this.#say(name, entry, 'loaded', { facts: factsOf(model) });
      return model;
    } catch (error) {
      entry.model = undefined;
      const problem = error instanceof Error ? error.message : String(error);
      this.#say(name, entry, 'failed', { problem });
      throw error;
    }
  }

  #rest(name: string, entry: Entry): void {
    clearTimeout(entry.idle);
    if (!entry.model) return;
    const isForever = entry.idleMs > maxIdleMs;
    this.#onRest(name, isForever ? Infinity : entry.idleMs);
    if (isForever) return;
    entry.idle = quietTimer(() => void this.#shut(name, entry), entry.idleMs);
  }

  async #shut(name: string, entry: Entry): Promise<void> {
    clearTimeout(entry.idle);
    const { model } = entry;
    entry.model = undefined;
    if (!model) return;
    await model.then((opened) => opened.close()).catch(() => {}); // one that couldn't be opened needs no closing
    // it may have been asked for again, and be loading or loaded by now
    if (entry.model === undefined) this.#say(name, entry, 'unloaded');
  }

  /** Of a model whose name another has now, nothing is told. */
  #say(name: string, entry: Entry, state: ModelState, more: Parameters<OnState>[2] = {}): void {
    if (this.#entries.get(name) === entry) this.#tell(name, state, more);
  }
}

/** Numbers of a network, the small ones of norms and biases apart; unknown where there are experts. */
function parametersOf({
  layers,
  width,
  heads,
  kvHeads,
  hidden,
  vocabularySize,
  tiedHead,
  mixture,
  headWidth = width / heads,
}: Model['config']): number | undefined {
  if (mixture) return undefined;
  const attention = 2 * width * headWidth * (heads + kvHeads);
  return vocabularySize * width * (tiedHead ? 1 : 2) + layers * (attention + 3 * width * hidden);
}

const factsOf = ({ config, chatTemplate, tokenizer, readsWhole, defaults, presets }: Model): ModelFacts => ({
  parameters: parametersOf(config),
  maxLength: config.maxLength,
  hasChatTemplate: chatTemplate !== undefined,
  toolForm: chatTemplate && toolFormOf(chatTemplate, tokenizer),
  isCausal: config.attention === causal,
  readsWhole,
  defaults,
  presets,
});
