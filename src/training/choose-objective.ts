import { growingBlock, wholeInShare } from '../diffusion/block-diffusion.ts';
import { noiseSchedules } from '../diffusion/noise-schedule.ts';
import { antithetic, bellDefaults, timeSamplers } from '../diffusion/times.ts';
import {
  blockScoring,
  causalScoring,
  diffusionScoring,
  type ValidationScoring,
} from '../likelihood/validation.ts';
import { withAnnealedAttention } from './objectives/attention-annealing.ts';
import { withCausalWarmup } from './objectives/causal-warmup.ts';
import { complementaryDiffusion } from './objectives/complementary-masks.ts';
import {
  autoregressive,
  blockDiffusion,
  maskedDiffusion,
  type Objective,
  withPrompts,
} from './objectives/objective.ts';
import type { TrainingOptions } from './options.ts';
import type { ObjectiveParts, OwnParts } from './own-parts.ts';
import { withHoles } from './objectives/variable-length.ts';

/** What learning must know of the tokenizer and the network. */
export interface LearningFacts {
  readonly maskId: number;
  readonly endId: number;
  /** For holes of unknown length. */
  readonly expandId?: number;
  readonly blockLength?: number;
  readonly shiftedLogits: boolean;
}

/** How noise is drawn. */
export function noisingOf(
  { seed, eps, noise, antithetic: inPairs, times: name, ...options }: TrainingOptions,
  { maskId }: Pick<LearningFacts, 'maskId'>,
) {
  const { bellMean: mean = bellDefaults.mean, bellWidth: width = bellDefaults.width } = options;
  const times = timeSamplers[name]({ mean, width });
  return { seed, eps, schedule: noiseSchedules[noise], maskId, times: inPairs ? antithetic(times) : times };
}

/** What is learned from windows of text, or from answers. */
export function objectiveOf(
  options: TrainingOptions,
  facts: LearningFacts,
  { noise, objective }: Pick<OwnParts, 'noise' | 'objective'> = {},
): Objective {
  const { maskId, endId } = facts;
  const noising = { ...noisingOf(options, facts), ...(noise && { schedule: noise }) };
  const usual =
    options.objective === 'autoregressive'
      ? autoregressive({ startId: endId })
      : diffusionOf(options, facts, noising);
  return objective?.({ options, maskId, endId, noising, usual }) ?? usual;
}

/** What is learned of windows that are noised. */
function diffusionOf(
  { seed, complementary, promptShare, block, blockWarmup, wholeShare = 0, ...options }: TrainingOptions,
  { endId, expandId, shiftedLogits }: LearningFacts,
  noising: ObjectiveParts['noising'],
): Objective {
  let objective =
    block === undefined
      ? (complementary ? complementaryDiffusion : maskedDiffusion)(noising)
      : blockDiffusion({
          ...noising,
          blockLength: wholeInShare(growingBlock(block, { updates: blockWarmup }), {
            seed,
            share: wholeShare,
          }),
          shiftedLogits,
        });
  const { anneal, causalWarmup, variableLength, surplus } = options;
  if (promptShare > 0) objective = withPrompts(objective, { seed, share: promptShare });
  if (expandId !== undefined)
    objective = withHoles(objective, {
      ...noising,
      share: variableLength!,
      surplus: surplus!,
      expandId,
      deleteId: endId,
    });
  if (causalWarmup !== undefined) return withCausalWarmup(objective, { updates: causalWarmup });
  return anneal === undefined ? objective : withAnnealedAttention(objective, { seed, updates: anneal });
}

/**
 * How −log p of a window is estimated, or had.
 *
 * @param draws  masks for each window
 * @param round  see `diffusionScoring`
 */
export function scoringOf(
  { objective, seed }: TrainingOptions,
  { maskId, endId, blockLength, shiftedLogits }: LearningFacts,
  { draws, round }: { readonly draws: number; readonly round?: number },
): ValidationScoring {
  if (objective === 'autoregressive') return causalScoring({ startId: endId });
  return whole(
    blockLength === undefined
      ? diffusionScoring({ maskId, draws, seed, round })
      : blockScoring({ maskId, blockLength, shiftedLogits, draws, seed, round }),
  );
}

/**
 * Masks and scores what fills a window up together with its text, for the nats of the text: if the filling stood there,
 * the model would be told where the text ends, which a causal model isn't.
 */
function whole({ exact, canvases }: ValidationScoring): ValidationScoring {
  return {
    exact,
    canvases: ({ x0, positions: [first] }, index) =>
      canvases({ x0, positions: Int32Array.from(x0.keys()).subarray(first) }, index),
  };
}
