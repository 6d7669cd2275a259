import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Turns } from '../base/turns.ts';
import { fileProblem } from '../checkpoint/file-problem.ts';
import type { WeightSource } from '../runtime/session.ts';

/** A weight, or a part of one, that lies in no file as a session needs it. */
export interface MadeWeight {
  readonly byteLength: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/**
 * Weights that are made while a session opens, in files that are gone when it is open. The engine maps them, packs what it
 * multiplies with in an order of its own, and lets go of it. Memory that is handed over, or a part of the graph, would stay
 * beside what it was packed to.
 */
export class MadeWeights implements WeightSource {
  readonly #folder: string;
  readonly #scratch: string;
  readonly #weights: ReadonlyMap<string, MadeWeight>;
  readonly #turns = new Turns();

  /**
   * @param folder   that locations are relative to
   * @param scratch  a folder in it that doesn't exist yet, for this process alone
   * @param weights  by location, each in `scratch`
   */
  constructor(folder: string, scratch: string, weights: ReadonlyMap<string, MadeWeight>) {
    this.#folder = folder;
    this.#scratch = scratch;
    this.#weights = weights;
  }

  /** @throws FileError  when a weight can't be read, or a file not be written */
  provide<Result>(locations: Iterable<string>, use: () => Promise<Result>): Promise<Result> {
    // sessions that open at the same time would take away each other's files
    return this.#turns.take(() => this.#provide(locations, use));
  }

  async #provide<Result>(locations: Iterable<string>, use: () => Promise<Result>): Promise<Result> {
    const place = join(this.#folder, this.#scratch);
    try {
      await mkdir(place, { recursive: true });
      for (const location of locations) {
        const weight = this.#weights.get(location);
        if (weight) await write(join(this.#folder, location), weight);
      }
      return await use();
    } catch (error) {
      throw fileProblem(error, place, 'a folder that can be written');
    } finally {
      // a system that keeps files which are mapped refuses; whoever opens the model next takes them away
      await rm(place, { recursive: true, force: true }).catch(() => {});
    }
  }
}

async function write(path: string, weight: MadeWeight): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const piece of weight.pieces()) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}
