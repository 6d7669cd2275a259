import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint } from '../data/sources.ts';
import { baseOf } from '../model/adapter-files.ts';
import { adapterIn, modelDirectory } from '../model-files/locate.ts';
import type { Ranks } from '../ranks/ranks.ts';
import { requireSame } from '../ranks/require-same.ts';

/**
 * Compares the files of models, and others, on all ranks, so that they don't judge different ones without a word. Collective.
 *
 * @throws InvalidOptionError  on every rank, with the first rank that differs and in which file
 */
export async function requireSameFiles(
  ranks: Ranks,
  { models, others }: { readonly models: readonly string[]; readonly others: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  if (ranks.size === 1) return;
  const directories = (await Promise.all(models.map(directoriesOf))).flat();
  const paths = [...directories, ...others.filter((path) => existsSync(path))];
  const files = (await Promise.all(paths.map(filesIn))).flat();
  const found: Record<string, string> = {};
  for (const path of files) {
    const { sha256 } = await fingerprint({ path }, signal);
    found[`the SHA-256 of ${path}`] = sha256.slice(0, 12);
  }
  await requireSame(ranks, found);
}

/** Where a model lies; of an adapter that stands for one, both. */
async function directoriesOf(path: string): Promise<string[]> {
  const adapter = adapterIn(path);
  return adapter === undefined
    ? [await modelDirectory(path)]
    : [adapter, await modelDirectory(await baseOf(adapter))];
}

/** The file itself, or those that lie in a directory. */
async function filesIn(path: string): Promise<string[]> {
  if (!statSync(path).isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .toSorted()
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}
