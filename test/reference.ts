import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from a compiled test. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/** The folder beside the repository that holds numbers recorded from the models' own PyTorch code. */
const referenceRoot = join(repositoryRoot, '../shared/reference');

/** For `test(name, skipWithout(family), …)`: skips with a printed reason where the recorded numbers are not at hand. */
export const skipWithout = (family: string): { readonly skip: string | false } => ({
  skip: existsSync(referencePath(family)) ? false : `no ../shared/reference/${family} beside the repository`,
});

export const referencePath = (family: string, file = ''): string => join(referenceRoot, family, file);

/** The reference.json of a family; its shape is told in the reference's README. */
export function readReference<T>(family: string): T {
  return JSON.parse(readFileSync(referencePath(family, 'reference.json'), 'utf8')) as T;
}
