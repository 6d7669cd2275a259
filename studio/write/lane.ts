import { batch, computed, signal } from '@preact/signals';
import { stream } from '../client.ts';
import { sideOf } from '../core/digit-grid.ts';
import { joinedTo, restOf } from '../core/rest.ts';
import { readRecording, type Asked, type RecordingFile } from '../core/recording-file.ts';
import { servedModels } from '../parts/model-picker.tsx';
import { Player, type StreamEvent } from '../parts/player.ts';
import type { Values } from '../parts/field-input.tsx';

/** What a link, or the last visit, says of a run. */
export interface LaneSettings {
  readonly model?: string;
  readonly options: Values;
}

/** Likeliest tokens that are asked for of each position. */
const candidates = 3;

/** One of the runs that are compared: what is asked for, and the process that came of it. */
export class Lane {
  readonly model = signal<string | undefined>(undefined);
  readonly options = signal<Values>({});
  readonly player = signal(new Player());
  /** What the process is of. */
  readonly asked = signal<Asked | undefined>(undefined);
  /** What was asked for last, be it refused. */
  wanted: Asked | undefined;
  readonly isWriting = signal(false);
  /** The position that was clicked, which stays; and the one that is pointed at. */
  readonly pinned = signal<number | undefined>(undefined);
  readonly hovered = signal<number | undefined>(undefined);
  /** The one that is pointed at right now. */
  readonly glanced = signal<number | undefined>(undefined);
  readonly picked = computed(() => this.#inText(this.pinned.value ?? this.hovered.value));
  readonly glance = computed(() => this.#inText(this.glanced.value));
  #aborting: AbortController | undefined;

  constructor({ model, options }: LaneSettings) {
    this.model.value = model;
    this.options.value = options;
  }

  /** The model that writes: the first that is served, where none was chosen. */
  get served() {
    const models = servedModels.value;
    return this.model.value === undefined ? models[0] : models.find(({ id }) => id === this.model.value);
  }

  /** The name of the model that wrote the text, or will. */
  get writer(): string | undefined {
    return this.asked.value?.model ?? this.model.value ?? this.served?.id;
  }

  /** Tokens that will be written, as far as that is known. */
  get length(): number {
    const { length = this.served?.defaults?.length } = this.options.value;
    const most = this.served?.context_length ?? 1024;
    return Math.min(typeof length === 'number' ? length : 128, most);
  }

  /** Tokens that are being written, or will be. */
  get awaited(): number {
    const length = this.asked.value?.options.length;
    if (this.served?.infill === false) return 0;
    return typeof length === 'number' ? length : this.length;
  }

  /** A mask that was awaited may be none of the text that came. */
  #inText(position: number | undefined): number | undefined {
    const length = this.player.value.facts.value?.length ?? 0;
    return position !== undefined && position < length ? position : undefined;
  }

  get settings(): LaneSettings {
    return { model: this.model.value, options: this.options.value };
  }

  /** Has a text written: at once, or when `turn` ends. */
  async write(prompt: string, seed: number, turn?: Promise<void>): Promise<void> {
    const model = this.model.value ?? this.served?.id ?? '';
    await this.#ask({ prompt, model, options: { ...this.options.value, seed } }, { turn });
  }

  /** How a text that was stopped goes on; undefined where it was not, or can't. */
  get rest(): Asked | undefined {
    const { isStopped, recording, size } = this.player.value;
    if (!isStopped.value || !this.asked.value) return undefined;
    return restOf(this.asked.value, recording.canvasAt(size.value - 1));
  }

  /** Has the rest of a text written that was stopped. */
  async goOn(): Promise<void> {
    const { rest, file } = this;
    if (rest && file) await this.#ask(file.asked, { rest, begun: file.events });
  }

  /**
   * Has a text written, or its rest.
   *
   * @param rest   as it is asked of the server
   * @param begun  what was recorded before the rest
   */
  async #ask(
    asked: Asked,
    { turn, rest, begun = [] }: { turn?: Promise<void>; rest?: Asked; begun?: RecordingFile['events'] },
  ): Promise<void> {
    this.wanted = asked;
    const { prompt, model, options } = rest ?? asked;
    const aborting = new AbortController();
    const before = { player: this.player.value, asked: this.asked.value };
    const player = this.#begin(asked);
    player.resume(begun);
    this.#aborting = aborting;
    this.isWriting.value = true;
    // a grid of digits is no beginning to go on with, but a question
    const isQuestion = sideOf(prompt) !== undefined;
    const start = isQuestion ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
    const body = {
      ...(model !== '' && { model }),
      ...start,
      ...options,
      candidates,
      stream_options: { include_usage: true },
    };
    const path = isQuestion ? '/v1/chat/completions' : '/v1/completions';
    await turn;
    const events = stream<StreamEvent>(path, body, aborting.signal);
    await player.watch(rest ? behind(events, { player, length: Number(options.length) }) : events);
    const isNewest = this.#aborting === aborting;
    if (isNewest) this.isWriting.value = false;
    if (isNewest && player.size.value === begun.length && player.problem.value !== undefined && before.asked)
      this.#putBack(before, player);
    else before.player.dispose();
  }

  /** Shows the text again that was here before one that never began, and why that didn't. */
  #putBack(before: { readonly player: Player; readonly asked: Asked | undefined }, failed: Player): void {
    failed.dispose();
    batch(() => {
      before.player.problem.value = failed.problem.value;
      this.player.value = before.player;
      this.asked.value = before.asked;
    });
  }

  /** Shows a recording in place of a run. @throws Error  where the text is none */
  open(text: string): void {
    this.show(readRecording(text));
  }

  show({ asked, events, ending }: RecordingFile): void {
    this.player.value.dispose();
    this.#begin(asked).load(events, ending);
  }

  /** The process as it is kept; undefined before there is one. */
  get file(): RecordingFile | undefined {
    const { recording, ending, size } = this.player.value;
    const asked = this.asked.value;
    return asked && size.value > 0 ? { asked, ending: ending.value, events: recording.events } : undefined;
  }

  /** Ends the run, at the server within a step. What is written until then stays. */
  stop(): void {
    this.#aborting?.abort();
    this.#aborting = undefined;
    this.isWriting.value = false;
  }

  /** Marks a position; the one that is marked already is let go. */
  pin(position: number | undefined): void {
    this.pinned.value = position === this.pinned.value ? undefined : position;
  }

  /** Marks the position before or behind the one that is marked. */
  pinNext(by: 1 | -1): void {
    const { facts } = this.player.value;
    if (!facts.value) return;
    const from = this.picked.value ?? (by === 1 ? -1 : facts.value.length);
    this.pinned.value = Math.max(0, Math.min(facts.value.length - 1, from + by));
  }

  dispose(): void {
    this.stop();
    this.player.value.dispose();
  }

  #begin(asked: Asked): Player {
    this.stop();
    const player = new Player();
    batch(() => {
      player.speed.value = this.player.value.speed.value;
      this.player.value = player;
      this.asked.value = asked;
      this.pinned.value = undefined;
      this.hovered.value = undefined;
      this.glanced.value = undefined;
    });
    return player;
  }
}

/** The events of the rest of a text as those of all of it, whose beginning a player has. */
async function* behind(
  events: AsyncIterable<StreamEvent>,
  { player: { recording }, length }: { readonly player: Player; readonly length: number },
): AsyncGenerator<StreamEvent> {
  const begun = recording.facts(recording.size - 1).length - length;
  const joined = joinedTo(recording, begun);
  for await (const { diffusion, usage, ...others } of events)
    yield {
      ...others,
      ...(diffusion && { diffusion: joined(diffusion) }),
      ...(usage && { usage: { completion_tokens: begun + usage.completion_tokens } }),
    };
}
