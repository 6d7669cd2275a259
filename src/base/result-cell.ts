import { grouped } from './format-count.ts';
import { modelKinds } from './model-kinds.ts';

/** Columns that are shares of all that was asked, each with the digits behind the point that it has in per cent. */
const shareDigits: Readonly<Record<string, number>> = {
  known: 0,
  right: 0,
  exact: 0,
  rightForm: 0,
  solved: 0,
  repeated4: 1,
};
/** Columns of nats, which sentences say with as many digits or one less. */
const isNats = (column: string): boolean => /nats|bound|worth/i.test(column);

/**
 * A number of a table of results as sentences about it say it: a share in per cent, nats with three digits behind the point. A
 * standard error is written as what it is the error of, the first of these columns that its row has.
 */
export function resultCell(row: Readonly<Record<string, unknown>>, column: string): string {
  const value = row[column];
  if (typeof value !== 'number') {
    const word = String(value ?? '');
    return (modelKinds as Readonly<Record<string, string>>)[word] ?? word;
  }
  const of =
    column === 'standardError'
      ? (Object.keys(row).find((key) => shareDigits[key] !== undefined || isNats(key)) ?? column)
      : column;
  const digits = shareDigits[of];
  if (digits !== undefined) return `${(100 * value).toFixed(digits)} %`;
  if (isNats(of)) return value.toFixed(3);
  return Number.isInteger(value) ? grouped(value) : String(Number(value.toPrecision(4)));
}
