import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFs, replaceFile } from '../../checkpoint/durable-fs.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { type TrainingOptions, type TrainingRequest, trainingSchema } from '../options.ts';
import { resolveOptions } from './resolve-options.ts';

/** What may be changed in the middle of a run, because no update depends on it. */
const free: readonly (keyof TrainingOptions)[] = [
  'sampleEvery',
  'checkpointEvery',
  'keep',
  'threads',
  'dtype',
];

/** What `--resume` may change as well: later updates depend on it, earlier ones are what they are. */
const changeable: typeof free = [
  ...free,
  'device',
  'steps',
  'epochs',
  'learningRate',
  'minimumRate',
  'warmup',
  'schedule',
  'decayShare',
  'clip',
  'weightDecay',
  'validationEvery',
  'validationDraws',
  'validationWindows',
];

/** A run's files: everything that is known of the run is in its directory. */
export interface RunDirectory {
  readonly path: string;
  readonly options: TrainingOptions;
  /** Whether the run begins here; then there was nothing in the directory. */
  readonly isNew: boolean;
  /** Options that a resumed run changes, by name. */
  readonly changes: Readonly<Record<string, { from: unknown; to: unknown }>>;
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
  const options = resolveOptions(request);
  const path =
    request.out ?? join('runs', `${options.learn === 'text' ? options.size : 'finetune'}-${options.seed}`);
  try {
    await mkdir(path, { recursive: true });
    const others = (await readdir(path)).filter((name) => name !== 'LOCK');
    if (
      others.length > 0 &&
      !existsSync(optionsPath(path)) &&
      !others.every((name) => name.startsWith('options.json'))
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

/**
 * Settles the options of the run in a directory and records them. To be called with the lock held.
 *
 * @throws InvalidOptionError  when the run that is there was started with others
 */
export async function openRunDirectory(path: string, request: TrainingRequest): Promise<RunDirectory> {
  const recorded = await recordedOptions(path);
  if (!recorded) return { ...(await record(path, resolveOptions(request), {})), isNew: true };
  const wanted =
    request.resume === undefined ? resolveOptions(request) : resolveOptions(over(recorded, request));
  const allowed = request.resume === undefined ? free : changeable;
  const changes: Record<string, { from: unknown; to: unknown }> = {};
  const keys = new Set([...Object.keys(recorded), ...Object.keys(wanted)]) as Set<keyof TrainingOptions>;
  for (const key of keys) {
    const [from, to] = [recorded[key], wanted[key]];
    if (JSON.stringify(from) === JSON.stringify(to)) continue;
    if (!allowed.includes(key)) {
      const has = from === undefined ? 'has none' : `has ${JSON.stringify(from)}`;
      const usual = request[key] === undefined && to !== undefined;
      const wants = usual ? `, and a new one ${JSON.stringify(to)} by default` : '';
      throw new InvalidOptionError(
        key,
        `the run in ${path} ${has}${wants}; give another --out, or --resume ${path} to go on as it was started`,
        request[key],
      );
    }
    changes[key] = { from, to };
  }
  return Object.keys(changes).length > 0
    ? record(path, wanted, changes)
    : { path, options: recorded, isNew: false, changes };
}

/** What was asked for, over what is recorded. */
function over(recorded: TrainingOptions, { resume: _resume, ...request }: TrainingRequest): TrainingRequest {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  return { ...recorded, ...given };
}

async function record(
  path: string,
  options: TrainingOptions,
  changes: RunDirectory['changes'],
): Promise<RunDirectory> {
  await writeJson(optionsPath(path), { format: 1, ...options });
  return { path, options, isNew: false, changes };
}

const optionsPath = (path: string): string => join(path, 'options.json');

async function recordedOptions(path: string): Promise<TrainingOptions | undefined> {
  const file = optionsPath(path);
  if (!existsSync(file)) return undefined;
  const { format, ...rest } = (await readRunJson(file)) as { format?: unknown };
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
  return resolveOptions(parsed.data);
}

/** Removes what a run that was killed had not finished writing. To be called with the lock held. */
export async function removeLeftovers(path: string): Promise<void> {
  const unfinished: [directory: string, name: RegExp][] = [
    [path, /\.tmp-\d+$/],
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
    await replaceFile(nodeFs, path, Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`));
  } catch (error) {
    throw fileProblem(error, path, 'room for a small file');
  }
}

/** An object from a JSON file that this program wrote. @throws FileError */
export async function readRunJson(path: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileProblem(error, path, 'a JSON file');
  }
  throw new FileError(path, 'a JSON object', 'something else', 'the file was damaged or edited; restore it');
}
