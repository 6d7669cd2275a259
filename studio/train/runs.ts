import { computed, signal } from '@preact/signals';
import { get, post } from '../client.ts';
import { type Curve, emptyCurve, type MetricsRow, RunCurves, speedOf } from '../core/curves.ts';
import type { Objective } from '../core/objectives.ts';
import { colorsFrom, type RunColors, withColor } from '../core/run-colors.ts';
import type { Values } from '../parts/field-input.tsx';
import { isAtWork, refreshTasks, tasks } from '../parts/tasks.ts';

/** A run in a list, as /unmask/runs has it. */
export interface Run {
  readonly name: string;
  readonly state: 'running' | 'stopping' | 'elsewhere' | 'stopped' | 'finished';
  /** The task that trains it. */
  readonly task?: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly step: number;
  readonly steps?: number;
  /** Tokens that were read, and seconds that were spent on updates. */
  readonly tokens?: number;
  readonly seconds?: number;
  readonly notes?: { readonly text?: unknown; readonly tags?: unknown };
  readonly loss?: number | string;
  readonly validation?: { readonly step: number; readonly natsPerToken: number };
}

/** All that is told of one. */
export interface RunDetails extends Run {
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly lines: readonly string[];
}

/** What is known of a run's measurements, and how far its file was read. */
interface Followed {
  readonly curves: RunCurves;
  /** Tokens a second. */
  speed: Curve;
  next: number;
}

const colorsKey = 'colours of runs';

/** The most runs whose curves are shown at once: there are so many colours. */
export const maxShown = 6;

/** The runs on this machine, followed as they go. */
export class Runs {
  readonly list = signal<readonly Run[]>([]);
  /** Whether it is known which there are. */
  readonly isLookedAt = signal(false);
  /** Runs that began and are not in the list by now, or could not begin. */
  readonly beginning = computed(() =>
    tasks.value.filter(
      ({ kind, subject, state }) =>
        ['train', 'finetune', 'distill'].includes(kind) &&
        (isAtWork({ state }) || state === 'failed') &&
        !this.list.value.some(({ name }) => name === subject || name.startsWith(`${subject}/`)),
    ),
  );
  /** Those whose curves are shown. */
  readonly shown = signal<readonly string[]>([]);
  readonly #colors = signal<RunColors>(colorsFrom(localStorage.getItem(colorsKey)));
  /** The one whose texts are shown. */
  readonly focus = signal<string | undefined>(undefined);
  readonly details = signal<RunDetails | undefined>(undefined);
  /** Counts what was read, so that curves are drawn anew. */
  readonly revision = signal(0);
  readonly #followed = new Map<string, Followed>();

  /** @param draft  what was shown when the tab was loaded last */
  constructor({ shown, focus }: Values = {}) {
    if (Array.isArray(shown)) for (const name of shown.map(String)) this.toggle(name);
    if (typeof focus === 'string') this.focus.value = focus;
  }

  /** Looks at everything once. */
  async look(signal: AbortSignal): Promise<void> {
    const [{ runs }] = await Promise.all([
      get<{ runs: readonly Run[] }>('/unmask/runs', signal),
      refreshTasks(signal),
    ]);
    const isFirst = this.list.value.length === 0;
    this.list.value = runs;
    this.isLookedAt.value = true;
    if (isFirst && runs.length > 0) this.#settle();
    await Promise.all(this.shown.value.map((name) => this.#follow(name, signal)));
    await this.#lookAtFocus(signal);
  }

  /** What was shown in another visit may be gone; the latest is shown where nothing is. */
  #settle(): void {
    const isHere = (name: string | undefined) => this.list.value.some((run) => run.name === name);
    this.shown.value = this.shown.value.filter(isHere);
    if (!isHere(this.focus.value)) this.open(this.list.value[0].name);
  }

  /** Shows a run's curves and texts. */
  open(name: string): void {
    this.focus.value = name;
    if (!this.shown.value.includes(name)) this.toggle(name);
  }

  /** Shows a run's curves, or no more. */
  toggle(name: string): void {
    const others = this.shown.value.filter((one) => one !== name);
    if (others.length < this.shown.value.length) {
      this.shown.value = others;
      return;
    }
    if (this.isFull) return;
    this.#colors.value = withColor(this.#colors.value, name, { beside: others, count: maxShown });
    localStorage.setItem(colorsKey, JSON.stringify(this.#colors.value));
    this.shown.value = [...others, name];
  }

  /** Whether no more curves can be shown beside those that are. */
  get isFull(): boolean {
    return this.shown.value.length === maxShown;
  }

  /** The place of the colour of a run that is shown; a run has the same whenever it is. */
  colorOf(name: string): number {
    return this.#colors.value[name];
  }

  curvesOf(name: string): { readonly curves: RunCurves; readonly speed: Curve } | undefined {
    return this.#followed.get(name);
  }

  /** Until a running run is done, by how fast it was lately; undefined where that isn't known. */
  leftMs({ name, state, step, steps }: Run): number | undefined {
    const followed = this.#followed.get(name);
    const speed = followed?.speed.values.at(-1);
    const tokens = followed?.curves.tokens.values.at(-1);
    if (state !== 'running' || speed === undefined || tokens === undefined || steps === undefined)
      return undefined;
    return (1000 * (steps - step) * tokens) / Math.max(1, step) / speed;
  }

  async start(verb: Objective['verb'], options: object): Promise<string> {
    const { run } = await post<{ run: string }>(`/unmask/${verb}`, options);
    await refreshTasks();
    this.open(run);
    return run;
  }

  /** Has the model of a run served as it is by now. @returns the name that it has there */
  async serve(run: string): Promise<string> {
    const { models } = await get<{
      models: readonly { readonly name: string; readonly source: string }[];
    }>('/unmask/models');
    const model = models.find(
      ({ name, source }) => source === 'run' && name.slice(name.indexOf('/') + 1) === run,
    )?.name;
    if (model === undefined)
      throw new Error(`${run} has no model yet: it is there once the run has saved for the first time.`);
    await post('/unmask/serve', { model });
    return model;
  }

  async resume(run: string): Promise<void> {
    await post('/unmask/resume', { run });
  }

  /** Takes its files away, its model among them. */
  async remove(run: string): Promise<void> {
    await post('/unmask/delete', { run });
    this.shown.value = this.shown.value.filter((one) => one !== run);
    this.#followed.delete(run);
    if (this.focus.value === run) this.focus.value = undefined;
  }

  /** Keeps what a person writes down of a run. */
  async note(run: string, notes: { readonly text: string; readonly tags: readonly string[] }): Promise<void> {
    await post('/unmask/notes', { run, ...notes });
    this.list.value = this.list.value.map((one) => (one.name === run ? { ...one, notes } : one));
  }

  async #lookAtFocus(signal: AbortSignal): Promise<void> {
    const run = this.list.value.find(({ name }) => name === this.focus.value);
    if (!run) {
      this.details.value = undefined;
      return;
    }
    const details = await get<RunDetails>(`/unmask/runs/${encodeURIComponent(run.name)}`, signal);
    this.details.value = details;
  }

  /** Reads what was measured since the last look. */
  async #follow(name: string, signal: AbortSignal): Promise<void> {
    if (!this.list.value.some((run) => run.name === name)) return;
    const followed = this.#followed.get(name) ?? { curves: new RunCurves(), speed: emptyCurve(), next: 0 };
    this.#followed.set(name, followed);
    const { curves } = followed;
    for (let more = true; more;) {
      const path = `/unmask/metrics/${encodeURIComponent(name)}?from=${followed.next}`;
      const answer = await get<{ rows: readonly MetricsRow[]; next: number; more: boolean }>(path, signal);
      curves.add(answer.rows);
      if (answer.rows.length > 0) this.revision.value += 1;
      ({ next: followed.next, more } = answer);
    }
    followed.speed = speedOf(curves.tokens, curves.seconds);
  }
}
