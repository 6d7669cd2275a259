import type { NoiseSchedule } from '../diffusion/schedule.ts';
import { InvalidOptionError } from '../base/errors.ts';
import { capped, type Loop, remdm, rescaled, standingStill, unsureFirst, whileStill } from './remdm.ts';
import { renoising } from './renoising.ts';
import {
  ancestral,
  tokenEditing,
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
  unmasking,
} from './strategies.ts';

/** What only some strategies have a use for. `counts` is what the plan reveals in a step. */
export interface StrategyNumbers {
  readonly tau?: number;
  readonly tauLow?: number;
  readonly factor?: number;
  readonly entropyBound?: number;
  readonly finalTemperature?: number;
  readonly stability?: number;
  readonly confidence?: number;
  readonly tauEdit?: number;
  readonly least?: number;
  readonly corrections?: number;
  readonly eta?: number;
  readonly loopFrom?: number;
  readonly loopUntil?: number;
  readonly loopAlpha?: number;
}

export type StrategyOption = keyof StrategyNumbers | 'counts' | 'schedule';

/** A strategy by its name. */
export interface NamedStrategy {
  /** The options that it has a use for, of those that not all have. */
  readonly uses: readonly StrategyOption[];
  /**
   * What makes it faster and rougher, with values from careful to fast that are worth measuring: an option, or the number of
   * steps; nothing where it takes as many as there are tokens.
   */
  readonly dial:
    | { readonly option: keyof StrategyNumbers; readonly values: readonly number[] }
    | 'steps'
    | 'none';
  /**
   * What is known of −log p of a text under it: a bound alone where chance has a part in which positions are written, nothing
   * where what was written is changed. Default: all.
   */
  readonly likelihood?: 'bound' | 'none';
  /** The noise that it is for. Default: [MASK], which it tells from a token. */
  readonly noise?: 'uniform';
  /** @throws InvalidOptionError  for numbers that don't go together */
  readonly make: (asked: StrategyNumbers, schedule: NoiseSchedule) => Strategy;
}

/** One that reveals what the plan has for each step. */
const counting = (selection: Selection): NamedStrategy => ({
  uses: ['counts', 'schedule'],
  dial: 'steps',
  make: () => unmasking(selection),
});

const taus = [0.95, 0.9, 0.7, 0.5, 0.35, 0.2];

/** The only table of strategies: their names, what each has a use for, and how it is made. */
export const strategyTable = {
  'low-confidence': counting(lowConfidence),
  margin: counting(margin),
  entropy: counting(entropy),
  'left-to-right': counting(leftToRight),
  random: { ...counting(random), likelihood: 'bound' },
  ancestral: {
    uses: ['schedule'],
    dial: 'steps',
    likelihood: 'bound',
    make: (_, schedule) => unmasking(ancestral(schedule)),
  },
  'first-hitting': {
    uses: [],
    dial: 'none',
    likelihood: 'bound',
    make: () => unmasking(firstHitting),
  },
  threshold: {
    uses: ['tau'],
    dial: { option: 'tau', values: taus },
    make: ({ tau = 0.9 }) => unmasking(threshold(tau)),
  },
  factor: {
    uses: ['factor'],
    dial: { option: 'factor', values: [0.5, 1, 1.5, 2] },
    make: (asked) => unmasking(factor(asked.factor ?? 1)),
  },
  'entropy-bound': {
    uses: ['entropyBound'],
    dial: { option: 'entropyBound', values: [0.1, 0.3, 0.6, 1] },
    make: (asked) => unmasking(entropyBound(asked.entropyBound ?? 0.1)),
  },
  hierarchical: {
    uses: ['tau', 'tauLow'],
    dial: { option: 'tau', values: [0.9, 0.7] },
    make: ({ tau = 0.9, tauLow = 0.4 }) => unmasking(hierarchical(tau, tauLow)),
  },
  'threshold-or-count': {
    uses: ['tau', 'counts', 'schedule'],
    dial: { option: 'tau', values: taus },
    make: ({ tau = 0.95 }) => unmasking(thresholdOrCount(tau)),
  },
  editing: {
    uses: ['tau', 'tauEdit', 'least', 'corrections'],
    likelihood: 'none',
    dial: { option: 'tau', values: taus },
    make: ({ tau = 0.95, tauEdit = 0.9, ...asked }) => tokenEditing(tau, tauEdit, asked),
  },
  'remdm-cap': {
    uses: ['eta', 'schedule'],
    likelihood: 'none',
    dial: 'steps',
    make: ({ eta = 0.008 }, schedule) => remdm(schedule, capped(eta)),
  },
  'remdm-rescale': {
    uses: ['eta', 'schedule'],
    likelihood: 'none',
    dial: 'steps',
    make: ({ eta = 0.015 }, schedule) => remdm(schedule, rescaled(eta)),
  },
  'remdm-confidence': {
    uses: ['schedule'],
    likelihood: 'none',
    dial: 'steps',
    make: (_, schedule) => remdm(schedule, unsureFirst),
  },
  'remdm-loop': {
    uses: ['eta', 'loopFrom', 'loopUntil', 'loopAlpha', 'schedule'],
    likelihood: 'none',
    dial: 'steps',
    make({ eta = 0.02, loopFrom = 0.55, loopUntil = 0.05, loopAlpha = 0.9 }, schedule) {
      if (loopUntil >= loopFrom)
        throw new InvalidOptionError('loopUntil', `must be less than loopFrom (${loopFrom})`, loopUntil);
      const loop: Loop = { from: loopFrom, until: loopUntil, alpha: loopAlpha };
      return remdm(standingStill(schedule, loop), whileStill(eta, loop));
    },
  },
  renoising: {
    uses: ['entropyBound', 'finalTemperature', 'stability', 'confidence'],
    likelihood: 'none',
    dial: 'steps',
    noise: 'uniform',
    make: ({ entropyBound: bound = 0.1, stability = 1, confidence = 0.005 }) =>
      renoising({ bound, stability, confidence }),
  },
} as const satisfies Readonly<Record<string, NamedStrategy>>;

export type StrategyName = keyof typeof strategyTable;

export const strategyNames = Object.keys(strategyTable) as [StrategyName, ...StrategyName[]];

export const strategyNamed = (name: StrategyName): NamedStrategy => strategyTable[name];

/** The strategies that have a use for an option. */
export const strategiesUsing = (option: StrategyOption): StrategyName[] =>
  strategyNames.filter((name) => strategyNamed(name).uses.includes(option));

/** The names of the strategies for a model with this noise: [MASK], or any token. */
export const strategiesFor = (noise: 'uniform' | undefined): StrategyName[] =>
  strategyNames.filter((name) => strategyNamed(name).noise === noise);

/** All options that not all strategies have a use for. */
export const strategyOptions: readonly StrategyOption[] = [
  ...new Set(strategyNames.flatMap((name) => strategyNamed(name).uses)),
];
