import {
  forStrategy,
  type Preset,
  strategySentences,
  type StrategySchemas,
  withPreset,
} from './option-groups.ts';

type Options = Readonly<Record<string, unknown>>;

/** One thing in which a run may differ from another: how it is written. */
export interface Difference {
  readonly name: string;
  readonly says: string;
  /** All options of the run that differs. */
  readonly options: Options;
}

/** Ways to write otherwise than with some options, all else as there: from left to right, and those of the model. */
export function differencesFrom(
  options: Options,
  ways: readonly Preset[],
  strategies: StrategySchemas,
): Difference[] {
  const { strategy: _, ...others } = forStrategy(options, strategies, 'left-to-right');
  const leftToRight = {
    name: 'left to right',
    says: strategySentences['left-to-right'],
    options: { ...others, strategy: 'left-to-right' },
  };
  const ofModel = ways.map((way) => ({
    name: way.name,
    says: way.says,
    options: withPreset(ways, way, options, strategies),
  }));
  return [leftToRight, ...ofModel].filter((one) => !areSame(one.options, options));
}

/** Whether two runs have the same options, in whichever order. */
export const areSame = (a: Options, b: Options): boolean =>
  JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

const sorted = (options: Options): [string, unknown][] =>
  Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
