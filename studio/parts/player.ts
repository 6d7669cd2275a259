import { batch, computed, effect, signal } from '@preact/signals';
import { isAbort } from '../client.ts';
import { Recording, type RecordedFrame } from '../core/recording.ts';

/** Frames a second at speed 1. */
const rate = 24;

/** What a stream of the server says in the end. */
export interface Ending {
  readonly finish: string;
  readonly seed: number;
  readonly forwards: number;
  readonly tokens: number;
  readonly tokensPerForward: number;
  readonly ms: number;
}

/** An event of a stream, as far as it is shown. */
export interface StreamEvent {
  readonly diffusion?: RecordedFrame;
  readonly seed?: number;
  readonly choices?: readonly { readonly finish_reason?: string | null }[];
  readonly usage?: {
    readonly completion_tokens: number;
    readonly forwards: number;
    readonly tokens_per_forward: number;
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
  /** Frames a second over `rate`; negative plays backwards; 0 stands still. */
  readonly pace = signal(0);
  readonly speed = signal(1);
  readonly isLast = computed(() => this.at.value === this.size.value - 1);
  readonly facts = computed(() => (this.at.value < 0 ? undefined : this.recording.facts(this.at.value)));
  readonly #now: () => number;
  readonly #clock: () => void;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#clock = effect(() => {
      const pace = this.pace.value * this.speed.value;
      if (pace === 0) return undefined;
      const startMs = this.#now();
      const start = this.at.peek();
      let request = 0;
      const tick = () => {
        const moved = Math.trunc(((this.#now() - startMs) / 1000) * rate * pace);
        const to = Math.max(0, Math.min(this.size.peek() - 1, start + moved));
        this.at.value = to;
        const isOver = pace > 0 ? to === this.size.peek() - 1 : to === 0;
        if (isOver) this.pace.value = 0;
        else request = requestAnimationFrame(tick);
      };
      request = requestAnimationFrame(tick);
      return () => cancelAnimationFrame(request);
    });
  }

  /** Takes the events of a stream as they come; the last frame is shown while nobody looks at another one. */
  async watch(events: AsyncIterable<StreamEvent>): Promise<void> {
    const startMs = this.#now();
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
  load(frames: readonly { readonly frame: RecordedFrame; readonly ms: number }[]): void {
    for (const { frame, ms } of frames) this.#add(frame, ms);
    this.state.value = 'done';
  }

  /** Shows a frame, and stands still there. */
  show(frame: number): void {
    batch(() => {
      this.pace.value = 0;
      this.at.value = Math.max(0, Math.min(this.size.value - 1, frame));
    });
  }

  /** Plays forwards (1) or backwards (-1) from where it is; from the other end, where it can go no further. */
  play(direction: 1 | -1): void {
    const end = direction === 1 ? this.size.value - 1 : 0;
    if (this.at.value === end) this.at.value = direction === 1 ? 0 : this.size.value - 1;
    this.pace.value = direction;
  }

  /** Ends the clock. */
  dispose(): void {
    this.pace.value = 0;
    this.#clock();
  }

  #add(frame: RecordedFrame, ms: number): void {
    batch(() => {
      const follows = this.isLast.value && this.pace.value === 0;
      this.recording.add(frame, ms);
      this.size.value = this.recording.size;
      this.state.value = 'live';
      if (follows) this.at.value = this.size.value - 1;
    });
  }
}
