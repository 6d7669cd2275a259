import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions, withoutAbsent } from '../base/options.ts';
import type { Likelihood } from '../likelihood/likelihood.ts';
import { teacherForcing } from '../likelihood/sampler-likelihood.ts';
import { layBlocks } from '../sampling/canvas.ts';
import { toDecodeOptions } from '../sampling/from-options.ts';
import { checkSampling } from '../sampling/options.ts';
import type { SampleOptions } from '../sampling/sample.ts';
import { strategyNamed } from '../sampling/strategy-table.ts';
import { fitting, withoutEditing } from './sample-request.ts';
import { blockLengthOf } from './generate.ts';
import type { ModelContext } from './model-context.ts';
import { type ScoredSampler, scoredSamplerSchema } from './score-options.ts';

/** How a window of text is scored. */
export interface WindowScoring {
  /** Whether the mean of what it finds is a bound alone. */
  readonly isBound: boolean;
  /** @param from  where in the window what is scored begins; all before it is given */
  readonly score: (x0: Int32Array, from: number, work: ScoringWork) => Promise<Likelihood>;
}

/** One window of a text that is scored, and how it is drawn. */
export interface ScoringWork {
  readonly seed: number;
  /** Which window of its text it is, counted from 0. */
  readonly window: number;
  /** Draws of masks or orders, where what is found is a bound. */
  readonly samples?: number;
  /** Is told how much of the window is done, from 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Orders that are drawn for a window where nobody says how many, and that run side by side. */
const orders = 8;

/**
 * Scoring under a sampler: exact, see `teacherForcing`, or the mean over orders where the strategy draws positions.
 *
 * @throws InvalidOptionError  for a sampler that has no likelihood, and what `generate` wouldn't take
 */
export function samplerScoring(model: ModelContext, asked: Partial<ScoredSampler>): WindowScoring {
  const { vocabulary, isCausal, unwritten } = model;
  const requested = withoutAbsent(asked);
  const { tokensPerStep, ...checked } = scoredSampler(model, requested);
  const { likelihood = 'exact' } = strategyNamed(checked.strategy);
  if (likelihood === 'none') {
    const problem = 'must be one that never changes what it wrote, or the text has no likelihood under it';
    throw new InvalidOptionError('strategy', problem, checked.strategy);
  }
  const isBound = likelihood === 'bound' && !isCausal;

  function forced(options: SampleOptions, canvas: Int32Array, forcing: Pick<SampleOptions, 'decode'>) {
    const blocks = (options.layout ?? layBlocks)(canvas, options);
    const steps = blocks.reduce((sum, { positions }) => sum + Math.ceil(positions.length / tokensPerStep), 0);
    return { ...options, ...forcing, steps, stepsPerBlock: undefined, endIds: [] };
  }

  /** One walk of the sampler over a window. */
  async function walk(x0: Int32Array, from: number, { seed, onProgress, signal }: ScoringWork) {
    const canvas = x0.slice().fill(vocabulary.maskId, from);
    const masked = x0.length - from;
    const plain = checkSampling({ ...checked, seed, confidenceOf: 'likeliest', stopEarly: false });
    const found = blockLengthOf(model, plain, checked.blockLength === undefined ? {} : requested, masked);
    const blockLength = plain.blockCausal ? found : found && Math.min(found, masked);
    const banned = [...(plain.banned ?? []), ...unwritten];
    const options = { ...plain, blockLength, banned };
    const { costOf, ...forcing } = teacherForcing(x0, toDecodeOptions(options, vocabulary));
    const adapt = (own: SampleOptions): SampleOptions => forced(own, canvas, forcing);
    let [nats, written] = [0, 0];
    const { stats } = await model.sampler.finish(
      await model.sampler.prepare(canvas, options, { adapt, signal }),
      (frame) => {
        nats += costOf(frame);
        onProgress((written += frame.changed.length) / masked);
      },
    );
    return { nats, forwards: stats.forwards };
  }

  return {
    isBound,
    async score(x0, from, work) {
      if (!isBound) return { ...(await walk(x0, from, work)), standardError: 0 };
      const { samples = orders } = work;
      const walks: { nats: number; forwards: number }[] = [];
      while (walks.length < samples) {
        const first = walks.length;
        const onProgress = (share: number): void => work.onProgress((first + share) / samples);
        const together = Math.min(orders, samples - first);
        const seeds = Array.from({ length: together }, (_, k) => work.seed + first + k);
        walks.push(
          ...(await Promise.all(seeds.map((seed) => walk(x0, from, { ...work, onProgress, seed })))),
        );
      }
      return meanOf(walks);
    },
  };
}

/** What is asked of a sampler, over the model's defaults and at temperature 1. */
function scoredSampler(
  { defaults, isCausal, readsWhole }: ModelContext,
  requested: Partial<ScoredSampler>,
): ScoredSampler {
  // no likelihood is known under a sampler that edits what it wrote
  const usual = requested.strategy === undefined ? withoutEditing(defaults) : defaults;
  const own = fitting({ defaults: { ...usual, temperature: 1 }, readsWhole }, requested);
  const known = Object.entries(own).filter(([key]) => key in scoredSamplerSchema.shape);
  const checked = checkOptions(scoredSamplerSchema, { ...Object.fromEntries(known), ...requested });
  if (isCausal && checked.tokensPerStep !== 1)
    throw new InvalidOptionError('tokensPerStep', 'must be 1, the model being causal', checked.tokensPerStep);
  return checked;
}

/** The mean of independent draws, with its standard error: NaN for one. */
function meanOf(draws: readonly { readonly nats: number; readonly forwards: number }[]): Likelihood {
  const sum = (of: (draw: (typeof draws)[number]) => number): number =>
    draws.reduce((total, draw) => total + of(draw), 0);
  const n = draws.length;
  const nats = sum((draw) => draw.nats) / n;
  return {
    nats,
    standardError: Math.sqrt(sum((draw) => (draw.nats - nats) ** 2) / (n - 1) / n),
    forwards: sum(({ forwards }) => forwards),
  };
}
