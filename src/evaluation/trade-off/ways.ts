import type { FlatSamplingOptions } from '../../sampling/options.ts';
import { type StrategyName, strategyNamed } from '../../sampling/strategy-table.ts';

/** A way to sample, by name; ways of one group differ in what makes them faster and rougher. */
export interface Way {
  readonly name: string;
  readonly group: string;
  readonly options: Partial<FlatSamplingOptions>;
  /** Tokens that a step reveals, where the steps are what makes it faster. */
  readonly tokensPerStep?: number;
}

/** The settings whose combinations are compared. */
export interface WaysAsked {
  readonly strategies: readonly StrategyName[];
  readonly blockLengths: readonly number[];
  readonly caches: readonly NonNullable<FlatSamplingOptions['cache']>[];
  /** Tokens to write. */
  readonly length: number;
}

/**
 * Every strategy with a few values of what trades its quality for speed, with every cache; the first is the careful one, one
 * token a step with the surest first and nothing remembered.
 */
export function waysOf({ strategies, blockLengths, caches, length }: WaysAsked): Way[] {
  const ways: Way[] = [];
  for (const blockLength of blockLengths) {
    const fixed = { length, blockLength, stopEarly: false } as const;
    const add = (strategy: StrategyName, setting: Setting, cache: Way['options']['cache']): void => {
      const memory = cache === 'none' ? '' : `, ${cache} cache`;
      const { label, options, tokensPerStep } = setting;
      ways.push({
        name: `${strategy}, ${label}, blocks of ${blockLength}${memory}`,
        group: `${strategy}${memory}`,
        options: { ...fixed, strategy, cache, ...options },
        tokensPerStep,
      });
    };
    const careful = stepping(1, length);
    add('low-confidence', careful, 'none');
    for (const strategy of strategies)
      for (const setting of settingsOf(strategy, length, blockLength))
        for (const cache of caches)
          if (strategy !== 'low-confidence' || setting.tokensPerStep !== 1 || cache !== 'none')
            add(strategy, setting, cache);
  }
  return ways;
}

interface Setting extends Pick<Way, 'tokensPerStep'> {
  readonly label: string;
  readonly options: Partial<FlatSamplingOptions>;
}

const stepping = (tokensPerStep: number, length: number): Setting => ({
  label: `${tokensPerStep} a step`,
  options: { steps: Math.ceil(length / tokensPerStep) },
  tokensPerStep,
});

/** What a strategy is measured with. */
function settingsOf(strategy: StrategyName, length: number, blockLength: number): Setting[] {
  const { dial } = strategyNamed(strategy);
  if (dial === 'none') return [{ label: '1 a step', options: {} }];
  if (dial === 'steps')
    return [1, 2, 4, 8]
      .filter((tokens) => blockLength % tokens === 0)
      .map((tokens) => stepping(tokens, length));
  const { option, values } = dial;
  return values.map((value) => ({ label: `${option} ${value}`, options: { [option]: value } }));
}
