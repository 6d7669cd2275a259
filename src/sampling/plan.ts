import { InvalidOptionError } from '../base/errors.ts';
import type { BlockSpan } from './canvas.ts';
import type { RevealCounts } from './reveal-counts.ts';
import type { ReverseStep } from './strategies.ts';

/** A step that is to come. */
export type PlannedStep = Pick<ReverseStep, 't' | 's' | 'count'>;

/** What a block's steps are planned by. */
export interface BlockPlanOptions {
  /** Positions that are written. */
  readonly length: number;
  /** Steps from t = 1 to 0. */
  readonly steps: number;
  readonly counts: RevealCounts;
  /** Steps that may follow at t = 0. */
  readonly corrections?: number;
}

/** The steps of a block that are to come. */
export class BlockPlan {
  readonly #options: BlockPlanOptions;
  #steps: readonly PlannedStep[] = [];
  #at = 0;

  constructor(options: BlockPlanOptions) {
    this.#options = options;
    this.restart(options.length, options.length);
  }

  /** Absent when the block is done. */
  get next(): PlannedStep | undefined {
    return this.#steps[this.#at];
  }

  get isAtLast(): boolean {
    return this.#at === this.#steps.length - 1;
  }

  advance(): void {
    this.#at += 1;
  }

  /** Plans anew for so many of the positions, at the time when as many are open: as many steps for each as before. */
  restart(open: number, positions: number): void {
    const { length, steps: all, counts, corrections } = this.#options;
    const steps = Math.ceil((all * open) / length);
    this.#steps = planSteps({ t: open / positions, steps, counts: counts(open, steps), corrections });
    this.#at = 0;
  }

  end(): void {
    this.#steps = [];
  }
}

/** Uniform steps from t to 0, each as an exact fraction: no sum of rounding errors; then some at t = 0. */
export function planSteps({
  t,
  steps: n,
  counts,
  corrections = 0,
}: {
  t: number;
  steps: number;
  counts: readonly number[];
  corrections?: number;
}): PlannedStep[] {
  return Array.from({ length: n + corrections }, (_, k) => ({
    t: (t * Math.max(0, n - k)) / n,
    s: (t * Math.max(0, n - k - 1)) / n,
    count: counts[k] ?? 0,
  }));
}

/** What `steps` and `stepsPerBlock` say of a sample. */
interface AskedSteps {
  readonly steps?: number;
  readonly stepsPerBlock?: number;
}

/** The steps of each block; of one that is added later as many as were asked for, or one a token. */
export function stepsByBlock(
  asked: AskedSteps,
  blocks: readonly Pick<BlockSpan, 'positions'>[],
): (index: number, length: number) => number {
  const shares = divideSteps(asked, blocks);
  return (index, length) => shares[index] ?? asked.stepsPerBlock ?? asked.steps ?? length;
}

/**
 * The steps of each block: as many as its share of the tokens, at least one, and `steps` in all; or as many for each.
 *
 * @throws InvalidOptionError  for fewer steps than blocks, and for both at once
 */
export function divideSteps(
  { steps: given, stepsPerBlock }: AskedSteps,
  blocks: readonly Pick<BlockSpan, 'positions'>[],
): number[] {
  if (stepsPerBlock !== undefined) {
    if (given !== undefined)
      throw new InvalidOptionError(
        'stepsPerBlock',
        'is given instead of steps, not beside it',
        stepsPerBlock,
      );
    if (!(Number.isSafeInteger(stepsPerBlock) && stepsPerBlock >= 1))
      throw new InvalidOptionError('stepsPerBlock', 'must be a whole number, at least 1', stepsPerBlock);
    return blocks.map(() => stepsPerBlock);
  }
  const sizes = blocks.map(({ positions }) => positions.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const steps = given ?? total;
  if (!(Number.isSafeInteger(steps) && steps >= blocks.length)) {
    throw new InvalidOptionError(
      'steps',
      `must be at least one for each of the ${blocks.length} blocks`,
      steps,
    );
  }
  let [tokens, end] = [0, 0];
  return sizes.map((size, index) => {
    tokens += size;
    const begin = end;
    end = Math.max(
      begin + 1,
      Math.min(Math.round((steps * tokens) / total), steps - (blocks.length - 1 - index)),
    );
    return end - begin;
  });
}
