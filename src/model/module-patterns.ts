import { runInNewContext } from 'node:vm';
import { show, UnsupportedError } from '../base/errors.ts';

/** How long the expressions of one adapter may take together: one that backtracks without end is stopped. */
const LIMIT_MS = 1000;

/** What an expression found in a name: its group `index`, or an empty text where it has none; undefined for no match. */
export type Found = string | undefined;

/** Runs in a context of its own, where it can be stopped. The first expression that isn't one is given by its number. */
const program = `expressions.map((source, i) => {
  let expression;
  try { expression = new RegExp(source, 'u'); } catch { throw i; }
  return names.map((name) => { const found = expression.exec(name); return found ? found.groups?.index ?? '' : undefined; });
})`;

/**
 * Which of some names each of some regular expressions matches. They are Python's in an adapter's config; what JavaScript
 * reads otherwise with the flag u is an error there, so that none matches other names than it does in Python.
 *
 * @param said  the same expressions as the config has them, for messages
 * @returns  one list for each expression, as long as the names
 * @throws UnsupportedError  for one that can't be read, or takes too long
 */
export function matchNames(
  expressions: readonly string[],
  names: readonly string[],
  said: readonly string[],
  path: string,
): readonly (readonly Found[])[] {
  if (expressions.length === 0) return [];
  try {
    return runInNewContext(program, { expressions, names }, { timeout: LIMIT_MS }) as Found[][];
  } catch (error) {
    const problem =
      typeof error === 'number'
        ? `the pattern ${show(said[error])} is no regular expression that can be read here`
        : `its patterns (${said.slice(0, 3).map(show).join(', ')}) take too long to match`;
    throw new UnsupportedError(`${path}: ${problem}`);
  }
}
