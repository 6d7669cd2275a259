import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from a compiled test. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The folder of a family's recorded numbers: beside the repository, where all of them are, or in golden/, where the most
 * telling ones are. See golden/README.md.
 */
export function referencePath(family: string, file = ''): string {
  const beside = join(repositoryRoot, '../shared/reference', family);
  return join(existsSync(beside) ? beside : join(repositoryRoot, 'golden', family), file);
}

/** For `test(name, skipWithout(family), …)`: skips with a printed reason where the recorded numbers are not at hand. */
export const skipWithout = (family: string): { readonly skip: string | false } => ({
  skip: existsSync(referencePath(family)) ? false : `no ../shared/reference/${family} beside the repository`,
});

/** The reference.json of a family; its shape is told in golden/README.md. */
export function readReference<T>(family: string): T {
  return JSON.parse(readFileSync(referencePath(family, 'reference.json'), 'utf8')) as T;
}

/** A file of golden/, which is in the repository. */
export const goldenPath = (...names: readonly string[]): string => join(repositoryRoot, 'golden', ...names);
