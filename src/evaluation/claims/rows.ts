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
