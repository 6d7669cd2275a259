import type { Command, Io } from '../command.ts';
import { type TrainingRequest, trainingSchema } from '../../training/options.ts';
import { visible } from '../terminal/visible.ts';

const train: Command<typeof trainingSchema> = {
  summary: 'Trains a model on text; saves as it goes and resumes to the same bits',
  options: trainingSchema,
  positionals: ['data'],
  examples: [
    ['unmask train story.txt', 'a small model of one text, in runs/nano-0'],
    ['unmask train corpus/ --size tiny --out runs/mine', 'a larger one of all texts in a folder'],
    ['unmask train --resume runs/mine', 'goes on where it was stopped'],
    ['unmask generate --model runs/mine', 'writes with it'],
  ],
  run: (options, io) => trainAndTell(options, io, 'train'),
};

/**
 * Begins the run that is asked for, or goes on with it.
 *
 * @param command  that goes on with it when it is stopped
 * @returns the exit code
 */
export async function trainAndTell(request: TrainingRequest, io: Io, command: string): Promise<number> {
  // help and mistakes don't wait for the engine
  const [{ runTraining }, { createTrainingJob: makeTrainee }] = await Promise.all([
    import('../../training/run/run.ts'),
    import('../../training/create-job.ts'),
  ]);
  const { directory, model, step, finished } = await runTraining(request, makeTrainee, {
    output: io.stderr,
    clock: () => performance.now(),
    now: () => new Date(),
    stop: io.signal,
    visible,
  });
  if (!finished) {
    io.stderr.write(`stopped after step ${step}; unmask ${command} --resume ${directory} goes on\n`);
    return 130;
  }
  io.stdout.write(`${model}\n`);
  return 0;
}

export default train;
