import { batch, computed, type Signal, signal } from '@preact/signals';
import { fragmentOf } from '../core/link.ts';
import { comparedIn, type ComparedRun, readComparison, writeComparison } from '../core/comparison-file.ts';
import type { RecordingFile } from '../core/recording-file.ts';
import { learnDefaults, servedModels, waysOf } from '../parts/model-picker.tsx';
import { areSame, type Difference, differencesFrom } from '../core/differences.ts';
import type { Preset } from '../core/option-groups.ts';
import { exampleFor, isExamplePrompt } from '../parts/examples.ts';
import { optionSchemas } from '../parts/options.ts';
import { copied } from '../parts/copied.ts';
import { saveFile } from '../parts/save.ts';
import { hasMistake, type Values } from '../parts/field-input.tsx';
import { Lane, type LaneSettings } from './lane.ts';
import { Quality } from './quality.ts';
import { maxRuns, type Settings, settingsFrom } from './settings.ts';

/** What the page shows at a time. */
interface Place extends Pick<Settings, 'seed'> {
  readonly prompt: string;
  readonly lanes: readonly Lane[];
  readonly name: string;
}

/** What something else took the place of. */
interface Before extends Place {
  /** What was opened in its place, in a sentence; nothing where that was by a button of the page. */
  readonly says: string;
  /** What brings it back. */
  readonly button: string;
}

const back = 'Back to what was here';

/** What the page for writing works with: a prompt, a seed, and a run or several that are compared. */
export class Desk {
  readonly prompt: Signal<string>;
  readonly seed: Signal<number | undefined>;
  readonly lanes: Signal<readonly Lane[]>;
  /** The run that the settings are of. */
  readonly chosen = signal(0);
  readonly #linked = signal<string | undefined>(undefined);
  /** The address of the page as it is set, once it was asked for, and until it is set otherwise. */
  readonly link = computed(() => (this.#linked.value === this.#address() ? this.#linked.value : undefined));
  /** Whether the clipboard has it. */
  readonly isLinkCopied = signal(false);
  /** What the comparison is called. */
  readonly name = signal('');
  /** What stood here before something else took its place, while there is something to be brought back. */
  readonly before = signal<Before | undefined>(undefined);
  readonly quality = new Quality();
  readonly isWriting = computed(() => this.lanes.value.some((lane) => lane.isWriting.value));
  readonly #problem: Signal<unknown>;
  /** Whether the prompt is somebody's, and no example. */
  #isGiven: boolean;
  /** Ends with the last run that was asked for: they are written one after the other, so that their times can be compared. */
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param given    settings of a link, or of a draft
   * @param problem  what goes wrong, for the page to show
   */
  constructor(given: Values, problem: Signal<unknown>) {
    const settings = settingsFrom(given);
    this.#isGiven = settings.prompt !== undefined;
    this.prompt = signal(settings.prompt ?? exampleFor(settings.runs[0].model).prompt);
    this.seed = signal(settings.seed);
    this.lanes = signal(settings.runs.map((run) => new Lane(run)));
    this.#problem = problem;
  }

  get isComparing(): boolean {
    return this.lanes.value.length > 1;
  }

  /** Nothing has been written or opened yet. */
  get isUntouched(): boolean {
    return !this.isComparing && this.lanes.value[0].asked.value === undefined;
  }

  get isAllWritten(): boolean {
    return this.lanes.value.every((lane) => !lane.isWriting.value && lane.player.value.size.value > 0);
  }

  /** Runs of causal models, which write from left to right, and all runs. */
  get causal(): { readonly count: number; readonly isAll: boolean } {
    const count = this.lanes.value.filter(({ served }) => served?.infill === false).length;
    return { count, isAll: count === this.lanes.value.length };
  }

  get canCompare(): boolean {
    return this.lanes.value.length < maxRuns;
  }

  /** The seed of what was written last. */
  get lastSeed(): number | undefined {
    const seed = this.lanes.value[0].asked.value?.options.seed;
    return typeof seed === 'number' ? seed : undefined;
  }

  async write(seed = this.seed.value ?? newSeed()): Promise<void> {
    if (!hasMistake()) await this.#write(this.lanes.value, this.prompt.value, seed);
  }

  async #write(lanes: readonly Lane[], prompt: string, seed: number): Promise<void> {
    this.#problem.value = undefined;
    // a run that is written anew is no longer what stood here before
    if (this.before.value?.lanes.some((lane) => lanes.includes(lane))) this.#forgetBefore(this.lanes.value);
    for (const lane of lanes) this.#turn = lane.write(prompt, seed, this.#turn);
    await this.#turn;
    await learnDefaults(lanes.map(({ served }) => served));
  }

  /** Leaves the length of a run to its model, and has it written; beside others it has their prompt and seed. */
  async leaveLength(lane: Lane): Promise<void> {
    const { length: _, ...options } = lane.options.value;
    lane.options.value = options;
    if (!this.isComparing) return this.write();
    const { prompt = this.prompt.value, options: { seed } = {} } = lane.wanted ?? {};
    if (!hasMistake()) await this.#write([lane], prompt, typeof seed === 'number' ? seed : newSeed());
  }

  /** Has the rest written of a text that was stopped. */
  async goOn(): Promise<void> {
    this.#problem.value = undefined;
    await this.lanes.value[0].goOn();
  }

  /** Has another model write; what nobody typed becomes an example for it. */
  choose(lane: Lane, model: string): void {
    lane.model.value = model;
    if (isExamplePrompt(this.prompt.value)) this.prompt.value = exampleFor(model).prompt;
  }

  /** The example is that of the model which writes first, once that is known. */
  settle(): void {
    const [{ served }] = this.lanes.value;
    if (!this.#isGiven && served && isExamplePrompt(this.prompt.value))
      this.prompt.value = exampleFor(served.id).prompt;
  }

  /**
   * Is set as a link asks for, in the place of all that is here. A model alone is chosen as by hand, but in the place of a
   * comparison begins with what was typed.
   */
  follow(link: Values): void {
    const { model, ...others } = link;
    const isModel = typeof model === 'string' && Object.keys(others).length === 0;
    if (isModel && !this.isComparing) return this.choose(this.lanes.value[0], model);
    const typed = isModel && !isExamplePrompt(this.prompt.value) ? this.prompt.value : undefined;
    const { prompt = typed, seed, runs } = settingsFrom(link);
    this.#isGiven = prompt !== undefined;
    const place = {
      prompt: prompt ?? exampleFor(runs[0].model).prompt,
      seed,
      name: '',
      lanes: runs.map((run) => new Lane(run)),
    };
    return this.#put(place, { says: isModel ? '' : 'A link was opened here.', button: back });
  }

  /** Shows what stood here before, and what stands here now can be brought back in turn. */
  putBack(): void {
    const before = this.before.value;
    const button = before?.button === back ? 'Show again what took its place' : back;
    if (before) this.#put(before, { says: '', button });
  }

  /** Shows other runs in place of those that are here, which are kept; those that are not among them are ended. */
  #put({ prompt, seed, name, lanes }: Place, said: Pick<Before, 'says' | 'button'>): void {
    const now = {
      prompt: this.prompt.value,
      seed: this.seed.value,
      name: this.name.value,
      lanes: this.lanes.value,
    };
    const isEmpty = this.isUntouched && isExamplePrompt(now.prompt);
    now.lanes.filter((lane) => !lanes.includes(lane)).forEach((lane) => lane.stop());
    this.#forgetBefore([...now.lanes, ...lanes]);
    batch(() => {
      this.before.value = isEmpty ? undefined : { ...now, ...said };
      this.prompt.value = prompt;
      this.seed.value = seed;
      this.name.value = name;
      this.lanes.value = lanes;
      this.chosen.value = 0;
    });
  }

  /** Lets go of what stood here before, but for the runs that stay within reach. */
  #forgetBefore(kept: readonly Lane[]): void {
    this.before.value?.lanes.filter((lane) => !kept.includes(lane)).forEach((lane) => lane.dispose());
    this.before.value = undefined;
  }

  stop(): void {
    this.lanes.value.forEach((lane) => lane.stop());
  }

  /** The way to write in any order, of a model that has such beside its own. */
  get anyOrder(): Preset | undefined {
    const [{ served, length }] = this.lanes.value;
    return waysOf(served, length).find(({ name }) => name === 'any order');
  }

  async writeInAnyOrder(): Promise<void> {
    const [lane] = this.lanes.value;
    lane.options.value = { ...lane.options.value, ...this.anyOrder?.values };
    await this.write();
  }

  /** What the other runs stand beside: the first as its text was written, or as it will be. */
  get first(): LaneSettings {
    const [{ asked, served, settings }] = this.lanes.value;
    if (!asked.value) return { ...settings, model: settings.model ?? served?.id };
    const { seed: _, ...options } = asked.value.options;
    return { model: asked.value.model, options };
  }

  /** In what a run may differ from the first one, beside its model. */
  get differences(): Difference[] {
    const { model, options } = this.first;
    const served = servedModels.value.find(({ id }) => id === model);
    if (served?.infill === false) return [];
    const ways = waysOf(served, options.length ?? this.lanes.value[0].length);
    return differencesFrom(options, ways, optionSchemas.value?.strategies ?? {});
  }

  /** Puts another run beside the others: as the first, but for one thing in which none differs yet. It waits to be written. */
  compare(): void {
    const [, ...others] = this.lanes.value;
    const { model, options } = this.first;
    const isNew = (one: Difference) => !others.some((lane) => areSame(one.options, lane.options.value));
    const difference = this.differences.find(isNew);
    this.lanes.value = [...this.lanes.value, new Lane({ model, options: difference?.options ?? options })];
    this.chosen.value = this.lanes.value.length - 1;
  }

  /** Has a run differ from the first in one thing: how it is written, or by which model. */
  differ(lane: Lane, { options, model = this.first.model }: LaneSettings): void {
    lane.model.value = model;
    lane.options.value = options;
    this.chosen.value = this.lanes.value.indexOf(lane);
  }

  /** Whether a run beside one that is written waits to be. */
  get isWaiting(): boolean {
    const [first, ...others] = this.lanes.value;
    return first.asked.value !== undefined && others.some(({ asked }) => asked.value === undefined);
  }

  /** Has the runs written that were not, of the prompt and the seed of the first. */
  async writeBeside(): Promise<void> {
    const waiting = this.lanes.value.filter(({ asked }) => asked.value === undefined);
    const prompt = this.lanes.value[0].asked.value?.prompt ?? this.prompt.value;
    if (!hasMistake()) await this.#write(waiting, prompt, this.lastSeed ?? newSeed());
  }

  /** Takes a run away, which can be brought back where something was written. */
  remove(lane: Lane): void {
    const lanes = this.lanes.value.filter((one) => one !== lane);
    if (lane.asked.value === undefined) {
      lane.dispose();
      this.lanes.value = lanes;
      this.chosen.value = 0;
      return;
    }
    const place = { prompt: this.prompt.value, seed: this.seed.value, name: this.name.value, lanes };
    this.#put(place, { says: 'A run was removed.', button: back });
  }

  /** Has an outside model say how likely the texts are, and their own how likely they were for it. */
  judge(): Promise<void> {
    return this.quality.judge(this.lanes.value);
  }

  /** Hands a person all runs as they are, in one file. */
  save(): void {
    const runs = this.lanes.value.flatMap((lane) => (lane.file ? [this.#compared(lane, lane.file)] : []));
    const name = this.name.value.trim() || 'comparison';
    saveFile(`${name}.json`, writeComparison({ name, runs }), 'application/json');
  }

  async copyLink(): Promise<void> {
    const address = this.#address();
    this.#linked.value = address;
    this.isLinkCopied.value = await copied(address);
  }

  /** Shows a recording in place of the first run, or a comparison in place of all. */
  async open(file: File | undefined): Promise<void> {
    if (!file) return;
    try {
      this.#problem.value = undefined;
      const text = await file.text();
      const comparison = readComparison(text);
      if (!comparison) return this.lanes.value[0].open(text);
      const lanes = comparison.runs.slice(0, maxRuns).map((run) => {
        const { seed: _, ...options } = run.asked.options;
        const lane = new Lane({ model: run.asked.model, options });
        this.#show(lane, run);
        return lane;
      });
      const { name, runs } = comparison;
      const place = { prompt: runs[0].asked.prompt, seed: this.seed.value, name, lanes };
      this.#put(place, { says: 'A file was opened here.', button: back });
    } catch (error) {
      this.#problem.value = error;
    }
  }

  #address(): string {
    const fragment = fragmentOf({ page: 'write', settings: { ...this.settings } });
    return `${location.href.split('#')[0]}${fragment}`;
  }

  /**
   * What is kept for the tab: an example is no prompt of anybody's.
   *
   * @param kept  of a text: all of its recording, or its last frame
   */
  draft(kept: (run: RecordingFile) => RecordingFile): object {
    const { prompt, ...others } = this.settings;
    const texts = this.lanes.value.map((lane) => lane.file && this.#compared(lane, kept(lane.file)));
    const isOwn = prompt !== undefined && !isExamplePrompt(prompt);
    return { ...others, ...(isOwn && { prompt }), name: this.name.value, texts };
  }

  /** Shows the texts of a draft again; one that is not as it must be is left out. */
  recall({ name, texts }: Values): void {
    if (typeof name === 'string') this.name.value = name;
    if (!Array.isArray(texts)) return;
    for (const [index, lane] of this.lanes.value.entries()) {
      try {
        if (texts[index]) this.#show(lane, comparedIn(texts[index]));
      } catch {
        // it is as if it had not been written
      }
    }
  }

  #compared(lane: Lane, file: RecordingFile): ComparedRun {
    return { ...file, quality: this.quality.of(lane) };
  }

  #show(lane: Lane, run: ComparedRun): void {
    lane.show(run);
    if (run.quality) this.quality.know(lane.player.value, run.quality);
  }

  /** What is set now, as a link has it. */
  get settings(): Settings {
    return {
      prompt: this.prompt.value,
      seed: this.seed.value,
      runs: this.lanes.value.map((lane) => lane.settings),
    };
  }
}

/** Short enough to be told to somebody. */
export const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
