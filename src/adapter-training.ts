import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NdArray } from './array.ts';
import { InvalidOptionError, UnsupportedError } from './errors.ts';
import { type Adapter, adapterShapes, initialAdapter, matricesOf } from './model/adapter.ts';
import { causal } from './model/attention-pattern.ts';
import { parameterShapes, type TensorNames } from './model/config.ts';
import type { ModelConfig } from './model/families/family.ts';
import { openModel } from './model/open.ts';
import { isBlockFormat } from './model/weight-format.ts';
import { modelDirectory } from './opened-model.ts';
import { requireSizes } from './start.ts';
import type { TrainingOptions } from './training/options.ts';

/** An adapter that a run trains, and the model that it changes. */
export interface AdapterStart {
  readonly adapter: Adapter;
  /** The model's weights, which stay as they are. */
  readonly base: ReadonlyMap<string, NdArray>;
  readonly names: TensorNames;
  readonly config: ModelConfig;
  readonly initial: ReadonlyMap<string, NdArray>;
  /** Where the model is, for whoever loads the adapter. */
  readonly place: string;
}

/**
 * What a run with `loraRank` begins with.
 *
 * @throws InvalidOptionError  for a model that can't learn what is asked without being changed itself
 * @throws UnsupportedError    for a network with experts
 */
export async function adapterStart(options: TrainingOptions, from: string): Promise<AdapterStart> {
  const { loraRank: rank = 0, loraAlpha: alpha = 0, loraTargets = [], objective, length, seed } = options;
  const { config, names, format, weights, network } = await openModel(await modelDirectory(from));
  await network.close();
  const { transformer } = config;
  requireSizes(options, transformer, from);
  if (transformer.mixture) throw new UnsupportedError(`${from}: a network with experts can't be trained on`);
  if (isBlockFormat(format))
    throw new InvalidOptionError('from', `must be a model in floats; this one is stored as ${format}`, from);
  if ((transformer.attention === causal) !== (objective === 'autoregressive'))
    throw new InvalidOptionError(
      'objective',
      `must be ${transformer.attention === causal ? 'autoregressive' : 'masked-diffusion'}, as ${from} was trained: an adapter leaves its attention as it is`,
      objective,
    );
  if (length > transformer.maxLength)
    throw new InvalidOptionError(
      'length',
      `must be at most the ${transformer.maxLength} tokens of ${from}`,
      length,
    );
  const adapter = { rank, alpha, targets: matricesOf(transformer, names, loraTargets) };
  const initial = initialAdapter(adapterShapes(transformer, names, adapter), seed);
  const base = new Map<string, NdArray>();
  for (const name of parameterShapes(transformer, names).keys()) base.set(name, await weights.read(name));
  const place = existsSync(from) ? resolve(from) : from;
  return { adapter, base, names, config, initial, place };
}
