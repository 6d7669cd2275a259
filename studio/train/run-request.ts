import { signal } from '@preact/signals';
import { packed } from '../../src/base/timed-plan.ts';
import { get } from '../client.ts';
import { isObject } from '../../src/base/is-object.ts';
import { type Objective, objectives, sweepIn } from '../core/objectives.ts';
import { expectation, type TimedRun, tokensIn, workOf } from '../core/expectation.ts';
import { charactersOfToken, sizeOfText } from '../core/text-size.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';
import { loadOptions, optionSchemas } from '../parts/options.ts';
import { upload } from './upload.ts';

export type Verb = Objective['verb'];

/** What a run like another has of it, beside what is learned: the same size, length and speed make them comparable. */
const likeNames = ['size', 'steps', 'length', 'batch', 'learningRate', 'vocabularySize', 'tokenizer', 'seed'];

/** What is typed as text. */
const typedNames = ['paths', 'text', 'name', 'from', 'sweep'] as const;

/** What a new run is asked for with, while it is typed. */
export class RunRequest {
  readonly objective = signal<Objective>(objectives[0]);
  /** Files of this computer, paths of the server's directory, or a text: one of the three. */
  readonly picked = signal<readonly File[]>([]);
  readonly paths = signal('');
  readonly text = signal('');
  readonly name = signal('');
  readonly from = signal('');
  /** Undefined where size and steps are said. */
  readonly minutes = signal<number | undefined>(5);
  readonly sweep = signal('');
  /** Options of the verb. */
  readonly values = signal<Values>({});
  /** Models that a run may begin with. */
  readonly models = signal<readonly string[]>([]);
  readonly problem = signal<unknown>(undefined);
  readonly isStarting = signal(false);
  /** Whether a start was asked for while there was not one thing to learn from. */
  readonly isRefused = signal(false);
  /** Whether all is there that it begins as: a run like another doesn't begin without the other's options. */
  readonly isReady = signal(false);
  readonly progress = signal('');
  /** How often the options were asked for: only the newest answer counts. */
  #asked = 0;
  /** What was asked for last. */
  #again: () => Promise<void> = () => this.load();
  readonly #onStart: (verb: Verb, options: object) => Promise<void>;

  readonly #runs: () => readonly TimedRun[];

  /**
   * @param onStart  begins it
   * @param runs     those that there are, the latest first: they say how fast this machine is
   * @param draft    what was typed when the tab was loaded last
   */
  constructor(
    onStart: (verb: Verb, options: object) => Promise<void>,
    runs: () => readonly TimedRun[],
    draft?: unknown,
  ) {
    this.#onStart = onStart;
    this.#runs = runs;
    if (isObject(draft)) this.#recall(draft);
  }

  #recall(draft: Values): void {
    const objective = objectives.find(({ name }) => name === draft.objective);
    if (!objective) return;
    this.objective.value = objective;
    for (const name of typedNames) {
      const typed = draft[name];
      if (typeof typed === 'string') this[name].value = typed;
    }
    this.minutes.value = typeof draft.minutes === 'number' ? draft.minutes : undefined;
    if (isObject(draft.values)) this.values.value = draft.values;
  }

  /** What is typed by now, to be kept for the tab; files that were chosen can't be. */
  get draft(): Values {
    return {
      objective: this.objective.value.name,
      minutes: this.minutes.value,
      values: this.values.value,
      ...Object.fromEntries(typedNames.map((name) => [name, this[name].value])),
    };
  }

  /** Asks for what it needs where that was not asked for, or did not come; of models there may be others by now. */
  open(): void {
    if (this.#asked === 0 || (this.problem.value !== undefined && !this.isReady.value)) void this.#again();
    else if (this.isReady.value) this.#lookForModels().catch(() => {});
  }

  /** Asks for the options and the models. */
  async load(): Promise<void> {
    this.#again = () => this.load();
    if (await this.#load()) this.isReady.value = true;
  }

  /** @returns  whether all came, and nothing newer was asked for meanwhile: an older answer, or an older failure, says nothing */
  async #load(): Promise<boolean> {
    this.#asked += 1;
    const asked = this.#asked;
    this.isReady.value = false;
    this.problem.value = undefined;
    try {
      await Promise.all([loadOptions(), this.#lookForModels()]);
      return asked === this.#asked;
    } catch (error) {
      if (asked === this.#asked) this.problem.value = error;
      return false;
    }
  }

  async #lookForModels(): Promise<void> {
    const { models } = await get<{ models: readonly { name: string }[] }>('/unmask/models');
    this.models.value = models.map(({ name }) => name);
  }

  choose(objective: Objective): void {
    if (objective.verb !== this.objective.value.verb) this.values.value = {};
    this.objective.value = objective;
  }

  /** Begins as a run that there is did: what is learned, from what, and how large; it has another name. */
  async like(run: { readonly options: Readonly<Record<string, unknown>> }): Promise<void> {
    this.#again = () => this.like(run);
    const { options } = run;
    const { objective, learn, data } = options;
    const name = [learn, objective].find((one) => objectives.some((other) => other.name === one));
    this.objective.value = objectives.find((other) => other.name === name) ?? objectives[0];
    const { verb } = this.objective.value;
    this.paths.value = Array.isArray(data) ? data.map(String).join('\n') : '';
    this.text.value = '';
    this.picked.value = [];
    this.isRefused.value = false;
    this.minutes.value = undefined;
    this.from.value = typeof options.from === 'string' ? options.from : '';
    // what is typed from here on holds
    this.values.value = {};
    if (!(await this.#load())) return;
    // who chose something else to be learned meanwhile has it
    if (this.objective.value.verb === verb) {
      const known = optionSchemas.value?.[verb].properties ?? {};
      const kept = likeNames.filter(
        (option) => option in known && (options[option] ?? undefined) !== undefined,
      );
      const others = Object.fromEntries(kept.map((option) => [option, options[option]]));
      this.values.value = { ...others, ...this.values.value };
      // a time that was chosen meanwhile takes the place of updates
      this.giveTime(this.minutes.value);
    }
    this.isReady.value = true;
  }

  pick(files: FileList | null | undefined): void {
    const names = new Set(Array.from(files ?? [], ({ name }) => name));
    this.picked.value = [...this.picked.value.filter(({ name }) => !names.has(name)), ...(files ?? [])];
  }

  /** Whether a time may be said in place of size and updates: of a new model, once. */
  get canBeTimed(): boolean {
    const isNew = this.objective.value.verb === 'train' && this.from.value === '';
    return isNew && this.sweep.value.trim() === '';
  }

  /** The minutes that it is given; undefined where size and updates are said. */
  get time(): number | undefined {
    const { steps, epochs } = this.values.value;
    return this.canBeTimed && steps === undefined && epochs === undefined ? this.minutes.value : undefined;
  }

  /** Gives it a time, in place of the updates that were set, or leaves these to be said. */
  giveTime(minutes: number | undefined): void {
    this.minutes.value = minutes;
    if (minutes === undefined) return;
    const { steps: _steps, epochs: _epochs, ...others } = this.values.value;
    this.values.value = others;
  }

  /** How much text there is in the field for it, in words; and how often that is read, where updates are set. */
  get textSize(): string {
    return sizeOfText(this.text.value.length, this.#isByLetters, this.#tokens);
  }

  get #isByLetters(): boolean {
    return this.values.value.tokenizer === 'characters';
  }

  /** Tokens that a new model reads, where updates are set. */
  get #tokens(): number | undefined {
    const { size, ...values } = this.values.value;
    if (this.time !== undefined || !this.canBeTimed || values.epochs !== undefined) return undefined;
    const usual = optionSchemas.value?.sizes[String(size ?? 'nano')];
    return ['steps', 'batch', 'accumulate', 'length']
      .map((name) => Number(values[name] ?? usual?.[name] ?? 1))
      .reduce((product, factor) => product * factor);
  }

  /** Characters of what is to be learned; undefined while that is nothing, or only the server knows. */
  get #characters(): number | undefined {
    if (!this.hasSource || this.paths.value.trim() !== '') return undefined;
    const ofFiles = this.picked.value.map(({ name, size }) => size * (name.endsWith('.gz') ? packed : 1));
    return ofFiles.reduce((sum, one) => sum + one, this.text.value.trim().length);
  }

  /** What a new model can be expected to write, in words; nothing where that isn't known, or another one learns. */
  get expectation(): string {
    const sizes = optionSchemas.value?.sizes;
    if (!sizes || !this.canBeTimed) return '';
    const { size, epochs } = this.values.value;
    const text = this.#characters;
    const work = workOf(this.#runs(), sizes);
    const tokens = this.time === undefined ? this.#tokens : tokensIn(this.time, sizes, { work, size });
    const read =
      tokens === undefined
        ? Number(epochs) * (text ?? NaN)
        : tokens * (this.#isByLetters ? 1 : charactersOfToken);
    if (!(read > 0)) return '';
    const measured =
      work === undefined
        ? 'How fast this machine is, is a guess until a run was trained on it.'
        : 'Judged by how fast the last run here was.';
    const said = expectation({ read, text, minutes: this.time });
    return this.time === undefined ? said : `${said} ${measured}`;
  }

  /** Whether there is something to learn from. */
  get hasSource(): boolean {
    return (
      [this.paths.value, this.text.value].some((typed) => typed.trim() !== '') || this.picked.value.length > 0
    );
  }

  /** What is known of the time before it begins. */
  get promise(): string {
    const minutes = this.time;
    const long = minutes === 1 ? 'about a minute' : `about ${minutes} minutes`;
    return minutes === undefined ? '' : `${long} on this machine`;
  }

  /** Why there is not one thing to learn from, in a sentence; undefined where there is. */
  get sourceProblem(): string | undefined {
    if (!this.hasSource) return 'Say what is to be learned: choose a file, name a path, or paste a text.';
    const hasFiles = this.paths.value.trim() !== '' || this.picked.value.length > 0;
    return hasFiles && this.text.value.trim() !== ''
      ? 'Files and a pasted text can’t be learned at once: empty one of them.'
      : undefined;
  }

  /** The size that was set, which a time leaves as it is. */
  get size(): string | undefined {
    const { size } = this.values.value;
    return size === undefined ? undefined : String(size);
  }

  async start(): Promise<void> {
    if (hasMistake()) return;
    this.isRefused.value = this.sourceProblem !== undefined;
    if (this.isRefused.value) return;
    this.isStarting.value = true;
    this.problem.value = undefined;
    this.progress.value = 'Starting …';
    try {
      const sweep = this.#sweep();
      const source = await this.#source();
      const { verb, options } = this.objective.value;
      await this.#onStart(verb, {
        ...options,
        ...this.values.value,
        ...(this.time !== undefined && { minutes: this.time }),
        ...(this.name.value.trim() !== '' && { run: this.name.value.trim() }),
        ...(this.from.value !== '' && { from: this.from.value }),
        ...(sweep && { sweep }),
        ...source,
      });
      // the next one is another, whatever else it has in common with this one
      this.name.value = '';
    } catch (error) {
      this.problem.value = error;
    }
    this.isStarting.value = false;
  }

  /** @throws Error  for what is no sweep */
  #sweep() {
    if (this.objective.value.verb !== 'train' || this.sweep.value.trim() === '') return undefined;
    const names = Object.keys(optionSchemas.value?.train.properties ?? {});
    const sweep = sweepIn(this.sweep.value, names);
    if (sweep instanceof Error) throw sweep;
    return sweep;
  }

  async #source(): Promise<{ readonly data: readonly string[] } | { readonly text: string }> {
    const paths = this.paths.value.split('\n').flatMap((path) => (path.trim() === '' ? [] : [path.trim()]));
    const files = this.picked.value;
    if (this.text.value.trim() !== '') return { text: this.text.value };
    const data = [...paths];
    for (const file of files) {
      this.progress.value = `Reading ${file.name} …`;
      data.push(await upload(file));
    }
    return { data };
  }
}
