import type { TrainingRun } from '../../library/open-run.ts';
import type { TrainRequest } from '../../library/train.ts';
import type { Lab } from './lab.ts';
import { windowLength } from './corpus.ts';

/** What networks of claims are trained for. */
export type TextObjective = 'masked-diffusion' | 'block-diffusion' | 'autoregressive';

/** What a run on the lab's text has of its own. */
export interface TextRun {
  readonly objective: TextObjective;
  readonly seed: number;
  /** Default: the budget's. */
  readonly updates?: number;
  /** Default: the rate that was best for the objective. */
  readonly learningRate?: number;
  /** Beside the usual options, with the name that it has in the run's. */
  readonly own?: { readonly name: string; readonly options: TrainRequest };
}

/** Characters that validation is of, of a long text. */
const validated = 12_000;

/** What all runs of networks of the budget's size have in common, whatever they learn. */
export function networkOf({ layers, width }: { readonly layers: number; readonly width: number }) {
  return { layers, width, heads: 4, hidden: Math.round((8 * width) / 3 / 4) * 4 } as const;
}

/**
 * What an objective has of its own. Diffusion draws its times from a bell around ½: with uniform ones such small networks learn
 * little but frequencies for most of a run (claim l has both). Its bounds are of uniform times always.
 */
export const usualOf = (objective: TextObjective): Pick<TrainRequest, 'objective' | 'times'> =>
  objective === 'autoregressive' ? { objective } : { objective, times: 'bell' };

/** How the rate goes, and what is the same in every run here. */
export function rateSchedule(updates: number, learningRate: number) {
  return {
    steps: updates,
    learningRate,
    minimumRate: learningRate / 10,
    warmup: Math.ceil(updates / 20),
    schedule: 'cosine',
    randomLengthShare: 0,
    validationEvery: 1_000_000,
  } as const;
}

/** A small network trained on the lab's text, character by character, in windows of 64. */
export async function textRun(
  lab: Lab,
  { objective, seed, updates = lab.budget.updates, own, ...asked }: TextRun,
): Promise<TrainingRun> {
  const learningRate = asked.learningRate ?? (await tunedRate(lab, objective));
  const { path, learned } = await lab.corpus();
  const name = [objective, updates, ...(own ? [own.name] : []), `rate-${learningRate}`, `seed-${seed}`].join(
    '-',
  );
  return lab.train(name, {
    data: [path],
    tokenizer: 'characters',
    packing: 'stream',
    length: windowLength,
    batch: lab.budget.batch,
    ...networkOf(lab.budget),
    ...usualOf(objective),
    validationShare: Math.min(0.1, validated / learned.length),
    ...rateSchedule(updates, learningRate),
    ...own?.options,
    seed,
  });
}

/** One run for every seed. */
export const textRuns = (lab: Lab, run: Omit<TextRun, 'seed'>): Promise<TrainingRun[]> =>
  Promise.all(lab.seeds.map((seed) => textRun(lab, { ...run, seed })));

/** The learning rate with the best validation after a quarter of the updates: each objective has its own. */
export async function tunedRate(lab: Lab, objective: TextObjective): Promise<number> {
  // the hybrid is trained at the rate of diffusion, whose loss it shares
  const tuned = objective === 'block-diffusion' ? 'masked-diffusion' : objective;
  const updates = Math.ceil(lab.budget.updates / 4);
  const runs = await Promise.all(
    lab.budget.rates.map((learningRate) =>
      textRun(lab, { objective: tuned, seed: 0, updates, learningRate }),
    ),
  );
  const nats = runs.map((run) => run.validation!.natsPerToken);
  return lab.budget.rates[nats.indexOf(Math.min(...nats))];
}
