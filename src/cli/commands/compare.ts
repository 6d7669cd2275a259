import { z } from 'zod';
import { duration } from '../../base/format-duration.ts';
import { grouped } from '../../base/format-count.ts';
import type { ComparedRun } from '../../evaluation/runs/compare.ts';
import { type Command, UsageError } from '../command.ts';
import { tableOf } from '../terminal/table.ts';
import { visible } from '../terminal/visible.ts';

const path = z.string().min(1).optional().meta({ placeholder: 'path' });

const options = z.strictObject({
  runs: z
    .array(z.string().min(1))
    .default([])
    .meta({ placeholder: 'run' })
    .describe('run directories, or folders that have some'),
  csv: path.describe('writes the table there, with all numbers'),
  svg: path.describe(
    'writes the curves there: against updates, and beside it NAME-tokens.svg and NAME-seconds.svg',
  ),
  json: z.boolean().default(false).describe('prints a line of JSON for each row, with its curve'),
});

const compareCommand: Command<typeof options> = {
  summary: 'Compares training runs: the options in which they differ, and their results',
  options,
  positionals: ['runs'],
  examples: [
    ['unmask compare runs/a runs/b', 'two runs'],
    ['unmask compare runs/rates --svg rates.svg', 'all runs of a sweep; seeds of one kind are a mean'],
  ],
  async run({ runs, csv, svg, json }, { stdout, stderr }) {
    if (runs.length === 0) throw new UsageError('name the runs, or a folder of some');
    const { findRuns } = await import('../../evaluation/runs/find-runs.ts');
    const { compareRuns } = await import('../../evaluation/runs/compare.ts');
    const { writeTextFile } = await import('../../checkpoint/write-text-file.ts');
    const found = await findRuns(runs, ({ message }) =>
      stderr.write(`unmask compare: ${visible(message)}\n`),
    );
    const rows = compareRuns(found);
    if (json) for (const row of rows) stdout.write(`${JSON.stringify(row)}\n`);
    else stdout.write(report(rows, stdout.columns));
    if (csv !== undefined) {
      const { csvOf } = await import('../../base/csv.ts');
      await writeTextFile(csv, csvOf(rows.map(recordOf)));
    }
    if (svg === undefined) return;
    const { curvesChart } = await import('../../evaluation/runs/curves.ts');
    await writeTextFile(svg, curvesChart(rows, 'updates'));
    for (const axis of ['tokens', 'seconds'] as const)
      await writeTextFile(svg.replace(/(\.svg)?$/, `-${axis}.svg`), curvesChart(rows, axis));
  },
};

export default compareCommand;

/** A row of the CSV. */
function recordOf({ name, directories, options: differing, natsPerToken, isBound, ...row }: ComparedRun) {
  const { objective, steps, tokens, seconds } = row;
  return {
    run: name,
    seeds: directories.length,
    ...differing,
    objective,
    updates: steps,
    tokens,
    seconds,
    natsPerToken: natsPerToken?.mean,
    standardError: natsPerToken?.standardError,
    isBound,
  };
}

function report(rows: readonly ComparedRun[], columns: number | undefined): string {
  const several = rows.some(({ directories }) => directories.length > 1);
  const lines = rows.flatMap((row) => [
    [row.name],
    ...Object.entries(row.options).map(([key, value]) => [
      `  ${key}: ${typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')}`,
    ]),
    [
      '',
      ...(several ? [`${row.directories.length}`] : []),
      grouped(Math.round(row.steps)),
      grouped(Math.round(row.tokens)),
      duration(1000 * row.seconds),
      natsOf(row),
    ],
  ]);
  const head = ['', ...(several ? ['seeds'] : []), 'updates', 'tokens', 'training', 'nats a token'];
  return tableOf(head, lines, columns);
}

function natsOf({ natsPerToken, isBound }: ComparedRun): string {
  if (!natsPerToken) return '';
  const { mean, standardError } = natsPerToken;
  const error = Number.isFinite(standardError) ? ` ± ${standardError.toFixed(3)}` : '';
  return `${isBound ? '≤ ' : ''}${mean.toFixed(3)}${error}`;
}
