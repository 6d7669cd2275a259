import { graphemes } from '../src/cli/terminal/width.ts';

/**
 * A terminal that knows the few control sequences which a live view and a prompt may use, and refuses all others.
 * Lines that leave the top go to `scrolled`, as a real terminal's scrollback.
 */
export class FakeTerminal {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** All that was written. */
  raw = '';
  readonly scrolled: string[] = [];
  cursorShown = true;
  #screen: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    [this.columns, this.rows] = [columns, rows];
  }

  /** What the screen shows, without empty lines at the end. */
  get lines(): string[] {
    const lines = this.#screen.map((cells) => cells.join('').trimEnd());
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  write(text: string): boolean {
    this.raw += text;
    const [first, ...sequences] = text.split('\u001b');
    this.#print(first);
    for (const sequence of sequences) {
      const found = /^\[(\??)(\d*)([A-Za-z])/.exec(sequence);
      if (!found) throw new Error(`a raw escape before ${JSON.stringify(sequence)}`);
      const [all, question, number, letter] = found;
      this.#control(question + letter, number === '' ? undefined : Number(number));
      this.#print(sequence.slice(all.length));
    }
    return true;
  }

  #control(name: string, number: number | undefined): void {
    if (name === 'm') return; // colours
    if (name === 'A') this.#row = Math.max(0, this.#row - (number ?? 1));
    else if (name === 'G') this.#column = (number ?? 1) - 1;
    else if (name === 'C') this.#column += number ?? 1;
    else if (name === 'D') this.#column = Math.max(0, this.#column - (number ?? 1));
    else if (name === 'K' && !number) this.#screen[this.#row].length = this.#column;
    else if (name === 'J' && !number) {
      this.#screen[this.#row].length = this.#column;
      this.#screen.length = this.#row + 1;
    } else if (name === '?h' && number === 25) this.cursorShown = true;
    else if (name === '?l' && number === 25) this.cursorShown = false;
    else if (number !== 2026) throw new Error(`control sequence ${number}${name}`);
  }

  #print(text: string): void {
    for (const line of text.split(/(\r|\n)/)) {
      if (line === '\r') this.#column = 0;
      else if (line === '\n') this.#feed();
      else for (const { text: character, width } of graphemes(line)) this.#put(character, width);
    }
  }

  #put(character: string, width: number): void {
    if ([...character].some((c) => c < ' ' || (c >= '\x7f' && c <= '\x9f'))) {
      throw new Error(`a raw control character: ${JSON.stringify(character)}`);
    }
    if (this.#column + width > this.columns) {
      this.#column = 0;
      this.#feed();
    }
    const cells = this.#screen[this.#row];
    while (cells.length < this.#column) cells.push(' ');
    if (width === 0) cells[this.#column - 1] += character;
    else cells.splice(this.#column, width, character, ...Array.from({ length: width - 1 }, () => ''));
    this.#column += width;
  }

  /** A line feed, on a terminal whose driver adds the carriage return. */
  #feed(): void {
    this.#column = 0;
    this.#row += 1;
    if (this.#row >= this.rows) {
      this.scrolled.push(this.#screen.shift()!.join('').trimEnd());
      this.#row -= 1;
    }
    this.#screen[this.#row] ??= [];
  }
}
