import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { requireMayLookInto } from '../../checkpoint/file-problem.ts';
import { openRun, type TrainingRun } from '../../library/open-run.ts';

/** Folders within folders that are looked through. */
const depth = 4;
const expected = 'a run of unmask train, or a folder of some';

/**
 * The runs at some places: a place is a run directory, or a folder that has some in it.
 *
 * @param onDamaged  told of a run that can't be read, which is left out
 * @throws FileError  for a place without a run; for a run that can't be read where nobody is told, or where none can
 */
export async function findRuns(
  places: readonly string[],
  onDamaged?: (problem: FileError) => void,
): Promise<TrainingRun[]> {
  const found = await Promise.all(
    places.map(async (place) => {
      requireMayLookInto(place, expected);
      const directories = await runsBelow(place, depth);
      if (directories.length === 0)
        throw new FileError(place, expected, 'none', 'check the path');
      return directories;
    }),
  );
  const opened = await Promise.all(
    [...new Set(found.flat())].map((directory) =>
      openRun(directory).catch((problem: unknown) => {
        if (problem instanceof FileError) return problem;
        throw problem;
      }),
    ),
  );
  const problems = opened.filter((one) => one instanceof FileError);
  const runs = opened.filter((one): one is TrainingRun => !(one instanceof FileError));
  if (problems.length > 0 && (!onDamaged || runs.length === 0)) throw problems[0];
  for (const problem of problems) onDamaged?.(problem);
  return runs;
}

async function runsBelow(place: string, levels: number): Promise<string[]> {
  if (existsSync(join(place, 'options.json'))) return [place];
  if (levels === 0) return [];
  const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return (await Promise.all(folders.map((name) => runsBelow(join(place, name), levels - 1)))).flat();
}
