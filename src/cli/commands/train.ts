import { z } from 'zod';
import type { Task } from '../../base/task.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import type { TrainOptions } from '../../library/train.ts';
import type { TrainingEvent } from '../../training/run/events.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { defaults } from '../../training/defaults.ts';
import { type Size, sizes } from '../../training/sizes.ts';
import { type TrainingRequest, trainingSchema } from '../../training/options.ts';
import type { Command, Io } from '../command.ts';
import { distributed, joinRanks, requireSameCommand } from '../ranks.ts';
import { TrainingView } from '../terminal/training-view.ts';

/** The option of every command that trains. */
export const json = z
  .boolean()
  .default(false)
  .describe('prints a line of JSON for each event, and no progress');

const options = trainingSchema.extend({
  minutes: z
    .number()
    .gt(0)
    .optional()
    .describe(
      'instead of steps: about how long the run may take on this machine, from which size, steps and learning rate follow [5, where no size, steps or epochs are given]',
    ),
  sweep: z
    .array(z.string().min(1))
    .optional()
    .meta({ placeholder: 'key=a,b,c' })
    .describe(
      'trains a run for each value of an option, in the folder of --out; several: for each combination [runs/sweep]',
    ),
  seeds: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('trains each of them with so many seeds, from --seed on [1]'),
  json,
  distributed,
});

const command: Command<typeof options> = {
  summary: 'Trains a model on text; saves as it goes and resumes to the same bits',
  options,
  positionals: ['data'],
  defaults(given) {
    const size = given('size') ?? defaults.size;
    return Object.hasOwn(sizes, size) ? { of: `size ${size}`, values: sizes[size as Size] } : undefined;
  },
  examples: [
    ['unmask train story.txt', 'a small model of one text in five minutes, in runs/nano-0'],
    ['unmask train story.txt --minutes 60 --out runs/hour', 'a better one in an hour'],
    ['unmask train corpus/ --size tiny --out runs/mine', 'a larger one of all texts in a folder'],
    ['unmask train --resume runs/mine', 'resumes where it was stopped'],
    ['unmask generate --model runs/mine', 'writes with it'],
    [
      'unmask train story.txt --sweep learning-rate=5e-4,1e-3,2e-3 --seeds 3 --out runs/rates',
      'nine runs; unmask compare runs/rates puts them side by side',
    ],
  ],
  async run({ distributed, json, sweep, seeds, minutes, ...options }, io) {
    if (sweep !== undefined || seeds !== undefined) {
      if (minutes !== undefined)
        throw new InvalidOptionError('minutes', 'would give each run of a sweep other steps', minutes);
      const { watchSweep } = await import('../sweep.ts');
      return watchSweep(options, { sweep, seeds, json, distributed }, io);
    }
    // help and mistakes don't wait for the engine
    const { train } = await import('../../library/train.ts');
    const request = { ...options, minutes: minutes ?? usualMinutes(options) };
    const how = { io, json, distributed, command: 'train', options: request };
    return watchRun((watching) => train(request, watching), how);
  },
};

export default command;

/** A run of which nothing is said but its text is over before one has forgotten it. */
function usualMinutes(request: TrainingRequest): number | undefined {
  const isLeftOpen = longRun.every((key) => request[key] === undefined);
  return isLeftOpen && request.data !== undefined && (request.learn ?? 'text') === 'text' ? 5 : undefined;
}

/** What says how long a run is, or decides it. */
const longRun = ['size', 'steps', 'epochs', 'from', 'resume', 'layers', 'width'] as const;

/**
 * Shows a run while it is trained; on a rank that isn't the first, takes part in it.
 *
 * @param options  what it was asked for: the same on all ranks
 * @param command  that goes on with it when it is stopped
 * @returns the exit code
 */
export async function watchRun(
  begin: (watching: TrainOptions) => Task<TrainingRun, TrainingEvent>,
  {
    io,
    json,
    distributed,
    command,
    options,
  }: { io: Io; json: boolean; distributed: 'auto' | 'off'; command: string; options: object },
): Promise<number> {
  const ranks = await joinRanks(distributed, io);
  await requireSameCommand(ranks, command, options);
  if (ranks.rank > 0) {
    const { followTraining } = await import('../../library/train.ts');
    await followTraining(ranks, { signal: io.signal });
    await ranks.close();
    return 0;
  }
  const { stdout, stderr, signal } = io;
  const view = new TrainingView(stderr, () => performance.now());
  try {
    const run = await begin({
      signal,
      onProgress: (event) => {
        if (event.kind === 'saving') io.hold?.();
        if (json) stdout.write(`${JSON.stringify(event)}\n`);
        else view.show(event);
      },
      ranks,
    });
    view.end();
    await ranks.close();
    return tellEnd(run, { resume: `${command} --resume ${run.directory}`, json }, io);
  } finally {
    view.end();
  }
}

/**
 * Tells how a run ended, and where its model is.
 *
 * @param resume  the command that goes on with it
 * @returns the exit code
 */
export function tellEnd(
  { isFinished, step, directory, modelDirectory }: TrainingRun,
  { resume, json }: { readonly resume: string; readonly json: boolean },
  { stdout, stderr }: Io,
): number {
  const kind = isFinished ? 'finished' : 'stopped';
  if (json) stdout.write(`${JSON.stringify({ kind, step, directory, model: modelDirectory })}\n`);
  else if (isFinished) stdout.write(`${modelDirectory}\n`);
  if (isFinished) {
    if (stderr.isTTY) stderr.write(`unmask generate --model ${directory} writes with it\n`);
    return 0;
  }
  stderr.write(`stopped after step ${step}; unmask ${resume} goes on\n`);
  return 130;
}
