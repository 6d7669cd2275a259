import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freeMemory } from '../base/free-memory.ts';
import type { NdArray } from '../base/array.ts';
import { nodeFs, replaceFile } from '../checkpoint/durable-fs.ts';
import { weightFilesOf, type Weights } from '../checkpoint/weights.ts';
import { grouped } from '../base/format-count.ts';
import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { adapterShapes, initialAdapter, matricesOf, uniformAdapter } from '../model/adapter.ts';
import { fingerprintOf, writeAdapter } from '../model/adapter-files.ts';
import { causal } from '../model/attention-pattern.ts';
import { parameterShapes, parameterTotal } from '../model/config.ts';
import type { ModelConfig } from '../model/families/family.ts';
import { type LiveWeights, openNetwork } from '../model/network.ts';
import { openModel } from '../model/open.ts';
import { isBlockFormat } from '../model/weight-format.ts';
import { modelDirectory } from '../model-files/locate.ts';
import { directoryInFormat } from '../model-files/quantised-copy.ts';
import type { RunTokenizer } from './run-tokenizer.ts';
import { requireSameLikelihood, requireSizes } from './initial-model.ts';
import { sizeLine } from './weights-target.ts';
import { requireTrainingMemory } from './training-memory.ts';
import type { TrainingTarget } from './training-target.ts';
import { chatTemplateName } from '../tokenizer/files.ts';
import type { TrainingOptions } from './options.ts';

/**
 * An adapter of the model that `from` names, which stays as it is, in floats or in blocks of few bits.
 *
 * @throws InvalidOptionError  for a model that can't learn what is asked without being changed itself
 * @throws UnsupportedError    where all that it would change are experts
 */
export async function loraTarget(
  options: TrainingOptions,
  run: RunTokenizer,
  from: string,
): Promise<TrainingTarget> {
  const { loraRank: rank = 0, loraAlpha: alpha = 0, loraTargets = [], seed } = options;
  const directory = await directoryInFormat(await modelDirectory(from), options.weights);
  const { config, names, format, weights, stored, network } = await openModel(directory);
  await network.close();
  const { transformer } = config;
  requireSizes(options, transformer, from);
  const parameters = parameterTotal(transformer, names);
  requireTrainingMemory(options, { ...transformer, parameters }, freeMemory());
  const isInBlocks = isBlockFormat(format) || format === 'stored';
  if (options.weights !== undefined && options.weights !== format && format !== 'stored')
    throw new InvalidOptionError('weights', `must be ${format}, as ${from} is stored`, options.weights);
  requireLearnable(options, config, from);
  const targets = matricesOf(transformer, names, loraTargets);
  if (targets.length === 0)
    throw new UnsupportedError(
      `${from}: an adapter can't change the matrices of experts; --lora-targets may be query, key, value and output`,
    );
  const adapter = uniformAdapter(targets, { rank, scale: alpha / rank });
  const shapes = adapterShapes(transformer, names, adapter);
  const base = isInBlocks ? stored : await inMemory(weights, parameterShapes(transformer, names));
  const kept = isInBlocks ? `, kept as ${format}` : '';
  const fingerprint = await fingerprintOf(weights, names);
  const numbers = [...shapes.values()].reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return {
    config,
    names,
    initial: initialAdapter(shapes, seed),
    adapter: { adapter, base },
    open: ({ arrays }) => openNetwork(transformer, names, base, { ...options, adapter: { adapter, arrays } }),
    openReference: () => openNetwork(transformer, names, base, options),
    heldTo: weightFilesOf(weights),
    summary: [
      `${sizeLine(transformer, names)}${kept}`,
      `of them ${targets.length} matrices are changed with rank ${rank}, by ${grouped(numbers)} numbers`,
      ...(transformer.mixture ? ['the experts and their router stay as they are'] : []),
    ],
    async exportTo(directory, { arrays }, beside) {
      const place = existsSync(from) ? resolve(from) : from;
      const written = { rank, alpha, targets, arrays, base: place, fingerprint, dtype: options.dtype };
      await writeAdapter(directory, written);
      const { jinja } = run.templateFiles;
      const template: [string, Uint8Array][] =
        jinja === undefined ? [] : [[chatTemplateName, Buffer.from(jinja)]];
      for (const [name, content] of [...template, ...beside])
        await replaceFile(nodeFs, join(directory, name), content);
    },
  };
}

/** @throws InvalidOptionError  for what the model could learn only by being changed itself */
function requireLearnable(
  options: TrainingOptions,
  { transformer, blockLength, readsWhole }: ModelConfig,
  from: string,
): void {
  const { objective, length } = options;
  const isCausal = transformer.attention === causal;
  if (options.learn === 'preferences') requireSameLikelihood(options, { isCausal, blockLength, readsWhole });
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
}

async function inMemory(
  weights: Weights,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<LiveWeights> {
  const arrays = new Map<string, NdArray>();
  for (const name of shapes.keys()) arrays.set(name, await weights.read(name));
  return { arrays: () => arrays };
}
