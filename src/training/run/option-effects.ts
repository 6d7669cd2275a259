import { InvalidOptionError } from '../../base/errors.ts';
import type { TrainingOptions, TrainingRequest } from '../options.ts';

/** What some options need of the others, or they would have no effect. */
interface Need {
  readonly keys: readonly (keyof TrainingRequest & keyof TrainingOptions)[];
  readonly isMet: (options: TrainingOptions) => boolean;
  /** What is said of an option whose need isn't met. */
  readonly problem: (options: TrainingOptions) => string;
}

const isFor =
  (what: string): Need['problem'] =>
  (): string =>
    `is for ${what}`;

const needs: readonly Need[] = [
  {
    keys: ['noise', 'eps', 'times', 'bellMean', 'bellWidth', 'antithetic', 'promptShare'],
    isMet: ({ objective }) => objective !== 'autoregressive',
    problem: isFor('masked-diffusion and block-diffusion, not for autoregressive, which has no masks'),
  },
  {
    keys: ['validationDraws'],
    isMet: ({ objective }) => objective !== 'autoregressive',
    problem: isFor('objectives that diffuse; the likelihood of a causal model is exact'),
  },
  { keys: ['bellMean', 'bellWidth'], isMet: ({ times }) => times === 'bell', problem: isFor('--times bell') },
  { keys: ['decayShare'], isMet: ({ schedule }) => schedule === 'wsd', problem: isFor('--schedule wsd') },
  {
    keys: ['minimumRate'],
    isMet: ({ schedule }) => schedule !== 'constant',
    problem: () => 'is not for --schedule constant, which never leaves the highest rate',
  },
  {
    keys: ['vocabularySize'],
    isMet: ({ tokenizer }) => tokenizer === 'bpe',
    problem: ({ tokenizer }) => `is for a BPE that is made from the data, not for --tokenizer ${tokenizer}`,
  },
  {
    keys: ['init'],
    isMet: ({ from }) => from === undefined,
    problem: ({ from }) => `is for a network that begins with random weights, not for --from ${from}`,
  },
];

/**
 * Checks that what a person asks for has an effect beside the rest.
 *
 * @param given    as it was asked for
 * @param options  what it became, with all defaults
 * @throws InvalidOptionError  for the first option that has none
 */
export function requireEffect(given: TrainingRequest, options: TrainingOptions): void {
  for (const { keys, isMet, problem } of needs) {
    if (isMet(options)) continue;
    const key = keys.find((name) => given[name] !== undefined);
    if (key !== undefined) throw new InvalidOptionError(key, problem(options), given[key]);
  }
}
