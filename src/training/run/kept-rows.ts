import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFs, replaceFile } from '../../checkpoint/durable-fs.ts';
import { fileProblem } from '../../checkpoint/file-problem.ts';
import { fingerprint } from '../../data/sources.ts';
import { FileError, InvalidOptionError } from '../../base/errors.ts';

/** Rows of data as a program has them: objects that would each be a line of a .jsonl file. */
export type Rows = Iterable<object> | AsyncIterable<object>;

/** The file of a run's directory with the rows that a program gave it. */
export const rowsName = 'rows.jsonl';

/** Where a run keeps the rows that a program gave it. */
export const rowsPlace = (runDirectory: string): string => join(runDirectory, rowsName);

/**
 * Writes the rows of a new run to its directory, where they are a file of data like any other; those of a run that is there
 * must be the same. To be called with the lock held.
 *
 * @throws InvalidOptionError  where there are none
 * @throws FileError           where the run began with others, or they can't be written
 */
export async function keepRows(runDirectory: string, rows: Rows): Promise<void> {
  const path = rowsPlace(runDirectory);
  if (existsSync(path)) {
    const hash = createHash('sha256');
    for await (const line of linesOf(rows)) hash.update(line);
    if ((await fingerprint({ path })).sha256 === hash.digest('hex')) return;
    throw new FileError(
      path,
      'the rows that are given',
      'others, with which its run began',
      'give another out',
    );
  }
  try {
    await replaceFile(nodeFs, path, () => linesOf(rows));
  } catch (error) {
    throw fileProblem(error, path, 'room for the rows that are given');
  }
}

/** Bytes of a piece that is written at once. */
const pieceBytes = 2 ** 16;

async function* linesOf(rows: Rows): AsyncGenerator<Uint8Array, void, void> {
  let piece = '';
  let count = 0;
  for await (const row of rows) {
    count += 1;
    piece += `${JSON.stringify(row)}\n`;
    if (piece.length < pieceBytes) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (count === 0) throw new InvalidOptionError('data', 'must have a row at least', 'none');
  if (piece !== '') yield Buffer.from(piece);
}
