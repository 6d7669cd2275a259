/** A place in a pattern that is being read. */
export class PatternCursor {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get rest(): string {
    return this.#pattern.slice(this.#at, this.#at + 8);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#pattern.length;
  }

  /** Whether a text stands here, which is then skipped. */
  take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What matches here, which is then skipped. @param sticky  with the flag y */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#pattern) ?? undefined;
    if (found) this.#at = sticky.lastIndex;
    return found;
  }

  /** The code point that stands here, which is then skipped. */
  next(): number {
    const codePoint = this.#pattern.codePointAt(this.#at);
    if (codePoint === undefined) return this.refuse('an end in the middle');
    this.#at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** What stands before the next place of a text; both are skipped. */
  until(text: string): string {
    const end = this.#pattern.indexOf(text, this.#at);
    if (end < 0) return this.refuse(`no ${text}`);
    const found = this.#pattern.slice(this.#at, end);
    this.#at = end + text.length;
    return found;
  }

  /** @throws Error  a sentence that names the pattern */
  refuse(what: string): never {
    const shown = JSON.stringify(this.#pattern.slice(0, 80));
    throw new Error(`the regular expression ${shown} has ${what}, which is not supported`);
  }
}
