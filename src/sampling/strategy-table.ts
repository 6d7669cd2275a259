import * as z from 'zod';
import { InvalidOptionError } from '../base/errors.ts';
import { keysOf } from '../base/options.ts';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { capped, type Loop, remdm, rescaled, standingStill, unsureFirst, whileStill } from './remdm.ts';
import { renoising } from './renoising.ts';
import {
  ancestral,
  entropy,
  entropyBound,
  factor,
  firstHitting,
  hierarchical,
  leftToRight,
  lowConfidence,
  margin,
  random,
  type Selection,
  type Strategy,
  threshold,
  thresholdOrCount,
  tokenEditing,
  unmasking,
} from './strategies.ts';

/** Steps that may be asked for: all are planned before the first. */
export const maxSteps = 100_000;

/**
 * What makes a strategy faster and rougher, with values from careful to fast that are worth measuring: an option, or the
 * number of steps; nothing where it takes as many as there are tokens.
 */
type Dial<Option extends PropertyKey = string> =
  | { readonly option: Option; readonly values: readonly number[] }
  | 'steps'
  | 'none';

/** A strategy by its name. */
export interface NamedStrategy {
  /** The options that it has and not all strategies have, with their defaults. */
  readonly options: z.ZodObject;
  readonly dial: Dial;
  /**
   * What is known of −log p of a text under it: a bound alone where chance has a part in which positions are written, nothing
   * where what was written is changed. Default: all.
   */
  readonly likelihood?: 'bound' | 'none';
  /** Whether the probability of drawn tokens has a part in the order, so that `confidenceOf` matters. */
  readonly ordersByDrawn?: boolean;
  /** The noise that it is for. Default: [MASK], which it tells from a token. */
  readonly noise?: 'uniform';
  /** @throws InvalidOptionError  for options that don't go together */
  readonly make: (options: never) => Strategy;
}

const named = <Shape extends z.ZodRawShape>({
  options,
  ...strategy
}: {
  readonly options: Shape;
  readonly dial: Dial<keyof Shape>;
  readonly likelihood?: 'bound' | 'none';
  readonly ordersByDrawn?: boolean;
  readonly noise?: 'uniform';
  readonly make: (options: z.output<z.ZodObject<Shape>>) => Strategy;
}) => ({ ...strategy, options: z.object(options) });

/** How many tokens each step unmasks: see `counts`. */
export const countNames = ['even', 'schedule', 'dream'] as const;

const schedule = z
  .enum(keysOf(noiseSchedules))
  .default('linear')
  .describe('noise schedule: how many tokens are unmasked at which step');
const counts = z
  .enum(countNames)
  .optional()
  .describe(
    'tokens a step: even, as the noise schedule has it, or as Dream counts [even; with another schedule than linear, schedule]',
  );
/** What the plan reveals in each step, of a strategy that asks it. */
const plan = { counts, schedule };
const probability = z.number().min(0).max(1);
const nats = z.number().min(0).describe('keep tokens up to this many nats of entropy');
const eta = probability.describe('how likely a token is masked again in a step');

/** A strategy that reveals what the plan has for each step. */
const counting = (selection: Selection) =>
  named({ options: plan, dial: 'steps', make: () => unmasking(selection) });

const taus = [0.95, 0.9, 0.7, 0.5, 0.35, 0.2];
const atLeast = probability.describe('keep tokens of at least this confidence');
const surerThan = probability.describe('keep what is surer than this');

/** The only table of strategies: their names, the options of each, and how it is made. */
export const strategyTable = {
  'low-confidence': { ...counting(lowConfidence), ordersByDrawn: true },
  margin: counting(margin),
  entropy: counting(entropy),
  'left-to-right': counting(leftToRight),
  random: { ...counting(random), likelihood: 'bound' },
  ancestral: named({
    options: { schedule },
    dial: 'steps',
    likelihood: 'bound',
    make: (options) => unmasking(ancestral(noiseSchedules[options.schedule])),
  }),
  'first-hitting': named({
    options: {},
    dial: 'none',
    likelihood: 'bound',
    make: () => unmasking(firstHitting),
  }),
  threshold: named({
    options: { tau: atLeast.default(0.9) },
    dial: { option: 'tau', values: taus },
    ordersByDrawn: true,
    make: ({ tau }) => unmasking(threshold(tau)),
  }),
  factor: named({
    options: {
      factor: z
        .number()
        .min(0)
        .default(1)
        .describe('keep n tokens while the confidence of the n-th is at least 1 - factor/(n+1)'),
    },
    dial: { option: 'factor', values: [0.5, 1, 1.5, 2] },
    ordersByDrawn: true,
    make: (options) => unmasking(factor(options.factor)),
  }),
  'entropy-bound': named({
    options: { entropyBound: nats.default(0.1) },
    dial: { option: 'entropyBound', values: [0.1, 0.3, 0.6, 1] },
    make: (options) => unmasking(entropyBound(options.entropyBound)),
  }),
  hierarchical: named({
    options: {
      tau: atLeast.default(0.9),
      tauLow: probability
        .default(0.4)
        .describe('keep the most confident token of each run of masks above this'),
    },
    dial: { option: 'tau', values: [0.9, 0.7] },
    ordersByDrawn: true,
    make: ({ tau, tauLow }) => unmasking(hierarchical(tau, tauLow)),
  }),
  'threshold-or-count': named({
    options: { tau: surerThan.default(0.95), ...plan },
    dial: { option: 'tau', values: taus },
    ordersByDrawn: true,
    make: ({ tau }) => unmasking(thresholdOrCount(tau)),
  }),
  editing: named({
    options: {
      tau: surerThan.default(0.95),
      tauEdit: probability.default(0.9).describe('change a token where another one is surer than this'),
      minReveal: z.int().min(1).default(1).describe('reveal at least so many masks a step'),
      corrections: z
        .int()
        .min(1)
        .max(maxSteps)
        .default(16)
        .describe('at most so many steps a block once nothing is masked'),
    },
    likelihood: 'none',
    dial: { option: 'tau', values: taus },
    make: ({ tau, tauEdit, ...limits }) => tokenEditing(tau, tauEdit, limits),
  }),
  'remdm-cap': named({
    options: { eta: eta.default(0.008), schedule },
    likelihood: 'none',
    dial: 'steps',
    make: (options) => remdm(noiseSchedules[options.schedule], capped(options.eta)),
  }),
  'remdm-rescale': named({
    options: { eta: eta.default(0.015), schedule },
    likelihood: 'none',
    dial: 'steps',
    make: (options) => remdm(noiseSchedules[options.schedule], rescaled(options.eta)),
  }),
  'remdm-confidence': named({
    options: { schedule },
    likelihood: 'none',
    dial: 'steps',
    make: (options) => remdm(noiseSchedules[options.schedule], unsureFirst),
  }),
  'remdm-loop': named({
    options: {
      eta: eta.default(0.02),
      loopFrom: z.number().gt(0).max(1).default(0.55).describe('the time at which the noise schedule pauses'),
      loopUntil: z.number().gt(0).lt(1).default(0.05).describe('the time at which it resumes'),
      loopAlpha: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.9)
        .describe('the share of tokens that are unmasked meanwhile'),
      schedule,
    },
    likelihood: 'none',
    dial: 'steps',
    make({ eta, loopFrom, loopUntil, loopAlpha, ...options }) {
      if (loopUntil >= loopFrom)
        throw new InvalidOptionError('loopUntil', `must be less than loopFrom (${loopFrom})`, loopUntil);
      const loop: Loop = { from: loopFrom, until: loopUntil, alpha: loopAlpha };
      return remdm(standingStill(noiseSchedules[options.schedule], loop), whileStill(eta, loop));
    },
  }),
  renoising: named({
    options: {
      entropyBound: nats.default(0.1),
      finalTemperature: z
        .number()
        .gt(0)
        .optional()
        .describe('the temperature of the last step [as temperature]'),
      stability: z
        .int()
        .min(0)
        .default(1)
        .describe('a block is done once it stayed the same for so many steps …'),
      confidence: z.number().gt(0).default(0.005).describe('… with fewer nats of entropy a token than this'),
    },
    likelihood: 'none',
    dial: 'steps',
    noise: 'uniform',
    make: ({ entropyBound: bound, stability, confidence }) => renoising({ bound, stability, confidence }),
  }),
} as const satisfies Readonly<Record<string, NamedStrategy>>;

type Table = typeof strategyTable;
/** The name of an unmasking strategy, as a person gives it. */
export type StrategyName = keyof Table;

type ShapeOf<Name extends StrategyName> = Table[Name]['options']['shape'];
// an object without keys would be of any keys to zod
type OptionsOf<Name extends StrategyName> = keyof ShapeOf<Name> extends never
  ? unknown
  : z.output<Table[Name]['options']>;

/** The options of a strategy that a program brings: `ReverseStep.count` is what they make of the steps. */
const ownOptions = z.object(plan);

/** A strategy of a program's own: which masks keep their token, or all that becomes of a block in a step. */
export type OwnStrategy = Selection | Strategy;

/** A strategy and its own options, all of them. */
export type StrategyOptions =
  | {
      [Name in StrategyName]: { readonly strategy: Name } & Readonly<OptionsOf<Name>>;
    }[StrategyName]
  | ({ readonly strategy: OwnStrategy } & Readonly<z.output<typeof ownOptions>>);

/** An option that some strategies have, and not all. */
export type StrategyOption = { [Name in StrategyName]: keyof ShapeOf<Name> }[StrategyName];

/** The options of all strategies in one list, as flags and forms have them. */
export type AnyStrategyOptions = {
  readonly [Option in StrategyOption]?: {
    [Name in StrategyName]: OptionsOf<Name> extends { [Key in Option]?: infer Value } ? Value : never;
  }[StrategyName];
};

/** What a person may ask of a strategy: its own options, or, where none is named, those of the model's own. */
export type StrategyRequest =
  | { [Name in StrategyName]: { readonly strategy: Name } & Partial<Readonly<OptionsOf<Name>>> }[StrategyName]
  | ({ readonly strategy: OwnStrategy } & Partial<Readonly<z.output<typeof ownOptions>>>)
  | ({ readonly strategy?: undefined } & AnyStrategyOptions);

/** The names that a person may give a strategy. */
export const strategyNames = keysOf(strategyTable);

/** The strategy of a name, with its options. */
export const strategyNamed = (name: StrategyName): NamedStrategy => strategyTable[name];

/** Whether a strategy is a program's own, and no name. */
export const isOwnStrategy = (strategy: unknown): strategy is OwnStrategy =>
  typeof strategy === 'function' ||
  (typeof strategy === 'object' &&
    strategy !== null &&
    'step' in strategy &&
    typeof strategy.step === 'function');

/** The options that a strategy has, with their defaults. */
export const optionsOfStrategy = (strategy: StrategyName | OwnStrategy): z.ZodObject =>
  isOwnStrategy(strategy) ? ownOptions : strategyTable[strategy].options;

/** From a strategy and its options to what it does. @throws InvalidOptionError  for options that don't go together */
export function makeStrategy({ strategy, ...options }: StrategyOptions): Strategy {
  if (typeof strategy === 'function') return unmasking(strategy);
  return isOwnStrategy(strategy) ? strategy : strategyNamed(strategy).make(options as never);
}

/** All options that some strategies have, and not all. */
export const strategyOptions = [
  ...new Set(strategyNames.flatMap((name) => Object.keys(strategyTable[name].options.shape))),
] as readonly StrategyOption[];

/** The strategies that have an option. */
export const strategiesUsing = (option: StrategyOption): StrategyName[] =>
  strategyNames.filter((name) => option in strategyTable[name].options.shape);

/** The names of the strategies for a model with this noise: [MASK], or any token. */
export const strategiesFor = (noise: 'uniform' | undefined): StrategyName[] =>
  strategyNames.filter((name) => strategyNamed(name).noise === noise);
