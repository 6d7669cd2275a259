import { batch, computed, effect, signal } from '@preact/signals';
import { isAbort } from '../client.ts';
import { type Ending, type RecordedEvent, type RecordedFrame, Recording } from '../core/recording.ts';

/** Frames a second at speed 1. */
const rate = 24;

export type Speed = number | 'real time';

/** An event of a stream, as far as it is shown. */
export interface StreamEvent {
  readonly diffusion?: RecordedFrame;
  readonly seed?: number;
  readonly choices?: readonly { readonly finish_reason?: string | null }[];
  readonly usage?: {
    readonly completion_tokens: number;
    readonly forwards?: number;
    readonly tokens_per_forward?: number;
  };
}

/** A process that is watched while it runs, and looked at again afterwards: which frame is shown, and what moves it. */
export class Player {
  readonly recording = new Recording();
  /** Frames that there are. */
  readonly size = signal(0);
  /** The frame that is shown; -1 while there is none. */
  readonly at = signal(-1);
  readonly state = signal<'waiting' | 'live' | 'done' | 'failed'>('waiting');
  readonly problem = signal<unknown>(undefined);
  readonly ending = signal<Ending | undefined>(undefined);
  /** Forwards (1), backwards (-1), or standing still. */
  readonly direction = signal<1 | 0 | -1>(0);
  /** How fast it plays: times `rate`, or as fast as it was written. */
  readonly speed = signal<Speed>(1);
  readonly isLast = computed(() => this.at.value === this.size.value - 1);
  readonly facts = computed(() => (this.at.value < 0 ? undefined : this.recording.facts(this.at.value)));
  /** Whether it was ended before its text was. */
  readonly isStopped = computed(() => {
    if (this.state.value !== 'done' || this.ending.value || this.size.value === 0) return false;
    const { written, length } = this.recording.facts(this.size.value - 1);
    return written < length;
  });
  /** Frames that there will be, while it is written: as many for each position as so far. */
  readonly expected = computed(() => {
    const last = this.size.value - 1;
    if (last < 0 || this.state.value !== 'live') return Math.max(0, last);
    const { written, length } = this.recording.facts(last);
    return written === 0 ? last : Math.round((last * length) / written);
  });
  readonly #now: () => number;
  readonly #clock: () => void;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#clock = effect(() => {
      const direction = this.direction.value;
      const speed = this.speed.value;
      if (direction === 0) return undefined;
      const startMs = this.#now();
      const start = this.at.peek();
      const tick = () => {
        const to = this.#after(start, direction * (this.#now() - startMs), speed);
        this.at.value = to;
        if (to === (direction > 0 ? this.size.peek() - 1 : 0)) this.direction.value = 0;
        else request = requestAnimationFrame(tick);
      };
      let request = requestAnimationFrame(tick);
      return () => cancelAnimationFrame(request);
    });
  }

  /**
   * Takes the events of a stream as they come, behind those that there are; the last frame is shown while nobody looks at
   * another one.
   */
  async watch(events: AsyncIterable<StreamEvent>): Promise<void> {
    const startMs = this.#now() - (this.size.value === 0 ? 0 : this.recording.facts(this.size.value - 1).ms);
    let finish = '';
    let seed = 0;
    try {
      for await (const event of events) {
        const ms = this.#now() - startMs;
        if (event.diffusion) this.#add(event.diffusion, ms);
        finish = event.choices?.[0]?.finish_reason ?? finish;
        seed = event.seed ?? seed;
        if (event.usage) {
          const { completion_tokens: tokens, forwards, tokens_per_forward: tokensPerForward } = event.usage;
          this.ending.value = { finish, seed, tokens, forwards, tokensPerForward, ms };
        }
      }
      this.state.value = 'done';
    } catch (error) {
      batch(() => {
        this.problem.value = isAbort(error) ? undefined : error;
        this.state.value = isAbort(error) ? 'done' : 'failed';
      });
    }
  }

  /** Takes what was recorded before. */
  load(events: readonly RecordedEvent[], ending?: Ending): void {
    batch(() => {
      this.resume(events);
      this.ending.value = ending;
      this.state.value = 'done';
    });
  }

  /** Takes what was recorded before of a text that goes on. */
  resume(events: readonly RecordedEvent[]): void {
    for (const { frame, ms } of events) this.#add(frame, ms);
  }

  /** Shows a frame, and stands still there. */
  show(frame: number): void {
    batch(() => {
      this.direction.value = 0;
      this.at.value = Math.max(0, Math.min(this.size.value - 1, frame));
    });
  }

  /** Plays forwards (1) or backwards (-1) from where it is; from the other end, where it can go no further. */
  play(direction: 1 | -1): void {
    const end = direction === 1 ? this.size.value - 1 : 0;
    if (this.at.value === end) this.at.value = direction === 1 ? 0 : this.size.value - 1;
    this.direction.value = direction;
  }

  /** The frame that is shown some time after (or before) another one was. */
  #after(start: number, ms: number, speed: Speed): number {
    const last = this.size.peek() - 1;
    if (speed !== 'real time')
      return Math.max(0, Math.min(last, start + Math.trunc((ms / 1000) * rate * speed)));
    const atMs = this.recording.facts(start).ms + ms;
    let to = start;
    if (ms > 0) while (to < last && this.recording.facts(to + 1).ms <= atMs) to++;
    else while (to > 0 && this.recording.facts(to).ms > atMs) to--;
    return to;
  }

  /** Ends the clock. */
  dispose(): void {
    this.direction.value = 0;
    this.#clock();
  }

  #add(frame: RecordedFrame, ms: number): void {
    batch(() => {
      const follows = this.isLast.value && this.direction.value === 0;
      this.recording.add(frame, ms);
      this.size.value = this.recording.size;
      this.state.value = 'live';
      if (follows) this.at.value = this.size.value - 1;
    });
  }
}
