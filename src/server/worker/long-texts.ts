import { Worker } from 'node:worker_threads';
import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import type { LoadOptions } from '../../model-files/open-model.ts';
import type { Constraint, Wanted } from '../../sampling/constraint/compile-constraint.ts';
import { type AsideOptions, AsideThreads } from './aside-threads.ts';
import type { Result, TokensTask } from './protocol.ts';

// What is done aside, with a tokenizer alone, because a hostile request could make it take arbitrarily long: long texts are
// read, and the automata of constraints are made.

/** Characters that are read on the thread of the models: about as many as take it as long as a forward. */
const shortCharacters = 2 ** 14;

/** How models are opened of which texts are read. */
export type LongTextOptions = Pick<LoadOptions, 'device' | 'weights' | 'adapter'>;

/** A text that is to be read with the tokenizer of a model. */
export interface LongTextRequest {
  readonly path: string;
  readonly task: TokensTask;
  /** Whether no more is wanted than how many tokens there are. */
  readonly isCount: boolean;
}

/** A constraint that is to be made ready for the tokenizer of a model. */
export interface ConstraintRequest {
  readonly path: string;
  readonly wanted: Wanted;
}

/** The threads that read long texts. */
export type LongTexts = AsideThreads<LongTextRequest, Result>;
/** The threads that make the automata of constraints. */
export type Constraints = AsideThreads<ConstraintRequest, Constraint>;

type Threads<Question, Answer> = Omit<AsideOptions<Question, Answer>, 'tooLong'>;

/** Whether a text takes so long to be read that other texts would wait for it. */
export const isLong = ({ text = '', turns = [], tools }: TokensTask): boolean => {
  const said = turns.reduce((sum, { content }) => sum + content.length, text.length);
  return said > shortCharacters || (tools !== undefined && JSON.stringify(tools).length > shortCharacters);
};

/** Threads each of which opens the tokenizer of a model when it is first asked for. */
export const longTextsOf = (threads: Threads<LongTextRequest, Result>): LongTexts =>
  new AsideThreads({
    ...threads,
    tooLong: ({ task }, seconds) => {
      const problem = `must be text that the model's tokenizer and template read in ${seconds} s`;
      return new InvalidOptionError(task.turns ? 'messages' : 'prompt', problem, undefined);
    },
  });

/** As of long texts. */
export const constraintsOf = (threads: Threads<ConstraintRequest, Constraint>): Constraints =>
  new AsideThreads({
    ...threads,
    tooLong: (_, seconds) =>
      new UnsupportedError(
        `the constraint takes more than ${seconds} s to be made: shorten what is repeated a bounded number of times`,
      ),
  });

/** How long a long text may take to be read where others wait: one of 1 MB takes some seconds beside three others. */
const busyMs = 10_000;

/** The threads of both, which begin with the first question. */
export function threadsAside(options: LongTextOptions): { texts: LongTexts; constraints: Constraints } {
  const open = (): Worker =>
    new Worker(new URL('./text-worker.js', import.meta.url), { workerData: options });
  return { texts: longTextsOf({ open, busyMs }), constraints: constraintsOf({ open }) };
}
