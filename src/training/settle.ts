import { InvalidOptionError } from '../errors.ts';
import { defaults, sizes, type TrainingOptions, type TrainingRequest, trainingSchema } from './options.ts';

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
  if (merged.objective === 'block-diffusion') merged.block ??= 16;
  merged.minimumRate ??= merged.learningRate / 10;
  merged.warmup ??= Math.min(1000, Math.floor(merged.steps / 20));
  check(merged);
  // in the schema's order, however they were asked for, so that the record of a run is the same to the byte
  const keys = Object.keys(trainingSchema.shape).filter((key) => key in merged) as (keyof TrainingOptions)[];
  return Object.fromEntries(keys.map((key) => [key, merged[key]])) as TrainingOptions;
}

function check(options: TrainingOptions): void {
  const { width, heads, kvHeads = heads, steps, warmup, learningRate, minimumRate } = options;
  if (width % heads !== 0) throw new InvalidOptionError('heads', `must divide width (${width})`, heads);
  if ((width / heads) % 2 !== 0)
    throw new InvalidOptionError(
      'heads',
      `must leave an even width for each head (width is ${width})`,
      heads,
    );
  if (heads % kvHeads !== 0) throw new InvalidOptionError('kvHeads', `must divide heads (${heads})`, kvHeads);
  for (const key of ['block', 'blockWarmup'] as const)
    if (options[key] !== undefined && options.objective !== 'block-diffusion')
      throw new InvalidOptionError(key, `is for block-diffusion, not for ${options.objective}`, options[key]);
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
