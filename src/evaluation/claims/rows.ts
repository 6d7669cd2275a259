import type { Mean } from '../mean.ts';
import type { Finding } from './claim.ts';

type Rows = Finding['rows'];

/** Rows that have these values. */
const where = (rows: Rows, wanted: Readonly<Record<string, string>>): Rows =>
  rows.filter((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));

/** A column of the rows that have the values which are wanted, as numbers. */
export const numbersIn = (
  rows: Rows,
  column: string,
  wanted: Readonly<Record<string, string>> = {},
): number[] => where(rows, wanted).map((row) => Number(row[column]));

/** The same with the standard error of each row. */
export const meansIn = (rows: Rows, column: string, wanted: Readonly<Record<string, string>> = {}): Mean[] =>
  where(rows, wanted).map((row) => ({
    mean: Number(row[column]),
    standardError: Number(row.standardError ?? NaN),
  }));

const columnWords: Readonly<Record<string, string>> = {
  standardError: '± (one standard error)',
  objective: 'model',
  when: 'fine-tuning',
  repeated4: 'repeated runs of four words',
};

/** What a column of the rows is called for people: `natsPerToken` is “nats a token”. */
export const columnName = (key: string): string =>
  columnWords[key] ??
  key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(' per ', ' a ');
