/** A table as CSV (RFC 4180), a column for every key; what is undefined or not a number is empty. */
export function csvOf(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => keys.map((key) => cellOf(row[key])).join());
  return [keys.map(cellOf).join(), ...lines, ''].join('\n');
}

/** A cell of CSV, in quotes where it has to be. */
export function cellOf(value: unknown): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
