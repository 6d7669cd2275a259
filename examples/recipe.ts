import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository, seen from a compiled recipe. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs of `unmask train`, one after the other; one that was stopped goes on where it was. Ends the program where one fails.
 *
 * @param common  options of every run
 * @param runs    options of each
 * @param more    of every run again, over all others
 */
export function trainInTurn(common: string, runs: readonly string[], more: readonly string[]): void {
  for (const run of runs) {
    const args = ['train', ...`${common} ${run}`.trim().split(/\s+/), ...more];
    process.stderr.write(`unmask ${args.join(' ')}\n`);
    const { status } = spawnSync(process.execPath, ['dist/src/cli/main.js', ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}
