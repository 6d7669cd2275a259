import { DeviceLostError } from '../base/errors.ts';

/** Watches a device that may be lost for good: its driver starts again, it is taken out, its memory is full. */
export class LossWatch {
  /** What all that comes later is told; undefined as long as the device is there. */
  #problem: DeviceLostError | undefined;
  readonly #momentMs: number;
  readonly #waiting = new Set<(problem: DeviceLostError) => void>();

  /**
   * @param lost      resolves with why, once the device is lost; rejects where that can't be told
   * @param momentMs  what fails because a device is gone may fail so long before it is told that it is gone
   */
  constructor(device: string, lost: Promise<string>, momentMs = 100) {
    this.#momentMs = momentMs;
    lost.then(
      (why) => {
        this.#problem = new DeviceLostError(
          `${device}: the GPU was lost (${why}): load the model again, or resume the run`,
        );
        for (const fail of this.#waiting) fail(this.#problem);
      },
      () => {}, // where it can't be told, the device is not known to be lost
    );
  }

  get isLost(): boolean {
    return this.#problem !== undefined;
  }

  /**
   * Does something on the device, and waits no longer than until it is lost.
   *
   * @throws DeviceLostError  when it is lost, in one sentence
   */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#problem) throw this.#problem;
    let stop: (problem: DeviceLostError) => void = () => {};
    const lost = new Promise<never>((_, reject) => this.#waiting.add((stop = reject)));
    try {
      return await Promise.race([work(), lost]);
    } catch (error) {
      if (!this.#problem)
        await Promise.race([lost, new Promise((resume) => setTimeout(resume, this.#momentMs))]);
      throw this.#problem ?? error;
    } finally {
      this.#waiting.delete(stop);
    }
  }
}
