import { computed, type Signal, signal } from '@preact/signals';
import { fragmentOf } from '../core/link.ts';
import { learnDefaults } from '../parts/model-picker.tsx';
import { hasMistake, type Values } from '../parts/schema-form.tsx';
import { Lane } from './lane.ts';
import { keep, maxRuns, type Settings, settingsFrom } from './settings.ts';

/** What the page for writing works with: a prompt, a seed, and a run or two that are compared. */
export class Desk {
  readonly prompt: Signal<string>;
  readonly seed: Signal<number | undefined>;
  readonly lanes: Signal<readonly Lane[]>;
  /** The run that the settings are of. */
  readonly chosen = signal(0);
  /** The address of the page as it is set, once it was asked for. */
  readonly link = signal<string | undefined>(undefined);
  readonly isWriting = computed(() => this.lanes.value.some((lane) => lane.isWriting.value));
  readonly #problem: Signal<unknown>;

  /**
   * @param link     settings that the address has
   * @param problem  what goes wrong, for the page to show
   */
  constructor(link: Values, problem: Signal<unknown>) {
    const settings = settingsFrom(link, sessionStorage);
    this.prompt = signal(settings.prompt);
    this.seed = signal(settings.seed);
    this.lanes = signal(settings.runs.map((run) => new Lane(run)));
    this.#problem = problem;
  }

  get isComparing(): boolean {
    return this.lanes.value.length > 1;
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
    if (hasMistake()) return;
    this.#problem.value = undefined;
    keep(this.#settings(), sessionStorage);
    await Promise.all(this.lanes.value.map((lane) => lane.write(this.prompt.value, seed)));
    await learnDefaults(this.lanes.value.map(({ served }) => served));
  }

  stop(): void {
    this.lanes.value.forEach((lane) => lane.stop());
  }

  /** Puts a second run beside the first: what fewer steps cost is the first question; another model is a choice away. */
  compare(): void {
    const [first] = this.lanes.value;
    const { model, options } = first.settings;
    const run = { model, options: { ...options, steps: Math.ceil(first.length / 2) } };
    this.lanes.value = [...this.lanes.value, new Lane(run)];
    this.chosen.value = this.lanes.value.length - 1;
  }

  removeOthers(): void {
    this.lanes.value.slice(1).forEach((lane) => lane.dispose());
    this.lanes.value = this.lanes.value.slice(0, 1);
    this.chosen.value = 0;
  }

  async copyLink(): Promise<void> {
    const fragment = fragmentOf({ page: 'write', settings: { ...this.#settings() } });
    const address = `${location.href.split('#')[0]}${fragment}`;
    this.link.value = address;
    await navigator.clipboard?.writeText(address).catch(() => {});
  }

  /** Shows a recording in place of the first run. */
  async open(file: File | undefined): Promise<void> {
    if (!file) return;
    try {
      this.#problem.value = undefined;
      this.lanes.value[0].open(await file.text());
    } catch (error) {
      this.#problem.value = error;
    }
  }

  dispose(): void {
    this.lanes.value.forEach((lane) => lane.dispose());
  }

  #settings(): Settings {
    return {
      prompt: this.prompt.value,
      seed: this.seed.value,
      runs: this.lanes.value.map((lane) => lane.settings),
    };
  }
}

/** Short enough to be told to somebody. */
export const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
