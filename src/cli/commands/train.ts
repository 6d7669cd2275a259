import type { Task } from '../../base/task.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import type { TrainOptions } from '../../library/train.ts';
import type { TrainingEvent } from '../../training/run/events.ts';
import { trainingSchema } from '../../training/options.ts';
import type { Command, Io } from '../command.ts';
import { TrainingView } from '../terminal/training-view.ts';

const command: Command<typeof trainingSchema> = {
  summary: 'Trains a model on text; saves as it goes and resumes to the same bits',
  options: trainingSchema,
  positionals: ['data'],
  examples: [
    ['unmask train story.txt', 'a small model of one text, in runs/nano-0'],
    ['unmask train corpus/ --size tiny --out runs/mine', 'a larger one of all texts in a folder'],
    ['unmask train --resume runs/mine', 'goes on where it was stopped'],
    ['unmask generate --model runs/mine', 'writes with it'],
  ],
  async run(options, io) {
    // help and mistakes don't wait for the engine
    const { train } = await import('../../library/train.ts');
    return watchRun((watching) => train(options, watching), io, 'train');
  },
};

export default command;

/**
 * Shows a run while it is trained.
 *
 * @param command  that goes on with it when it is stopped
 * @returns the exit code
 */
export async function watchRun(
  begin: (watching: TrainOptions) => Task<TrainingRun, TrainingEvent>,
  { stdout, stderr, signal }: Io,
  command: string,
): Promise<number> {
  const view = new TrainingView(stderr, () => performance.now());
  try {
    const run = await begin({ signal, onProgress: (event) => view.show(event) });
    view.end();
    if (run.isFinished) {
      stdout.write(`${run.modelDirectory}\n`);
      return 0;
    }
    stderr.write(`stopped after step ${run.step}; unmask ${command} --resume ${run.directory} goes on\n`);
    return 130;
  } finally {
    view.end();
  }
}
