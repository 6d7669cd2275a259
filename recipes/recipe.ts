import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FlatSamplingOptions } from '../src/sampling/options.ts';

/** The repository, seen from a compiled recipe. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs of `unmask train` or `finetune`, one after the other; one that was stopped goes on where it was. Ends the program where
 * one fails.
 *
 * @param runs  the command and options of each
 * @param more  options of every run, over its own
 */
export function inTurn(runs: readonly string[], more: readonly string[]): void {
  for (const run of runs) {
    const args = [...run.trim().split(/\s+/), ...more];
    process.stderr.write(`unmask ${args.join(' ')}\n`);
    const { status } = spawnSync(process.execPath, ['dist/src/cli/main.js', ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}

/**
 * Puts the model of runs/NAME in the place of models/NAME.
 *
 * @param sampling  how it writes when nobody says otherwise
 */
export function publish(name: string, sampling: Partial<FlatSamplingOptions>): void {
  const target = join(root, 'models', name);
  cpSync(join(root, 'runs', name, 'model'), target, { recursive: true });
  cpSync(join(root, 'runs', name, 'curve.svg'), join(target, 'curve.svg'));
  const config = join(target, 'generation_config.json');
  // what was measured of another model is not true of this one
  const { unmask_presets: _, ...others } = JSON.parse(readFileSync(config, 'utf8')) as Record<
    string,
    unknown
  >;
  const generation = { ...others, unmask_sampling: sampling };
  writeFileSync(config, `${JSON.stringify(generation, undefined, 2)}\n`);
  process.stderr.write(`${target}\n`);
}
