import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The repository, seen from a compiled test. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/** What other programs' code recorded: see golden/README.md. */
export const goldenRoot = join(repositoryRoot, 'golden');

/** A family's recorded numbers, a folder in the layout of a published model; or a file of it. */
export function referencePath(family: string, file = ''): string {
  return join(goldenRoot, family, file);
}

/** The reference.json of a family; its shape is told in golden/README.md. */
export function readReference<T>(family: string): T {
  return JSON.parse(readFileSync(referencePath(family, 'reference.json'), 'utf8')) as T;
}

/**
 * A file of golden/, as it was before it was compressed: `goldenFile('tokenizers/gpt2.json')` unpacks
 * `golden/tokenizers/gpt2.json.gz` into `dist/golden/`, once for each content. Several processes may ask at the same time.
 */
export function goldenFile(name: string, folder = join(repositoryRoot, 'dist/golden')): string {
  const packed = readFileSync(join(goldenRoot, `${name}.gz`));
  const key = createHash('sha256').update(packed).digest('hex').slice(0, 12);
  const path = join(folder, key, basename(name));
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${randomUUID()}`;
  try {
    writeFileSync(partial, gunzipSync(packed));
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  return path;
}
