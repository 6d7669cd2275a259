import { existsSync } from 'node:fs';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { permutation, uniforms } from '../../base/random.ts';
import { readJsonRows } from '../../data/json-rows.ts';
import { findSources } from '../../data/sources.ts';
import { puzzleKinds } from '../planning/kinds.ts';
import { puzzles } from '../planning/puzzle.ts';
import { readTexts } from '../read-texts.ts';
import type { TaskDefinition } from './definition.ts';

export type QuestionRow = Readonly<Record<string, unknown>>;

/** Questions, and the answered ones that stand before each. */
export interface Questions {
  readonly rows: readonly QuestionRow[];
  readonly shots: readonly QuestionRow[];
}

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
export async function questionsOf(task: TaskDefinition, asked: QuestionsAsked): Promise<Questions> {
  const { shots, limit, seed } = asked;
  const all = await rowsOf(task, asked);
  if (all.length <= shots)
    throw new InvalidOptionError('shots', `must leave a question of the ${all.length} rows`, shots);
  const order = Array.from(permutation(all.length, uniforms(seed, 'evaluation')), (i) => all[i]);
  return { shots: order.slice(0, shots), rows: order.slice(shots, shots + (limit ?? all.length)) };
}

async function rowsOf(
  task: TaskDefinition,
  { data, shots, limit = 100, seed }: QuestionsAsked,
): Promise<QuestionRow[]> {
  if (task.kind === 'generate' && task.puzzle !== undefined && data === undefined)
    return [...puzzles(puzzleKinds[task.puzzle], { count: limit + shots, seed: seed + 1, held: true })].map(
      (puzzle) => ({ ...puzzle }),
    );
  const path = data ?? task.data;
  if (path === undefined || !existsSync(path))
    throw new FileError(path ?? task.name, task.needs ?? 'data of the task', 'none', 'name it by --data');
  const rows = await readRows(path);
  const { split } = task;
  if (!split) return rows;
  const pattern = new RegExp(split.pattern, 'su');
  return rows.flatMap((row) => {
    const groups = pattern.exec(String(row[split.field] ?? ''))?.groups;
    return groups ? [{ ...row, ...groups }] : [];
  });
}

/** Objects of a JSON file or of its lines; the documents of any other. */
async function readRows(path: string): Promise<QuestionRow[]> {
  const rows: QuestionRow[] = [];
  const sources = findSources([path]);
  if (sources.every(({ kind }) => kind === 'jsonl')) {
    for (const source of sources)
      for await (const row of readJsonRows(source))
        if (row.reason === undefined && typeof row.value === 'object' && row.value !== null)
          rows.push(row.value as QuestionRow);
  } else rows.push(...(await readTexts(path, { separator: '\\n' })).map((text) => ({ text })));
  if (rows.length === 0) throw new FileError(path, 'rows of a task', 'none', 'check the file');
  return rows;
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
