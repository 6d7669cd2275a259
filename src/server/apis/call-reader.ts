import { plainToolForm, type ToolForm } from '../../tokenizer/tool-form.ts';

/** What is read of an answer, in order: its text, or the calls that it is, each with its arguments in pieces of JSON. */
export type ReplyPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly call: number; readonly name: string }
  | { readonly type: 'arguments'; readonly call: number; readonly json: string };

/**
 * Reads an answer that may be calls of functions, as it grows. All that isn't a call is text; what may become one is held
 * back until that is known.
 */
export class CallReader {
  readonly #form: ToolForm;
  /** Text that isn't read yet. */
  #rest = '';
  #state: 'beginning' | 'text' | 'name' | 'arguments' | 'behind' | 'over';
  #calls = 0;
  #json = new JsonEnd();

  /** @param form  absent where there are no functions */
  constructor(form: ToolForm | undefined) {
    this.#form = form ?? plainToolForm;
    this.#state = form ? 'beginning' : 'text';
  }

  /** Calls that were begun. */
  get calls(): number {
    return this.#calls;
  }

  read(text: string): ReplyPiece[] {
    this.#rest += text;
    const pieces: ReplyPiece[] = [];
    for (let before = -1; before !== this.#rest.length && this.#rest !== '';) {
      before = this.#rest.length;
      pieces.push(...this.#step(this.#form));
    }
    return pieces;
  }

  /** What was held back: half the beginning of a call is text. */
  finish(): ReplyPiece[] {
    const rest = this.#take(this.#rest.length);
    return rest !== '' && this.#state === 'beginning' ? [{ type: 'text', text: rest }] : [];
  }

  #step({ before, between, next, end }: ToolForm): ReplyPiece[] {
    switch (this.#state) {
      case 'text':
        return [{ type: 'text', text: this.#take(this.#rest.length) }];
      case 'beginning': {
        const start = this.#rest.length - this.#rest.trimStart().length;
        const begun = this.#rest.slice(start);
        if (begun.startsWith(before)) {
          this.#take(start + before.length);
          this.#state = 'name';
        } else if (!before.startsWith(begun)) this.#state = 'text';
        return this.#state === 'text' ? [{ type: 'text', text: this.#take(this.#rest.length) }] : [];
      }
      case 'name': {
        const at = this.#rest.indexOf(between);
        if (at < 0) return [];
        const name = this.#take(at);
        this.#take(between.length);
        this.#state = 'arguments';
        this.#json = new JsonEnd();
        return [{ type: 'call', call: this.#calls++, name }];
      }
      case 'arguments': {
        const length = this.#json.within(this.#rest);
        if (this.#json.isOver) this.#state = 'behind';
        return [{ type: 'arguments', call: this.#calls - 1, json: this.#take(length) }];
      }
      case 'behind':
        if (this.#rest.startsWith(next)) {
          this.#take(next.length);
          this.#state = 'name';
        } else if (!next.startsWith(this.#rest)) this.#state = 'over';
        return [];
      case 'over':
        this.#take(this.#rest.startsWith(end) ? end.length : this.#rest.length);
        return [];
      default:
        return this.#state satisfies never;
    }
  }

  #take(length: number): string {
    const taken = this.#rest.slice(0, length);
    this.#rest = this.#rest.slice(length);
    return taken;
  }
}

/** Finds the end of a JSON object that comes in pieces. */
class JsonEnd {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  isOver = false;

  /** How much of a piece belongs to the object. */
  within(piece: string): number {
    for (let i = 0; i < piece.length; i++) {
      const character = piece[i];
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#isInString) {
        if (character === '\\') this.#isEscaped = true;
        else if (character === '"') this.#isInString = false;
      } else if (character === '"') this.#isInString = true;
      else if (character === '{' || character === '[') this.#depth++;
      else if (character === '}' || character === ']') this.#depth--;
      if (this.#depth === 0) {
        this.isOver = true;
        return i + 1;
      }
    }
    return piece.length;
  }
}

/** A call of an answer that is whole. */
export interface Call {
  readonly name: string;
  /** JSON. */
  readonly json: string;
}

/** A whole answer: its text, and its calls. */
export function readReply(text: string, form: ToolForm | undefined): { text: string; calls: Call[] } {
  const reader = new CallReader(form);
  const calls: { name: string; json: string }[] = [];
  let plain = '';
  for (const piece of [...reader.read(text), ...reader.finish()]) {
    if (piece.type === 'text') plain += piece.text;
    else if (piece.type === 'call') calls.push({ name: piece.name, json: '' });
    else calls.at(-1)!.json += piece.json;
  }
  return { text: plain, calls };
}
