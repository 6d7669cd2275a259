import { existsSync } from 'node:fs';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { permutation, uniforms } from '../../base/random.ts';
import { readJsonRows } from '../../data/json-rows.ts';
import { findSources } from '../../data/sources.ts';
import { puzzleKinds } from '../planning/kinds.ts';
import { puzzles } from '../planning/puzzle.ts';
import { readTexts } from '../read-texts.ts';
import type { TaskDefinition } from './definition.ts';

/** A row of a task's data: its fields by their names. */
export type QuestionRow = Readonly<Record<string, unknown>>;

/** Questions, and the answered ones that stand before each. */
export interface Questions {
  readonly rows: readonly QuestionRow[];
  /** Which row of the data each is, counted from 0; puzzles that are made with one seed are no row of another. */
  readonly places: readonly number[];
  readonly shots: readonly QuestionRow[];
  /** Rows of the data that are no question: no object, or not of the pattern that the task splits them by. */
  readonly leftOut: number;
}

/** Which rows are asked, and in which order. */
export interface QuestionsAsked {
  readonly data?: string;
  /** Answered examples before each question. */
  readonly shots: number;
  /** Questions at most. Default: all; of a generator 100. */
  readonly limit?: number;
  /** Of the order of the rows, and which are examples. */
  readonly seed: number;
}

/**
 * The rows of a task in random order, some of them kept back as examples.
 *
 * @throws FileError, InvalidOptionError  for data that isn't there, or is too little
 */
export async function questionsOf(task: TaskDefinition, request: QuestionsAsked): Promise<Questions> {
  const { data, shots, limit, seed } = request;
  const { rows: all, leftOut } = await rowsOf(task, request);
  if (all.length <= shots)
    throw new InvalidOptionError('shots', `must leave a question of the ${all.length} rows`, shots);
  const order = [...permutation(all.length, uniforms(seed, 'evaluation'))];
  const asked = order.slice(shots, shots + (limit ?? all.length));
  const before = madePuzzle(task, data) === undefined ? 0 : all.length * seed;
  return {
    shots: order.slice(0, shots).map((i) => all[i]),
    rows: asked.map((i) => all[i]),
    places: asked.map((i) => before + i),
    leftOut,
  };
}

/** What can be asked, and how many rows can't. */
interface ReadRows {
  readonly rows: QuestionRow[];
  readonly leftOut: number;
}

/** The kind of puzzles that are made for a task, other ones for each seed; undefined where its questions are rows of data. */
export const madePuzzle = (task: TaskDefinition, data: string | undefined) =>
  task.kind === 'generate' && data === undefined ? task.puzzle : undefined;

async function rowsOf(
  task: TaskDefinition,
  { data, shots, limit = 100, seed }: QuestionsAsked,
): Promise<ReadRows> {
  const made = madePuzzle(task, data);
  if (made !== undefined) {
    const list = puzzles(puzzleKinds[made], { count: limit + shots, seed: seed + 1, held: true });
    return { rows: Array.from(list, (puzzle) => ({ ...puzzle })), leftOut: 0 };
  }
  const path = data ?? task.data;
  if (path === undefined || !existsSync(path))
    throw new FileError(path ?? task.name, task.needs ?? 'data of the task', 'none', 'name it by --data');
  const found = await readRows(path);
  const { split } = task;
  if (!split) return found;
  const pattern = new RegExp(split.pattern, 'su');
  const rows = found.rows.flatMap((row) => {
    const groups = pattern.exec(String(row[split.field] ?? ''))?.groups;
    return groups ? [{ ...row, ...groups }] : [];
  });
  if (rows.length === 0) {
    const expected = `rows whose ${split.field} is of the pattern ${split.pattern}`;
    throw new FileError(path, expected, 'none', "check the task's split");
  }
  return { rows, leftOut: found.leftOut + found.rows.length - rows.length };
}

/** Objects of a JSON file or of its lines; the documents of any other. */
async function readRows(path: string): Promise<ReadRows> {
  const rows: QuestionRow[] = [];
  let leftOut = 0;
  const sources = findSources([path]);
  if (sources.every(({ kind }) => kind === 'jsonl')) {
    for (const source of sources)
      for await (const row of readJsonRows(source))
        if (row.reason === undefined && typeof row.value === 'object' && row.value !== null)
          rows.push(row.value as QuestionRow);
        else leftOut++;
  } else rows.push(...(await readTexts(path, { separator: '\\n' })).map((text) => ({ text })));
  if (rows.length === 0) throw new FileError(path, 'rows of a task', 'none', 'check the file');
  return { rows, leftOut };
}

/** A template with the fields of a row in it. @throws InvalidOptionError  for a field that the row lacks */
export function filled(template: string, row: QuestionRow): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, field: string) => {
    const value = row[field];
    if (value === undefined)
      throw new InvalidOptionError('data', `has a row without the field ${field}`, Object.keys(row));
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}
