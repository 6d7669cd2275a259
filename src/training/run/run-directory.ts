import { lockFolder } from '../../checkpoint/lock-generations.ts';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonBytes } from '../../base/utf8.ts';
import { nodeFs, replaceFile } from '../../checkpoint/durable-fs.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { defaultMaxBytes } from '../../checkpoint/json.ts';
import { readWhole } from '../../checkpoint/read-whole.ts';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { defaults } from '../defaults.ts';
import { type TrainingOptions, type TrainingRequest, trainingSchema } from '../options.ts';
import type { OwnPart } from '../own-parts.ts';
import { rowsName } from './kept-rows.ts';
import { requireEffect } from './option-effects.ts';
import { type OptionChanges, settledOver } from './recorded-options.ts';
import { resolveOptions } from './resolve-options.ts';

/** A run's files: everything that is known of the run is in its directory. */
export interface RunDirectory {
  readonly path: string;
  readonly options: TrainingOptions;
  /** What a program has in the place of options. */
  readonly own: readonly OwnPart[];
  /** Whether the run begins here; then there was nothing in the directory. */
  readonly isNew: boolean;
  /** Options that a resumed run changes, by name. */
  readonly changes: OptionChanges;
}

/** Where the run that is asked for lives; the directory is made, so that it can be locked. */
export async function runDirectoryPlace(request: TrainingRequest): Promise<string> {
  if (request.resume !== undefined) {
    if (request.out !== undefined) {
      throw new InvalidOptionError('out', 'cannot be given together with --resume', request.out);
    }
    if (!existsSync(optionsPath(request.resume))) {
      throw new FileError(
        request.resume,
        'a run directory with an options.json',
        'none',
        'check the path, or start a run with --out',
      );
    }
    return request.resume;
  }
  const path = request.out ?? usualPlace(request);
  requireEffect(request, resolveOptions(request)); // mistakes leave no directory
  try {
    await mkdir(path, { recursive: true });
    const others = (await readdir(path)).filter((name) => name !== lockFolder);
    if (
      others.length > 0 &&
      !existsSync(optionsPath(path)) &&
      !others.every((name) => name.startsWith('options.json') || name.startsWith(rowsName))
    ) {
      throw new FileError(
        path,
        'a run directory or an empty one',
        `other files (${others[0]})`,
        'choose another --out',
      );
    }
  } catch (error) {
    throw fileProblem(error, path, 'a directory for the run');
  }
  return path;
}

/** Where a run goes that isn't told where. */
export function usualPlace({
  learn = defaults.learn,
  size = defaults.size,
  seed = defaults.seed,
}: TrainingRequest): string {
  return join('runs', `${learn === 'text' ? size : 'finetune'}-${seed}`);
}

/**
 * Settles the options of the run in a directory and records them. To be called with the lock held.
 *
 * @param own  what a program has in the place of options
 * @throws InvalidOptionError  when the run that is there was started with others
 */
export async function openRunDirectory(
  path: string,
  request: TrainingRequest,
  own: readonly OwnPart[] = [],
): Promise<RunDirectory> {
  const begun = await recordedOptions(path);
  if (!begun) return record({ path, options: resolveOptions(request), own, isNew: true, changes: {} });
  const { options: recorded } = begun;
  requireOwnParts(path, begun.own, own);
  const { wanted, changes } = settledOver(path, recorded, request);
  const directory: RunDirectory = { path, options: recorded, own, isNew: false, changes };
  return Object.keys(changes).length > 0 ? record({ ...directory, options: wanted }) : directory;
}

/** @throws InvalidOptionError  where a run would go on with other functions than it began with */
function requireOwnParts(path: string, began: readonly OwnPart[], given: readonly OwnPart[]): void {
  const lost = began.find((part) => !given.includes(part));
  if (lost !== undefined) {
    const problem = `the run in ${path} has one that a program gave it; go on with it in that program`;
    throw new InvalidOptionError(lost, problem, undefined);
  }
  const added = given.find((part) => !began.includes(part));
  if (added !== undefined)
    throw new InvalidOptionError(
      added,
      `the run in ${path} began without one; give another out`,
      'a function',
    );
}

async function record(directory: RunDirectory): Promise<RunDirectory> {
  const { path, options, own } = directory;
  await writeJson(optionsPath(path), { format: 1, ...(own.length > 0 && { own }), ...options });
  return directory;
}

const optionsPath = (path: string): string => join(path, 'options.json');

/** What a run was started with, and what a program had in the place of options. */
export async function recordedOptions(
  path: string,
): Promise<Pick<RunDirectory, 'options' | 'own'> | undefined> {
  const file = optionsPath(path);
  if (!existsSync(file)) return undefined;
  const { format, own = [], ...rest } = (await readRunJson(file)) as { format?: unknown; own?: OwnPart[] };
  if (format !== 1)
    throw new FileError(
      file,
      'format 1',
      JSON.stringify(format) ?? 'none',
      'use the version of unmask that wrote it',
    );
  const parsed = trainingSchema.safeParse(rest);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0];
    throw new FileError(file, 'the options of a run', `${at.join('.') || 'it'}: ${message}`);
  }
  return { options: resolveOptions(parsed.data), own };
}

/** What a run continues, cuts or removes in its directory. */
export const writtenNames: readonly string[] =
  'events.jsonl metrics.jsonl samples tokens tokenizer checkpoints model'.split(' ');

/** Removes what a run that was killed had not finished writing. To be called with the lock held. */
export async function removeLeftovers(path: string): Promise<void> {
  const unfinished: [directory: string, name: RegExp][] = [
    [path, /\.tmp-[\d-]+$/],
    [join(path, 'samples'), /\.tmp-[\d-]+$/],
    [join(path, 'tokens'), /^\./],
  ];
  for (const [directory, pattern] of unfinished) {
    if (!existsSync(directory)) continue;
    for (const name of await readdir(directory)) {
      if (pattern.test(name)) await rm(join(directory, name), { recursive: true, force: true });
    }
  }
}

/** Writes a small JSON file whole or not at all. @throws FileError */
export async function writeJson(path: string, value: unknown): Promise<void> {
  try {
    await replaceFile(nodeFs, path, jsonBytes(value));
  } catch (error) {
    throw fileProblem(error, path, 'room for a small file');
  }
}

/** An object from a JSON file that this program wrote. @throws FileError */
export async function readRunJson(path: string): Promise<object> {
  try {
    const bytes = Buffer.from(await readWhole(path, defaultMaxBytes, 'bytes of JSON'));
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileProblem(error, path, 'a JSON file');
  }
  throw new FileError(path, 'a JSON object', 'something else', 'the file was damaged or edited; restore it');
}
