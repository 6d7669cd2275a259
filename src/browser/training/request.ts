import { InvalidOptionError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { defaults } from '../../training/defaults.ts';
import { type TrainingRequest, trainingSchema } from '../../training/options.ts';
import type { PageDevice } from '../choose-device.ts';

/** Options that are for files, for other models than new ones, or for Node alone. */
const notInPage = {
  data: true,
  resume: true,
  out: true,
  from: true,
  anneal: true,
  field: true,
  separator: true,
  maximumBadShare: true,
  learn: true,
  beta: true,
  timesPerAnswer: true,
  certainty: true,
  certaintyBlock: true,
  guardData: true,
  guard: true,
  loraRank: true,
  loraAlpha: true,
  loraTargets: true,
  weights: true,
  keep: true,
  threads: true,
  device: true,
} as const;

const pageTrainingSchema = trainingSchema.omit(notInPage);

/** What a run in a page is asked for: the options of `unmask train` that are for a new model of texts. */
export interface PageTrainRequest extends Omit<TrainingRequest, keyof typeof notInPage> {
  /** What is learned: documents. The run keeps them. */
  readonly texts?: readonly string[];
  /** The name of the run, which goes on where there is one. Default: the size and the seed, `nano-0`. */
  readonly out?: string;
  /** The name of a run that goes on with its own texts and options. */
  readonly resume?: string;
  /** Default: 'wasm'. Gradients on a GPU are asked for by name. */
  readonly device?: PageDevice;
}

/** A request that was looked at. */
export interface CheckedRequest {
  readonly name: string;
  readonly texts?: readonly string[];
  readonly asked: TrainingRequest;
}

/**
 * The name of a run and the options that it is asked for.
 *
 * @throws InvalidOptionError  for what isn't for a page, or is no option
 */
export function checkedRequest({
  texts,
  out,
  resume,
  device: _device,
  ...rest
}: PageTrainRequest): CheckedRequest {
  for (const [key, value] of Object.entries(rest))
    if (key in notInPage && value !== undefined)
      throw new InvalidOptionError(key, 'is not for training in a page', value);
  const asked = checkOptions(pageTrainingSchema, rest);
  const { size = defaults.size, seed = defaults.seed, tokenizer } = asked;
  if (tokenizer !== undefined && tokenizer !== 'bpe' && tokenizer !== 'characters')
    throw new InvalidOptionError('tokenizer', 'must be bpe or characters in a page', tokenizer);
  if (resume === undefined) return { name: out ?? `${size}-${seed}`, texts, asked };
  if (out !== undefined) throw new InvalidOptionError('out', 'cannot be given together with resume', out);
  if (texts !== undefined)
    throw new InvalidOptionError('texts', 'are those of the run that goes on; leave out others', texts);
  return { name: resume, asked: { ...asked, resume } };
}
