import { DeviceLostError } from '../base/errors.ts';

/** Watches a device that may be lost for good: its driver starts again, it is taken out, its memory is full, it never answers. */
export class LossWatch {
  #problem: DeviceLostError | undefined;
  readonly #device: string;
  readonly #momentMs: number;
  readonly #waiting = new Set<(problem: DeviceLostError) => void>();

  /** @param momentMs  what fails because a device is gone may fail so long before it is told that it is gone */
  constructor(device: string, momentMs = 100) {
    this.#device = device;
    this.#momentMs = momentMs;
  }

  get isLost(): boolean {
    return this.#problem !== undefined;
  }

  /** What all that comes later is told; undefined as long as the device is there. */
  get problem(): DeviceLostError | undefined {
    return this.#problem;
  }

  /** @param lost  resolves with why, once the device is lost; rejects where that can't be told */
  follow(lost: Promise<string>): void {
    lost.then(
      (why) => this.#lose(`the GPU was lost (${why}): load the model again, or resume the run`),
      () => {}, // where it can't be told, the device is not known to be lost
    );
  }

  /**
   * Does something on the device, and waits no longer than until it is lost.
   *
   * @param answerMs  takes the device for lost when it took longer
   * @throws DeviceLostError  when it is lost, in one sentence
   */
  async during<Result>(work: () => Promise<Result>, answerMs?: number): Promise<Result> {
    if (this.#problem) throw this.#problem;
    let stop: (problem: DeviceLostError) => void = () => {};
    const lost = new Promise<never>((_, reject) => this.#waiting.add((stop = reject)));
    const timer = answerMs === undefined ? undefined : setTimeout(() => this.#giveUp(answerMs), answerMs);
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      if (!this.#problem)
        await Promise.race([lost, new Promise((resume) => setTimeout(resume, this.#momentMs))]);
      throw this.#problem ?? error;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(stop);
    }
  }

  #giveUp(answerMs: number): void {
    this.#lose(`${noAnswer(answerMs)}: load the model again, on the CPU if that happens again`);
  }

  #lose(why: string): void {
    this.#problem ??= new DeviceLostError(`${this.#device}: ${why}`);
    for (const fail of this.#waiting) fail(this.#problem);
  }
}

/** What is said of a GPU that was waited for in vain. */
export const noAnswer = (answerMs: number): string => `the GPU did not answer in ${answerMs / 1000} s`;
