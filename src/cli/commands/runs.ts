import { z } from 'zod';
import { duration } from '../../base/format-duration.ts';
import { grouped } from '../../base/format-count.ts';
import type { TrainingRun } from '../../library/open-run.ts';
import type { Command } from '../command.ts';
import { tableOf } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  folders: z
    .array(z.string().min(1))
    .default(['runs'])
    .meta({ placeholder: 'path' })
    .describe('where to look: runs, or folders that have some'),
  json: z.boolean().default(false).describe('prints a line of JSON for each run'),
});

const runsCommand: Command<typeof options> = {
  summary: 'Lists training runs: how far each is, and what held-out text costs',
  options,
  positionals: ['folders'],
  examples: [
    ['unmask runs', 'those in the folder runs'],
    ['unmask runs experiments --json', 'of another folder, for a program'],
  ],
  async run({ folders, json }, { stdout, stderr }) {
    const { findRuns } = await import('../../evaluation/runs/find-runs.ts');
    const runs = await findRuns(folders, ({ message }) => stderr.write(`unmask runs: ${visible(message)}\n`));
    if (json) for (const run of runs) stdout.write(`${JSON.stringify(recordOf(run))}\n`);
    else
      stdout.write(
        tableOf(
          ['run', 'objective', 'updates', 'nats a token', 'training', ''],
          runs.map(cellsOf),
          stdout.columns,
        ),
      );
  },
};

export default runsCommand;

function recordOf({ directory, options: asked, step, tokens, seconds, isFinished, validation }: TrainingRun) {
  return { directory, step, tokens, seconds, isFinished, validation, options: asked };
}

function cellsOf({
  directory,
  options: asked,
  step,
  seconds,
  isFinished,
  validation,
}: TrainingRun): string[] {
  const { objective, steps } = asked;
  return [
    directory,
    objective,
    isFinished || steps === undefined ? grouped(step) : `${grouped(step)} of ${grouped(steps)}`,
    validation ? `${objective === 'autoregressive' ? '' : '≤ '}${validation.natsPerToken.toFixed(3)}` : '',
    duration(1000 * seconds),
    isFinished ? '' : 'not done',
  ];
}
