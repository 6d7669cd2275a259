import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { NdArray } from './array.ts';
import { nodeFs, replaceFile } from './checkpoint/durable-fs.ts';
import { InvalidOptionError, UnsupportedError } from './errors.ts';
import { sizeLine } from './full-training.ts';
import { adapterShapes, initialAdapter, matricesOf } from './model/adapter.ts';
import { writeAdapter } from './model/adapter-files.ts';
import { causal } from './model/attention-pattern.ts';
import { parameterShapes } from './model/config.ts';
import { openNetwork } from './model/network.ts';
import { openModel } from './model/open.ts';
import { isBlockFormat } from './model/weight-format.ts';
import { modelDirectory } from './opened-model.ts';
import { requireSameLikelihood, requireSizes } from './start.ts';
import type { Subject } from './subject.ts';
import type { TrainingOptions } from './training/options.ts';
import { grouped } from './training/progress.ts';

/**
 * An adapter of the model that `from` names, which stays as it is.
 *
 * @throws InvalidOptionError  for a model that can't learn what is asked without being changed itself
 * @throws UnsupportedError    for a network with experts
 */
export async function adapterOf(options: TrainingOptions, from: string): Promise<Subject> {
  const { loraRank: rank = 0, loraAlpha: alpha = 0, loraTargets = [], objective, length, seed } = options;
  const { config, names, format, weights, network } = await openModel(await modelDirectory(from));
  await network.close();
  const { transformer } = config;
  requireSizes(options, transformer, from);
  if (transformer.mixture) throw new UnsupportedError(`${from}: a network with experts can't be trained on`);
  if (isBlockFormat(format))
    throw new InvalidOptionError('from', `must be a model in floats; this one is stored as ${format}`, from);
  const isCausal = transformer.attention === causal;
  if (options.learn === 'preferences')
    requireSameLikelihood(options, { isCausal, blockLength: config.blockLength });
  if (isCausal !== (objective === 'autoregressive'))
    throw new InvalidOptionError(
      'objective',
      `must be ${isCausal ? 'autoregressive' : 'masked-diffusion'}, as ${from} was trained: an adapter leaves its attention as it is`,
      objective,
    );
  if (length > transformer.maxLength)
    throw new InvalidOptionError(
      'length',
      `must be at most the ${transformer.maxLength} tokens of ${from}`,
      length,
    );
  const adapter = { rank, alpha, targets: matricesOf(transformer, names, loraTargets) };
  const shapes = adapterShapes(transformer, names, adapter);
  const base = new Map<string, NdArray>();
  for (const name of parameterShapes(transformer, names).keys()) base.set(name, await weights.read(name));
  const own = { arrays: () => base };
  const numbers = [...shapes.values()].reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return {
    config,
    names,
    initial: initialAdapter(shapes, seed),
    adapter: { adapter, base },
    open: ({ arrays }) => openNetwork(transformer, names, own, { ...options, adapter: { adapter, arrays } }),
    openReference: () => openNetwork(transformer, names, own, options),
    summary: [
      sizeLine(transformer, [...parameterShapes(transformer, names).values()]),
      `of them ${adapter.targets.length} matrices are changed with rank ${rank}, by ${grouped(numbers)} numbers`,
    ],
    async exportTo(directory, { arrays }, beside) {
      const place = existsSync(from) ? resolve(from) : from;
      await writeAdapter(directory, { adapter, arrays }, { base: place, dtype: options.dtype });
      for (const [name, content] of beside) await replaceFile(nodeFs, join(directory, name), content);
    },
  };
}
