import { InvalidOptionError } from '../errors.ts';
import {
  defaults,
  type FromNetwork,
  sizes,
  type TrainingOptions,
  type TrainingRequest,
  trainingSchema,
} from './options.ts';

/**
 * The options of a new run: what was asked for, over what the size sets, over the defaults.
 *
 * @throws InvalidOptionError  where options contradict each other
 */
export function settle({ out: _out, resume: _resume, ...request }: TrainingRequest): TrainingOptions {
  if (!request.data)
    throw new InvalidOptionError('data', 'a new run needs text: name a file or a directory', undefined);
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const tokenizer = request.from ?? defaults.tokenizer;
  const bySize = sizes[request.size ?? defaults.size];
  const merged = { ...defaults, ...bySize, tokenizer, ...given } as TrainingOptions;
  if (request.from !== undefined)
    for (const key of ofNetwork) if (request[key] === undefined) delete merged[key];
  if (merged.objective === 'block-diffusion') merged.block ??= 16;
  if (merged.variableLength) merged.surplus ??= 8;
  merged.minimumRate ??= merged.learningRate / 10;
  merged.warmup ??= Math.min(1000, Math.floor(merged.steps / 20));
  check(merged);
  // in the schema's order, however they were asked for, so that the record of a run is the same to the byte
  const keys = Object.keys(trainingSchema.shape).filter((key) => key in merged) as (keyof TrainingOptions)[];
  return Object.fromEntries(keys.map((key) => [key, merged[key]])) as TrainingOptions;
}

const ofNetwork: readonly FromNetwork[] = ['layers', 'width', 'heads', 'hidden', 'tied'];

function check(options: TrainingOptions): void {
  const { steps, warmup, learningRate, minimumRate } = options;
  checkHeads(options);
  checkObjective(options);
  if (warmup > steps)
    throw new InvalidOptionError('warmup', `must not be more than steps (${steps})`, warmup);
  if (minimumRate > learningRate) {
    throw new InvalidOptionError(
      'minimumRate',
      `must not be more than the learning rate (${learningRate})`,
      minimumRate,
    );
  }
}

function checkHeads({ width, heads, kvHeads = heads }: TrainingOptions): void {
  if (width === undefined || heads === undefined || kvHeads === undefined) return;
  if (width % heads !== 0) throw new InvalidOptionError('heads', `must divide width (${width})`, heads);
  if ((width / heads) % 2 !== 0)
    throw new InvalidOptionError(
      'heads',
      `must leave an even width for each head (width is ${width})`,
      heads,
    );
  if (heads % kvHeads !== 0) throw new InvalidOptionError('kvHeads', `must divide heads (${heads})`, kvHeads);
}

/** What only some objectives have a use for. */
const uses = {
  block: ['block-diffusion'],
  blockWarmup: ['block-diffusion'],
  anneal: ['masked-diffusion'],
  shiftedLogits: ['masked-diffusion', 'block-diffusion'],
  variableLength: ['masked-diffusion'],
} as const;

function checkObjective(options: TrainingOptions): void {
  const { objective, from, anneal, variableLength, surplus, length } = options;
  for (const key of Object.keys(uses) as (keyof typeof uses)[]) {
    const objectives: readonly string[] = uses[key];
    if (options[key] !== undefined && !objectives.includes(objective))
      throw new InvalidOptionError(
        key,
        `is for ${objectives.join(' and ')}, not for ${objective}`,
        options[key],
      );
  }
  if (anneal !== undefined && from === undefined)
    throw new InvalidOptionError('anneal', 'needs a causal model to begin with: name it by --from', anneal);
  if (surplus === undefined) return;
  if (!variableLength) throw new InvalidOptionError('surplus', 'is for --variable-length', surplus);
  if (3 * surplus > length)
    throw new InvalidOptionError('surplus', `must be at most a third of the length (${length})`, surplus);
}
