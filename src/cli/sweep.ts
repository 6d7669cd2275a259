import { InvalidOptionError } from '../base/errors.ts';
import type { TrainingRequest } from '../training/options.ts';
import { type Io, UsageError } from './command.ts';
import { requireOneRank } from './ranks.ts';
import { TrainingView } from './terminal/training-view.ts';

/** What `--sweep` and `--seeds` ask for. */
export interface SweepFlags {
  readonly sweep?: readonly string[];
  readonly seeds?: number;
  readonly json: boolean;
  readonly distributed: 'auto' | 'off';
}

/**
 * Trains the runs of a sweep one after another, and shows each.
 *
 * @returns the exit code
 */
export async function watchSweep(request: TrainingRequest, flags: SweepFlags, io: Io): Promise<number> {
  const { stdout, stderr, signal } = io;
  const vary = Object.fromEntries((flags.sweep ?? []).map(sweepAxis));
  if (Object.keys(vary).length < (flags.sweep?.length ?? 0))
    throw new UsageError('--sweep names an option twice; give all of its values at once');
  if (flags.distributed !== 'off') await requireOneRank('a sweep is', io);
  const { sweep } = await import('../library/sweep.ts');
  const view = new TrainingView(stderr, () => performance.now());
  try {
    const runs = await sweep(
      request,
      { vary, seeds: flags.seeds },
      {
        signal,
        onProgress(event) {
          if (flags.json) return void stdout.write(`${JSON.stringify(event)}\n`);
          if (event.kind !== 'run') return view.show(event);
          view.end();
          stderr.write(`\n${event.index + 1} of ${event.of}: ${event.directory}\n`);
        },
      },
    );
    view.end();
    for (const run of runs) if (run.isFinished && !flags.json) stdout.write(`${run.directory}\n`);
    if (runs.every(({ isFinished }) => isFinished)) return 0;
    stderr.write('stopped; the same command goes on\n');
    return 130;
  } finally {
    view.end();
  }
}

/** `learning-rate=1e-3,2e-3` as an option and its values. @throws InvalidOptionError */
export function sweepAxis(text: string): [key: string, values: (string | number | boolean)[]] {
  const [, key, list] = /^([a-z][\w-]*)=(.+)$/i.exec(text) ?? [];
  if (key === undefined)
    throw new InvalidOptionError('sweep', 'must be an option and its values: key=a,b,c', text);
  const camel = key.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return [camel, list.split(',').map(valueOf)];
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}
