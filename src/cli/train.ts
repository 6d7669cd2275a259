import type { Command } from './command.ts';
import { trainingSchema } from '../training/options.ts';
import { visible } from './visible.ts';

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
  async run(options, io) {
    // help and mistakes don't wait for the engine
    const [{ runTraining }, { makeTrainee }] = await Promise.all([
      import('../training/run.ts'),
      import('../trainee.ts'),
    ]);
    const { directory, model, step, finished } = await runTraining(options, makeTrainee, {
      output: io.stderr,
      clock: () => performance.now(),
      now: () => new Date(),
      stop: io.signal,
      visible,
    });
    if (!finished) {
      io.stderr.write(`stopped after step ${step}; unmask train --resume ${directory} goes on\n`);
      return 130;
    }
    io.stdout.write(`${model}\n`);
    return 0;
  },
};

export default train;
