import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { readRunJson, writeJson } from './run-directory.ts';
import type { DataManifest } from './training-job.ts';

/**
 * Records what a run learns from in data.json, or compares it with what is recorded there.
 *
 * @throws FileError  naming the first file that is not what it was when the run began
 */
export async function checkData(runDirectory: string, data: DataManifest): Promise<void> {
  const path = join(runDirectory, 'data.json');
  if (!existsSync(path)) return writeJson(path, data);
  const began = (await readRunJson(path)) as Partial<DataManifest>;
  const remedy = 'put it back as it was, or start a new run with another --out';
  if (!Array.isArray(began.files) || !began.files.every(isTrainedFile))
    throw new FileError(path, 'the files that the run learns from', 'something else', 'restore it');
  const files: DataManifest['files'] = began.files;
  for (const file of files) {
    const present = data.files.find((other) => other.path === file.path);
    const expected = `what the run in ${runDirectory} began with (${describe(file)})`;
    if (!present) throw new FileError(file.path, expected, 'none', remedy);
    if (present.sha256 !== file.sha256) throw new FileError(file.path, expected, describe(present), remedy);
  }
  const added = data.files.find((file) => !files.some((other) => other.path === file.path));
  if (added)
    throw new FileError(
      added.path,
      `none: the run in ${runDirectory} began without it`,
      describe(added),
      remedy,
    );
}

const isTrainedFile = (file: unknown): boolean => isObject(file) && typeof file.sha256 === 'string';

const describe = ({ bytes, sha256 }: DataManifest['files'][number]): string =>
  `${bytes} bytes, SHA-256 ${sha256.slice(0, 12)}…`;
