import { isObject } from '../base/is-object.ts';
import { type BadRowReason, LONGEST_ROW } from './bad-rows.ts';
import { readLines } from './read-lines.ts';
import type { Source } from './sources.ts';

/** A value of a file of rows, with the line that it begins in, or why it cannot be had. */
export type JsonRow =
  | { readonly line: number; readonly value: unknown; readonly reason?: undefined }
  | { readonly line: number; readonly reason: BadRowReason };

/**
 * The rows of a file, plain or gzip: the objects of a list if it begins with `[`, however they are laid out, otherwise
 * one value in each line, which may be a list of messages. What can't be read is a row with its reason.
 */
export async function* readJsonRows(
  source: Source,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<JsonRow, void, void> {
  let list: ListScanner | undefined;
  let begun = false;
  const pieces = new Pieces();
  for await (const line of readLines(source, options)) {
    if (line.reason) {
      yield { line: line.number, reason: line.reason };
      continue;
    }
    const { text, number } = line;
    if (!begun && text.trim() !== '') {
      begun = true;
      const isRow = source.kind === 'jsonl' && holdsMessages(text);
      if (text.trimStart().startsWith('[') && !isRow) list = new ListScanner();
    }
    if (list) yield* list.add(line.terminated ? `${text}\n` : text, number);
    else {
      pieces.add(text);
      if (line.ends) yield* pieces.take(number);
    }
  }
  yield* list?.end() ?? [];
}

/** Whether a line is a list of messages, and so a row, and not a list of rows. */
function holdsMessages(text: string): boolean {
  const { value } = { value: undefined, ...parsed(text, 1) };
  return Array.isArray(value) && value.every((each) => isObject(each) && ('role' in each || 'from' in each));
}

/** Puts a row together that comes in pieces. */
class Pieces {
  #text = '';
  #isTooLong = false;

  add(text: string): void {
    this.#text += text;
    if (this.#text.length <= LONGEST_ROW) return;
    this.#isTooLong = true;
    this.#text = '';
  }

  /** The row, if there is one, and begins anew. */
  *take(line: number): Generator<JsonRow, void, void> {
    const [text, isTooLong] = [this.#text, this.#isTooLong];
    this.#text = '';
    this.#isTooLong = false;
    if (isTooLong) yield { line, reason: 'too long' };
    else if (text.trim() !== '') yield parsed(text, line);
  }
}

function parsed(text: string, line: number): JsonRow {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, reason: 'not JSON' };
  }
}

/** Finds the elements of a list in a text that comes in lines, so that only one of them need be in memory. */
class ListScanner {
  readonly #element = new Pieces();
  #line = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  *add(text: string, line: number): Generator<JsonRow, void, void> {
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const character = text[i];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (character === '\\') this.#escaped = true;
        else if (character === '"') this.#inString = false;
      } else if (character === '"') this.#inString = true;
      else if (character === '[' || character === '{') {
        this.#depth++;
        if (this.#depth === 1) from = i + 1;
      } else if (this.#depth === 1 && (character === ',' || character === ']')) {
        yield* this.#take(text.slice(from, i));
        from = i + 1;
        if (character === ']') this.#depth = 0;
      } else if (character === ']' || character === '}') this.#depth--;
      if (this.#line === 0 && this.#depth > 0 && i >= from && character.trim() !== '') this.#line = line;
    }
    if (this.#depth > 0) this.#element.add(text.slice(from));
  }

  /** What is left when the list was not ended. */
  *end(): Generator<JsonRow, void, void> {
    if (this.#depth > 0) yield { line: this.#line || 1, reason: 'not JSON' };
  }

  *#take(rest: string): Generator<JsonRow, void, void> {
    this.#element.add(rest);
    yield* this.#element.take(this.#line);
    this.#line = 0;
  }
}
