import { nextTurn } from './next-turn.ts';

/** Work in pieces: each `yield` says how much was done since the last one, in steps of some nanoseconds. */
export type Pieces<Result> = Generator<number, Result, void>;

/** Steps after which others have their turn: about ten milliseconds of them. */
const stretch = 2 ** 21;

/** Does all of it at once. */
export function atOnce<Result>(work: Pieces<Result>): Result {
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
  }
}

/** Does it so that messages, timers and other work have their turn in between. */
export async function inTurns<Result>(work: Pieces<Result>): Promise<Result> {
  let done = 0;
  for (;;) {
    const next = work.next();
    if (next.done) return next.value;
    done += next.value;
    if (done < stretch) continue;
    done = 0;
    await nextTurn();
  }
}
