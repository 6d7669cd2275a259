import { freeMemory } from '../base/free-memory.ts';
import { writeModelDirectory } from '../checkpoint/directory.ts';
import { requireSameLikelihood, startFrom } from './initial-model.ts';
import type { TrainingOptions } from './options.ts';
import type { RunTokenizer } from './run-tokenizer.ts';
import type { TrainingTarget } from './training-target.ts';
import { weightsTarget } from './weights-target.ts';

/**
 * All weights of a network of LLaDA's architecture, new or those of the model that `from` names.
 *
 * @throws InvalidOptionError, UnsupportedError  as `startFrom`
 */
export async function fullWeightsTarget(
  options: TrainingOptions,
  run: RunTokenizer,
): Promise<TrainingTarget> {
  const start = await startFrom(options, run.tokenizer.vocabularySize);
  if (start && options.learn === 'preferences') requireSameLikelihood(options, start);
  const { files, ...target } = weightsTarget(options, run, { start, freeBytes: freeMemory() });
  return {
    ...target,
    exportTo: (directory, numbers, beside) =>
      writeModelDirectory(directory, files(numbers, beside), { replace: true }),
  };
}
