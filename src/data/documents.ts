import type { BadRowReason, RowCounter } from './bad-rows.ts';
import { readLines } from './read-lines.ts';
import type { Source } from './sources.ts';

/** A part of a document; long ones come in several. */
export interface DocumentPart {
  readonly text: string;
  /** Whether the document ends with this part. */
  readonly ends: boolean;
}

/** How files are taken apart into documents. */
export interface ReadingOptions {
  /** The field of a .jsonl row that holds the text. Default: text. */
  readonly field?: string;
  /** What stands between the documents of a .txt file; `\n` and `\t` may be spelled. Default: a file is one document. */
  readonly separator?: string;
}

/** Characters after which a part of a longer document is handed on. */
const PART = 2 ** 20;
const BLOCK = 2 ** 18;

/**
 * The documents of files, one after the other, in parts of about a million characters.
 * Bad rows are counted and skipped. Line ends become `\n`; around a separator they are dropped.
 */
export async function* readDocuments(
  sources: readonly Source[],
  rows: RowCounter,
  options: ReadingOptions & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<DocumentPart, void, void> {
  for (const source of sources)
    yield* source.kind === 'jsonl'
      ? jsonDocuments(source, rows, options)
      : textDocuments(source, rows, options);
}

async function* jsonDocuments(
  source: Source,
  rows: RowCounter,
  { field = 'text', ...options }: ReadingOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<DocumentPart, void, void> {
  const { path } = source;
  for await (const line of readLines(source, options)) {
    if (line.reason) {
      rows.bad({ path, line: line.number, reason: line.reason });
      continue;
    }
    if (line.text.trim() === '') continue;
    const row = textOf(line.text, field);
    if (row.reason) {
      rows.bad({ path, line: line.number, reason: row.reason });
      continue;
    }
    rows.good();
    yield { text: row.text, ends: true };
  }
}

type Row = { readonly text: string; readonly reason?: undefined } | { readonly reason: BadRowReason };

function textOf(line: string, field: string): Row {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return { reason: 'not JSON' };
  }
  if (typeof row !== 'object' || row === null || !Object.hasOwn(row, field))
    return { reason: 'no such field' };
  const text = (row as Readonly<Record<string, unknown>>)[field];
  if (typeof text !== 'string') return { reason: 'not a text' };
  if (text.trim() === '') return { reason: 'empty' };
  if (/\p{Surrogate}/u.test(text)) return { reason: 'half a surrogate pair' };
  return { text: text.replaceAll('\r\n', '\n') };
}

async function* textDocuments(
  source: Source,
  rows: RowCounter,
  { separator, ...options }: ReadingOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<DocumentPart, void, void> {
  const cutter = new Cutter(separator?.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
  let block: string[] = [];
  let size = 0;
  for await (const line of readLines(source, options)) {
    if (line.reason) {
      rows.bad({ path: source.path, line: line.number, reason: line.reason });
      continue;
    }
    if (line.ends) rows.good();
    block.push(line.terminated ? `${line.text}\n` : line.text);
    size += line.text.length + 1;
    if (size < BLOCK) continue;
    yield* cutter.add(block.join(''));
    block = [];
    size = 0;
  }
  yield* cutter.add(block.join(''));
  yield* cutter.end();
}

/** Cuts a text that comes in blocks into documents at a separator, and long documents into parts. */
class Cutter {
  readonly #separator: string | undefined;
  #text = '';
  /** Whether the present document has handed on a part. */
  #begun = false;

  constructor(separator: string | undefined) {
    this.#separator = separator;
  }

  *add(block: string): Generator<DocumentPart, void, void> {
    this.#text += block;
    const separator = this.#separator;
    if (separator) {
      let start = 0;
      for (let at = this.#text.indexOf(separator); at >= 0; at = this.#text.indexOf(separator, start)) {
        yield* this.#document(this.#text.slice(start, at));
        start = at + separator.length;
      }
      this.#text = this.#text.slice(start);
    }
    if (this.#text.length < PART) return;
    // a separator may have begun at the end
    const cut = placeToCut(this.#text, this.#text.length - (separator?.length ?? 0));
    const text = this.#trimStart(this.#text.slice(0, cut));
    this.#text = this.#text.slice(cut);
    if (text === '') return;
    this.#begun = true;
    yield { text, ends: false };
  }

  *end(): Generator<DocumentPart, void, void> {
    yield* this.#document(this.#text);
    this.#text = '';
  }

  *#document(rest: string): Generator<DocumentPart, void, void> {
    const text = this.#separator ? this.#trimStart(rest).replace(/\n+$/, '') : rest;
    if (this.#begun || text.trim() !== '') yield { text, ends: true };
    this.#begun = false;
  }

  #trimStart(text: string): string {
    return this.#separator && !this.#begun ? text.replace(/^\n+/, '') : text;
  }
}

/**
 * Where a text can be cut at or before `limit` without another tokenisation: after a single line break between two words,
 * else before a single blank between two, as byte-level pieces do not reach over these. In a text without either: between
 * two characters.
 */
function placeToCut(text: string, limit: number): number {
  const least = Math.max(2, limit - BLOCK);
  for (let i = limit; i > least; i--)
    if (text[i - 1] === '\n' && /\S\n\S/.test(text.slice(i - 2, i + 1))) return i;
  for (let i = limit - 1; i > least; i--)
    if (text[i] === ' ' && /\S \S/.test(text.slice(i - 1, i + 2))) return i;
  return /[\ud800-\udbff]/.test(text[limit - 1]) ? limit - 1 : limit;
}
