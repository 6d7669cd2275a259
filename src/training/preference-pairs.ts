import type { CleanWindows } from '../diffusion/clean-windows.ts';
import { compare, measuresOf, type PreferenceMeasures } from '../likelihood/preference-comparison.ts';
import type { ScoringHow } from '../likelihood/scored-canvas.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import type { ValidationScoring } from '../likelihood/validation.ts';
import { type LearningFacts, scoringOf } from './choose-objective.ts';
import type { Network } from '../model/network.ts';
import type { TrainingTarget } from './training-target.ts';
import type { TransformerLearner } from './graph-learner.ts';
import { preferenceDefaults } from './defaults.ts';
import type { TrainingOptions } from './options.ts';
import { type PreferenceObjective, preferences } from './objectives/preferences.ts';

/** What learns from pairs of answers, and is measured on them. */
export interface Pairs {
  readonly objective: PreferenceObjective;
  /** The preferences of the weights that are exported. */
  measure(
    pairs: CleanWindows,
    options: ScoringHow & { readonly scoring: ValidationScoring },
  ): Promise<PreferenceMeasures>;
  close(): Promise<void>;
}

/**
 * Puts what is trained and the model that it began as side by side.
 *
 * @param network  of the weights that are exported
 */
export function openPairs(
  options: TrainingOptions,
  target: Pick<TrainingTarget, 'open' | 'openReference'>,
  {
    learner,
    network,
    scorer,
    facts,
  }: {
    readonly learner: TransformerLearner;
    readonly network: Network;
    readonly scorer: (of: Network) => RowScorer;
    readonly facts: LearningFacts;
  },
): Pairs {
  const { beta = preferenceDefaults.beta, timesPerAnswer: draws = 1 } = options;
  const before = target.openReference();
  // where an average is exported, what is trained is another network
  const trained = options.ema === undefined ? network : target.open({ arrays: () => learner.parameters() });
  const reference = scorer(before);
  return {
    objective: preferences({
      policy: scorer(trained),
      reference,
      beta,
      // round 0 is that of validation
      scoringAt: (step) => scoringOf(options, facts, { draws, round: step + 1 }),
      blockLength: facts.blockLength,
    }),
    async measure(pairs, how) {
      const judges = { policy: scorer(network), reference, beta };
      return measuresOf((await compare(judges, pairs, how)).margins);
    },
    async close() {
      await before.close();
      if (trained !== network) await trained.close();
    },
  };
}
