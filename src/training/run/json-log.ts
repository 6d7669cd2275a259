import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';

/**
 * A file of JSON lines that only grows. Writing is best effort: a full disk costs lines, never the run.
 * A line is written whole or not at all.
 */
export class JsonLog {
  /** Lines that could not be written. */
  lost = 0;
  readonly path: string;
  #file: number | undefined;
  #bytes = 0;

  /**
   * Opens the log, cut back to its first `bytes` bytes: what came after a checkpoint is written again by the resumed run.
   * Without `bytes` it goes on after its last whole line.
   */
  constructor(path: string, bytes?: number) {
    this.path = path;
    bestEffort(() => {
      this.#file = openSync(path, existsSync(path) ? 'r+' : 'wx+');
    });
    this.#attempt((file) => {
      const { size } = fstatSync(file);
      this.#bytes = endOfLines(file, Math.min(bytes ?? size, size));
      ftruncateSync(file, this.#bytes);
    });
  }

  /** Bytes written, to which a later opening can cut it back. */
  get bytes(): number {
    return this.#bytes;
  }

  write(row: object): void {
    const line = Buffer.from(`${JSON.stringify(row, finite)}\n`);
    const written = this.#attempt((file) => {
      for (let at = 0; at < line.length;) at += writeSync(file, line, at, line.length - at, this.#bytes + at);
      this.#bytes += line.length;
    });
    if (written) return;
    this.lost += 1;
    this.#attempt((file) => ftruncateSync(file, this.#bytes));
  }

  /** Asks the disk to keep what was written. */
  sync(): void {
    this.#attempt((file) => fsyncSync(file));
  }

  close(): void {
    this.#attempt((file) => closeSync(file));
    this.#file = undefined;
  }

  #attempt(act: (file: number) => void): boolean {
    if (this.#file === undefined) return false;
    return bestEffort(() => act(this.#file!));
  }
}

/** Whether an act on files succeeded. What the system refuses is an answer; anything else is thrown. */
export function bestEffort(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return false;
    throw error;
  }
}

/** JSON has no NaN: a loss that is not finite is written as a word, because null would read as "not measured". */
const finite = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** The end of the last whole line within the first `bytes` bytes. */
function endOfLines(file: number, bytes: number): number {
  const chunk = Buffer.alloc(4096);
  for (let end = bytes; end > 0;) {
    const start = Math.max(0, end - chunk.length);
    const read = readSync(file, chunk, 0, end - start, start);
    const newline = chunk.subarray(0, read).lastIndexOf(10);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** The rows of a JSON log that can be read; a damaged line is left out. What is no file, as a pipe, has none. */
export function readLogRows(path: string): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  bestEffort(() => {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (fstatSync(file).isFile()) for (const line of linesIn(file)) rows.push(...rowIn(line));
    } finally {
      closeSync(file);
    }
  });
  return rows;
}

/** A longer line is none that we write. */
const maxLine = 2 ** 20;

/** The lines of a file, which as a whole may be longer than any text. */
function* linesIn(file: number): Generator<string> {
  const chunk = Buffer.alloc(maxLine);
  let rest = Buffer.alloc(0);
  for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
    let bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield bytes.toString('utf8', 0, end);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes.length > maxLine ? Buffer.alloc(0) : bytes;
  }
  yield rest.toString('utf8');
}

function rowIn(line: string): Record<string, unknown>[] {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === 'object' && row !== null ? [row as Record<string, unknown>] : [];
  } catch {
    return [];
  }
}
