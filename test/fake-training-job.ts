import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linearNoise } from '../src/diffusion/noise-schedule.ts';
import { uniforms } from '../src/base/random.ts';
import { maskedDiffusion } from '../src/training/objectives/objective.ts';
import {
  type CreateTrainingJob,
  recordName,
  type TrainingJob,
  type TrainingRecord,
} from '../src/training/run/training-job.ts';
import { FakeLearner } from './fake-learner.ts';

const vocabularySize = 12;
const maskId = 11;

/**
 * Makes trainees around a fake learner: windows of a made-up language in which each token mostly follows the last by one,
 * or, where there is a data file, of its bytes modulo 11.
 *
 * @param prepare  is given each learner before it is used
 */
export function fakeTrainingJobs(prepare: (learner: FakeLearner) => void = () => {}): CreateTrainingJob {
  return async (options, directory): Promise<TrainingJob> => {
    const learner = new FakeLearner(vocabularySize);
    prepare(learner);
    const { seed, eps, length: L, batch: B, accumulate } = options;
    const objective = maskedDiffusion({ seed, schedule: linearNoise, eps, maskId });
    const windows = (step: number, micro: number): Int32Array => {
      const uniform = uniforms(seed, 'synthetic', step, micro);
      const tokens = new Int32Array(B * L);
      for (let i = 0; i < B * L; i++) {
        const jump = i % L === 0 || uniform(2 * i) < 0.2;
        tokens[i] = jump ? Math.floor(uniform(2 * i + 1) * 11) : (tokens[i - 1] + 1) % 11;
      }
      return tokens;
    };
    const files = await Promise.all(
      options.data.map(async (path) => {
        const content = await readFile(path);
        const sha256 = createHash('sha256').update(content).digest('hex');
        return { path, bytes: content.length, sha256 };
      }),
    );
    return {
      learner,
      data: { files, counts: { tokens: 0 } },
      summary: [`a made-up language in ${directory}`],
      windows: 16,
      *batches(step) {
        for (let micro = 0; micro < accumulate; micro++) {
          const place = { step, firstRow: micro * B, batchRows: accumulate * B };
          yield objective({ shape: [B, L], data: windows(step, micro) }, place);
        }
      },
      async validate(_step, count = 16, signal) {
        let sum = 0;
        let tokens = 0;
        for (let index = 0; index < count; index++) {
          signal.throwIfAborted();
          const place = { step: index, firstRow: 0, batchRows: B };
          const batch = objective({ shape: [B, L], data: windows(2 ** 31 + index, 0) }, place);
          const nats = await learner.score(batch);
          sum += nats.reduce((a, b) => a + b, 0);
          tokens += nats.length;
        }
        const natsPerToken = sum / tokens;
        return { natsPerToken, standardError: natsPerToken / count, maskError: 0, windows: count, tokens };
      },
      sample: (step) => Promise.resolve(`a text of step ${step}\x1b[2J`),
      async exportTo(target: string, record: TrainingRecord) {
        await mkdir(target, { recursive: true });
        await writeFile(join(target, recordName), JSON.stringify(record));
      },
      close: () => learner.close(),
    };
  };
}
