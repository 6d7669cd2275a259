import type { Noising } from '../diffusion/forward.ts';
import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { TimeSampler } from '../diffusion/times.ts';
import { InvalidOptionError } from '../base/errors.ts';
import type { Loss } from './loss.ts';
import type { Objective } from './objectives/objective.ts';
import { defaults } from './defaults.ts';
import type { TrainingOptions } from './options.ts';

/** What an objective may need to know of the run that it is for. */
export interface ObjectiveParts {
  readonly options: TrainingOptions;
  readonly maskId: number;
  readonly endId: number;
  /** What `maskedDiffusion` and its kin are made from: the options of the run, as functions. */
  readonly noising: Noising & { readonly seed: number; readonly maskId: number; readonly times: TimeSampler };
  /** The objective that the options name, for one that changes it. */
  readonly usual: Objective;
}

/**
 * Functions of a program, in the place of what options name. A run records which of them it has, and no more: whoever goes
 * on with it has to give them again.
 */
export interface OwnParts {
  /** The noise schedule of the forward process, in the place of the option `noise`. */
  readonly noise?: NoiseSchedule;
  /** Makes what is learned from clean windows, in the place of the option `objective`. */
  readonly objective?: (parts: ObjectiveParts) => Objective;
  /** The loss of the scored rows, in the place of their weighted cross-entropy. */
  readonly loss?: Loss;
}

/** A part that a program may have instead of an option. */
export type OwnPart = keyof OwnParts;

/** Those that are given. */
export const ownPartsIn = (own: OwnParts): OwnPart[] =>
  (['noise', 'objective', 'loss'] as const).filter((part) => own[part] !== undefined);

/** @throws InvalidOptionError  for a part that the run has no place for, or that an option names as well */
export function checkOwnParts(own: OwnParts, options: TrainingOptions): void {
  const [first] = ownPartsIn(own);
  if (first !== undefined && options.learn === 'preferences')
    throw new InvalidOptionError(
      first,
      'of a program is for text and answers, not for preferences',
      'a function',
    );
  if (own.noise === undefined) return;
  if (options.noise !== defaults.noise)
    throw new InvalidOptionError('noise', 'is given as a function, so leave out the option', options.noise);
  if (options.objective === 'autoregressive')
    throw new InvalidOptionError('noise', 'is for models that diffuse', 'a function');
}
