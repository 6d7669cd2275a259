import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServedModel } from './service.ts';

/** What is said of a model whose files are gone. */
export const unknownFiles: Omit<ServedModel, 'path'> = { modified: new Date(0), sizeBytes: 0 };

/** When a model was last changed, and the size of its files. */
export function missingModelFiles(path: string): Omit<ServedModel, 'path'> {
  const files = statSync(path).isFile() ? [path] : readdirSync(path).map((name) => join(path, name));
  const all = files
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .filter((file) => file?.isFile() === true);
  return {
    modified: new Date(Math.max(0, ...all.map((file) => file!.mtimeMs))),
    sizeBytes: all.reduce((sum, file) => sum + file!.size, 0),
  };
}
