import { Worker } from 'node:worker_threads';
import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import type { LoadOptions } from '../../model-files/open-model.ts';
import type { Constraint, Wanted } from '../../sampling/constraint/constrain.ts';
import { type AsidePort, AsideThread } from './aside-thread.ts';
import type { Result, TokensTask } from './protocol.ts';

// What is done aside, with a tokenizer alone, because a hostile request could make it take arbitrarily long: long texts are
// read, and the automata of constraints are made.

/** Characters that are read on the thread of the models: about as many as take it as long as a forward. */
const shortCharacters = 2 ** 14;

/** How models are opened of which texts are read. */
export type LongTextOptions = Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;

export interface LongTextRequest {
  readonly path: string;
  readonly task: TokensTask;
  /** Whether no more is wanted than how many tokens there are. */
  readonly isCount: boolean;
}

export interface ConstraintRequest {
  readonly path: string;
  readonly wanted: Wanted;
}

export type LongTexts = AsideThread<LongTextRequest, Result>;
export type Constraints = AsideThread<ConstraintRequest, Constraint>;

/** Whether a text takes so long to be read that other texts would wait for it. */
export const isLong = ({ text = '', turns = [], tools }: TokensTask): boolean => {
  const said = turns.reduce((sum, { content }) => sum + content.length, text.length);
  return said > shortCharacters || (tools !== undefined && JSON.stringify(tools).length > shortCharacters);
};

/** @param open  begins a thread that opens the tokenizer of a model when it is first asked for */
export const longTextsOf = (open: () => AsidePort<LongTextRequest, Result>, limitMs?: number): LongTexts =>
  new AsideThread(
    open,
    ({ task }, seconds) => {
      const problem = `must be text that the model's tokenizer and template read in ${seconds} s`;
      return new InvalidOptionError(task.turns ? 'messages' : 'prompt', problem, undefined);
    },
    limitMs,
  );

/** @param open  as of long texts */
export const constraintsOf = (
  open: () => AsidePort<ConstraintRequest, Constraint>,
  limitMs?: number,
): Constraints =>
  new AsideThread(
    open,
    (_, seconds) =>
      new UnsupportedError(
        `the constraint takes more than ${seconds} s to be made: shorten what is repeated a bounded number of times`,
      ),
    limitMs,
  );

/** The two threads, which begin with the first question to each. */
export function asideThreads(options: LongTextOptions): { texts: LongTexts; constraints: Constraints } {
  const open = (): Worker =>
    new Worker(new URL('./text-worker.js', import.meta.url), { workerData: options });
  return {
    texts: longTextsOf(() => open() as unknown as AsidePort<LongTextRequest, Result>),
    constraints: constraintsOf(() => open() as unknown as AsidePort<ConstraintRequest, Constraint>),
  };
}
