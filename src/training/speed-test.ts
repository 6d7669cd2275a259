import { integerBelow, uniforms } from '../base/random.ts';
import { linearNoise } from '../diffusion/noise-schedule.ts';
import { bidirectional } from '../model/attention-pattern.ts';
import { llada } from '../model/families/llada.ts';
import { initialParameters } from '../model/initialise.ts';
import { type FreshSizes, freshNetwork } from './fresh-network.ts';
import { openLearner } from './graph-learner.ts';
import { maskedDiffusion } from './objectives/objective.ts';
import type { TrainingOptions } from './options.ts';

/** What the time of an update depends on. */
export type UpdateShape = FreshSizes &
  Required<Pick<TrainingOptions, 'length' | 'batch'>> &
  Partial<Pick<TrainingOptions, 'accumulate' | 'device' | 'threads' | 'optimizer'>>;

/** After the first, which is not counted. */
const [leastUpdates, mostUpdates, enoughMs] = [3, 50, 3000];

/**
 * The seconds that an update of masked diffusion takes here: the median of a few, on random tokens.
 *
 * @param clock  milliseconds that never go back
 */
export async function secondsAnUpdate(
  shape: UpdateShape,
  { clock, signal }: { readonly clock: () => number; readonly signal?: AbortSignal },
): Promise<number> {
  const { vocabularySize, length, batch, accumulate = 1 } = shape;
  const config = {
    ...freshNetwork(shape),
    maxLength: length,
    shiftedLogits: false,
    attention: bidirectional,
  };
  const learner = await openLearner(config, llada.names, initialParameters(config, llada.names, 0), {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0,
    optimizer: shape.optimizer,
    device: shape.device,
    threads: shape.threads,
  });
  const objective = maskedDiffusion({ seed: 0, maskId: vocabularySize - 1, schedule: linearNoise });
  const spent: number[] = [];
  try {
    const begin = clock();
    for (let step = 0; step <= mostUpdates; step++) {
      signal?.throwIfAborted();
      const uniform = uniforms(0, 'synthetic', step);
      const data = Int32Array.from({ length: batch * length }, (_, i) =>
        integerBelow(vocabularySize - 1, uniform(i)),
      );
      const start = clock();
      await learner.accumulate(
        objective({ shape: [batch, length], data }, { step, firstRow: 0, batchRows: batch }),
      );
      await learner.update(0);
      if (step > 0) spent.push(clock() - start);
      if (step >= leastUpdates && clock() - begin > enoughMs) break;
    }
  } finally {
    await learner.close();
  }
  return (accumulate * spent.sort((a, b) => a - b)[Math.floor(spent.length / 2)]) / 1000;
}
