import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readJsonObject } from '../../checkpoint/read-json.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { nodeFs, replaceFile } from '../../checkpoint/durable-fs.ts';
import { withFile } from '../../checkpoint/open-file.ts';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { recordName } from '../../training/run/training-job.ts';
import { HttpError } from '../http/http-error.ts';
import { type Service, requireStudio } from '../http/service.ts';
import { lateLoss } from './late-loss.ts';
import { runsFolder, type Studio } from './studio.ts';
import type { TaskKind, TaskReport } from './tasks.ts';

const runPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** A run may lie in the folder of a sweep, and is called by what is different in it. */
const placePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9][A-Za-z0-9._=,+-]{0,127})?$/;

/** The name of a new run: of its folder in the directory of runs. */
export const runName = z
  .string()
  .regex(
    runPattern,
    'must be at most 64 letters, digits, dots, dashes and underscores, a letter or digit first',
  );

/** The name of a run that is there. */
export const knownRun = z.string().regex(placePattern, 'must be the name of a run in /unmask/runs');

/** What a distillation was begun with: until its texts are written it has no run in it, and is one itself. */
const distillName = 'distill.json';

type Row = Readonly<Record<string, unknown>>;

/**
 * The directory of a run.
 *
 * @throws HttpError 404
 */
export async function runDirectoryOf(studio: Studio, run: string): Promise<string> {
  const directory = runsFolder(studio);
  const notFound = new HttpError(404, 'there is no run of this name', { param: 'run' });
  if (!placePattern.test(run)) throw notFound;
  await resolveInside(directory, `${run}/options.json`)
    .catch(() => resolveInside(directory, `${run}/${distillName}`))
    .catch(() => {
      throw notFound;
    });
  return join(directory, run);
}

/** The tasks that train a run. */
export const trainingKinds: readonly TaskKind[] = ['train', 'finetune', 'distill'];

/** What trained a run here last; where nothing did, what trained what it is in the folder of. */
const lastTaskOf = ({ tasks }: Studio, run: string): TaskReport | undefined =>
  tasks.about(run, ...trainingKinds)[0] ?? tasks.about(run.split('/')[0], ...trainingKinds)[0];

/** What trains it now. */
export const taskOf = ({ tasks }: Studio, run: string): TaskReport | undefined =>
  tasks.at(run, ...trainingKinds) ?? tasks.at(run.split('/')[0], ...trainingKinds);

/** The names of all runs: folders with the record of one, and those in a folder of a sweep. */
export async function runNames(studio: Pick<Studio, 'root' | 'runs'>): Promise<string[]> {
  const folder = runsFolder(studio);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      if (!runPattern.test(name) || existsSync(join(folder, name, 'options.json'))) return [name];
      if (isDistillation(join(folder, name)) && !existsSync(join(folder, name, 'run', 'options.json')))
        return [name];
      const inside = await readdir(join(folder, name)).catch(() => []);
      return inside.map((run) => `${name}/${run}`);
    }),
  );
  return found.flat();
}

/** Whether a directory is that of a distillation, its texts and the run that learns from them. */
export const isDistillation = (directory: string): boolean => existsSync(join(directory, distillName));

/** The directory that is all of a run: of one that learns from texts of a distillation, that of the distillation. */
export const wholeRun = (directory: string): string =>
  isDistillation(dirname(directory)) ? dirname(directory) : directory;

/** What a run was started with; nothing where its record can't be read. */
export const optionsOfRun = (directory: string): Promise<Row> =>
  readJsonObject(join(directory, isDistillation(directory) ? distillName : 'options.json')).catch(() => ({}));

/** The runs, the latest first. */
export async function listRuns(service: Service): Promise<Response> {
  const studio = requireStudio(service);
  const names = await runNames(studio);
  const found = await Promise.all(
    names.map(async (name) => {
      const directory = await runDirectoryOf(studio, name).catch(() => undefined);
      return directory === undefined ? [] : [await summaryOf(studio, name, directory)];
    }),
  );
  return Response.json({ runs: found.flat().sort((a, b) => b.modifiedMs - a.modifiedMs) });
}

/** What is said of a run in a list. */
const summaryKeys =
  'size learn objective from data loraRank length batch accumulate learningRate seed causalWarmup'.split(' ');

async function summaryOf(studio: Studio, name: string, directory: string) {
  const path = join(directory, 'metrics.jsonl');
  const [options, tail, events, record] = await Promise.all([
    optionsOfRun(directory),
    lastRows(path, 2 ** 17),
    lastRows(join(directory, 'events.jsonl'), 2 ** 14),
    readJsonObject(join(directory, 'model', recordName)).catch((): Row => ({})),
  ]);
  const last = tail.findLast(({ kind }) => kind === 'step');
  const validation = tail.findLast(({ kind }) => kind === 'validation');
  const isLearning = await isLocked(directory);
  const found = taskOf(studio, name);
  // of a sweep one run is trained at a time
  const task = found?.subject === name || isLearning ? found : undefined;
  const isDone = record.final === true && (last === undefined || Number(last.step) <= Number(record.step));
  const state = task ? task.state : isLearning ? 'elsewhere' : isDone ? 'finished' : 'stopped';
  const { mtimeMs } = await stat(path)
    .catch(() => stat(join(directory, 'options.json')))
    .catch(() => ({ mtimeMs: 0 }));
  return {
    name,
    state,
    task: task?.id,
    options: Object.fromEntries(summaryKeys.map((key) => [key, options[key]])),
    step: last?.step ?? 0,
    steps: events.findLast(({ steps }) => steps !== undefined)?.steps ?? options.steps,
    tokens: last?.tokens,
    seconds: last?.seconds,
    notes: await notesOf(directory),
    loss: lateLoss(tail, Number(options.causalWarmup ?? 0)),
    rate: last?.rate,
    validation: validation ?? (record.validation && { step: record.step, ...(record.validation as Row) }),
    modifiedMs: Math.round(mtimeMs),
  };
}

const notesName = 'notes.json';

/** What a person wrote down of a run, and the words that it is found by. */
const notesOf = (directory: string): Promise<Row> =>
  resolveInside(directory, notesName)
    .then((path) => readJsonObject(path))
    .catch(() => ({ text: '', tags: [] }));

/** Notes and tags that a run is to have. */
export const notesBody = z.strictObject({
  run: knownRun,
  text: z.string().max(4000).describe('notes, in words'),
  tags: z.array(z.string().trim().min(1).max(40)).max(20).describe('words that the run is found by'),
});

/** Writes down what a person says of a run. */
export async function writeNotes(
  service: Service,
  { run, ...notes }: z.output<typeof notesBody>,
): Promise<Response> {
  const directory = await runDirectoryOf(requireStudio(service), run);
  // takes the place of a link, and is not written through it
  await replaceFile(nodeFs, join(directory, notesName), Buffer.from(`${JSON.stringify(notes)}\n`));
  return Response.json({ run, ...notes });
}

const maxSamples = 200;
const sampleLength = 4000;

/** One run: what it was started with, what happened, the texts that it wrote on the way. */
export async function tellRun(service: Service, run: string): Promise<Response> {
  const studio = requireStudio(service);
  const directory = await runDirectoryOf(studio, run);
  const { format: _, ...options } = await optionsOfRun(directory);
  const names = await readdir(join(directory, 'samples')).catch(() => []);
  const samples = names.flatMap((name) => {
    const step = /^step-(\d+)\.txt$/.exec(name)?.[1];
    return step === undefined ? [] : [{ step: Number(step), name }];
  });
  samples.sort((a, b) => a.step - b.step);
  return Response.json({
    ...(await summaryOf(studio, run, directory)),
    options,
    events: await lastRows(join(directory, 'events.jsonl'), 2 ** 17),
    samples: await Promise.all(
      samples.slice(-maxSamples).map(async ({ step, name }) => {
        const bytes = await bytesAt(join(directory, 'samples', name), 0, 4 * sampleLength);
        return { step, text: bytes.toString('utf8').slice(0, sampleLength) };
      }),
    ),
    lines: lastTaskOf(studio, run)?.lines ?? [],
  });
}

/** From which row on a run's metrics are asked for. */
export const metricsQuery = z.strictObject({
  from: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('`next` of the last answer, whose rows are followed by those of this one'),
});

const metricsBytes = 2 ** 19;

/**
 * Rows of a run's metrics.jsonl, so many that the answer is bounded; `next` is where the next begin, and `more` says whether
 * there are any by now. A run that is resumed goes back to its last checkpoint: rows that come again take the place of those
 * of the same step. `from` is beyond the end then, and the rows begin anew.
 */
export async function tellMetrics(
  service: Service,
  run: string,
  { from }: z.output<typeof metricsQuery>,
): Promise<Response> {
  const path = join(await runDirectoryOf(requireStudio(service), run), 'metrics.jsonl');
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  const start = from > size ? 0 : from;
  const { lines, end } = await linesAt(path, start, metricsBytes);
  return Response.json({ rows: lines, start, next: end, more: end < size && lines.length > 0 });
}

/** The rows whose lines end in these bytes of a file, and where the last of them ends. */
async function linesAt(path: string, start: number, bytes: number): Promise<{ lines: Row[]; end: number }> {
  const chunk = await bytesAt(path, start, bytes);
  const end = chunk.lastIndexOf(10) + 1;
  const lines = chunk.subarray(0, end).toString('utf8').split('\n');
  return { lines: lines.flatMap(rowIn), end: start + end };
}

/** The rows in the last bytes of a file. */
async function lastRows(path: string, bytes: number): Promise<Row[]> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return (await linesAt(path, Math.max(0, size - bytes), bytes)).lines;
}

/** Of a file alone, and none that a link leads out to: a pipe would be waited for, and with some of them all else. */
async function bytesAt(path: string, start: number, bytes: number): Promise<Buffer> {
  try {
    const inside = await resolveInside(dirname(path), basename(path));
    return await withFile(inside, async (file) => {
      const content = Buffer.alloc(Math.max(0, Math.min(bytes, file.size - start)));
      await file.readInto(content, start);
      return content;
    });
  } catch {
    return Buffer.alloc(0); // it isn't there, or was cut meanwhile
  }
}

/** A file of text beside others; empty where it isn't there. */
export const readTextInside = async (path: string): Promise<string> =>
  (await bytesAt(path, 0, 2 ** 19)).toString('utf8');

/** A line that is cut off or damaged is none. */
function rowIn(line: string): Row[] {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === 'object' && row !== null ? [row as Row] : [];
  } catch {
    return [];
  }
}
