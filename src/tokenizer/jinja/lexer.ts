import { decodeEscapes } from './escapes.ts';
import { syntaxError } from './problems.ts';

/** A piece of a template; `data` is what stands outside of tags. */
export type Token =
  | { readonly type: 'data' | 'name' | 'string' | 'operator'; readonly text: string; readonly line: number }
  | { readonly type: 'integer'; readonly value: bigint; readonly text: string; readonly line: number }
  | { readonly type: 'float'; readonly value: number; readonly text: string; readonly line: number }
  | { readonly type: TagEdge | 'end'; readonly text: string; readonly line: number };

type TagEdge = 'block_begin' | 'block_end' | 'variable_begin' | 'variable_end';

/** The blanks of Python's `\s` and `str.strip`. */
export const PYTHON_BLANK =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

const BLANKS = new RegExp(`${PYTHON_BLANK}*`, 'y');
const BLANKS_AT_END = new RegExp(`${PYTHON_BLANK}+$`);
const BLANK_LINE_START = new RegExp(`^${PYTHON_BLANK}+$`);
const RAW_BEGIN = new RegExp(`\\{%([-+]?)${PYTHON_BLANK}*raw${PYTHON_BLANK}*(-?)%\\}`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${PYTHON_BLANK}*endraw${PYTHON_BLANK}*([-+]?)%\\}`, 'g');
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{ID_Continue}_]+/uy;
const NAME_START = /^[\p{ID_Start}_]/u;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|<=|>=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * The tokens of a template of Jinja, with `trim_blocks` and `lstrip_blocks` as transformers sets them: a newline behind
 * a block goes, and so do blanks before a block that begins a line. Line ends of all systems are `\n`.
 *
 * @throws TemplateProblem  where a character can't stand, or a tag isn't closed
 */
export function tokenize(template: string): Token[] {
  return new Lexer(template).all();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  #line = 1;
  #lineKnownTo = 0;
  /** Whether what was read last ended a line: then blanks before the next block begin one. */
  #startsLine = true;

  constructor(template: string) {
    this.#source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  }

  all(): Token[] {
    while (this.#position < this.#source.length) {
      const at = this.#nextTag();
      if (at < 0) {
        this.#push('data', this.#source.slice(this.#position));
        break;
      }
      this.#readTag(at);
    }
    this.#push('end', '');
    return this.#tokens;
  }

  #push(type: 'data' | 'name' | 'string' | 'operator' | 'end' | TagEdge, text: string): void {
    if (type !== 'data' || text !== '') this.#tokens.push({ type, text, line: this.#lineAt(this.#position) });
  }

  #lineAt(position: number): number {
    for (let i = this.#source.indexOf('\n', this.#lineKnownTo); i >= 0 && i < position;) {
      this.#line++;
      this.#lineKnownTo = i + 1;
      i = this.#source.indexOf('\n', this.#lineKnownTo);
    }
    return this.#line;
  }

  /** Where the next `{{`, `{%` or `{#` stands; -1 if there is none. */
  #nextTag(): number {
    let at = this.#source.indexOf('{', this.#position);
    while (at >= 0 && !'{%#'.includes(this.#source[at + 1] || ' ')) at = this.#source.indexOf('{', at + 1);
    return at;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#source) ?? undefined;
  }

  #skipBlanks(): void {
    this.#position += this.#match(BLANKS)![0].length;
  }

  #readTag(at: number): void {
    const before = this.#source.slice(this.#position, at);
    const kind = this.#source[at + 1];
    this.#position = at;
    const raw = kind === '%' ? this.#match(RAW_BEGIN) : undefined;
    const sign = raw ? raw[1] : ('-+'.includes(this.#source[at + 2] || ' ') && this.#source[at + 2]) || '';
    this.#push('data', this.#stripped(before, sign, kind !== '{'));
    this.#position = at + (raw ? raw[0].length : 2 + sign.length);
    this.#startsLine = false;
    if (raw) this.#readRaw(raw[2] === '-');
    else if (kind === '#') this.#readComment();
    else if (kind === '%') this.#readInside('block_begin', 'block_end');
    else this.#readInside('variable_begin', 'variable_end');
  }

  /** What stays of the text before a tag. */
  #stripped(before: string, sign: string, isBlock: boolean): string {
    if (sign === '-') return before.replace(BLANKS_AT_END, '');
    if (sign === '+' || !isBlock) return before;
    const lineStart = before.lastIndexOf('\n') + 1;
    if (lineStart === 0 && !this.#startsLine) return before;
    return BLANK_LINE_START.test(before.slice(lineStart)) ? before.slice(0, lineStart) : before;
  }

  /** Behind the end of a block or a comment. */
  #closeBlock(sign: string): void {
    if (sign === '-') this.#skipBlanks();
    else if (sign !== '+' && this.#source[this.#position] === '\n') this.#position++;
    this.#startsLine = this.#source[this.#position - 1] === '\n';
  }

  #readComment(): void {
    const end = this.#source.indexOf('#}', this.#position);
    if (end < 0) throw syntaxError('a comment without end', this.#lineAt(this.#position));
    const sign = end > this.#position ? this.#source[end - 1] : '';
    this.#position = end + 2;
    this.#closeBlock(sign);
  }

  #readRaw(skipBlanks: boolean): void {
    if (skipBlanks) this.#skipBlanks();
    this.#startsLine = this.#source[this.#position - 1] === '\n';
    const end = this.#match(RAW_END);
    if (!end) throw syntaxError('a raw block without end', this.#lineAt(this.#position));
    this.#push('data', this.#stripped(this.#source.slice(this.#position, end.index), end[1], true));
    this.#position = end.index + end[0].length;
    this.#closeBlock(end[2]);
  }

  /** The tokens of an expression or a statement, up to its end tag, which counts only outside of brackets. */
  #readInside(begin: TagEdge, end: TagEdge): void {
    this.#push(begin, '');
    const closing: string[] = [];
    const endOfTag = end === 'block_end' ? /([-+]?)%\}/y : /(-?)\}\}/y;
    for (;;) {
      this.#skipBlanks();
      const ended = closing.length === 0 ? this.#match(endOfTag) : undefined;
      if (ended) {
        this.#push(end, '');
        this.#position += ended[0].length;
        if (end === 'block_end') this.#closeBlock(ended[1]);
        else {
          if (ended[1] === '-') this.#skipBlanks();
          this.#startsLine = this.#source[this.#position - 1] === '\n';
        }
        return;
      }
      this.#readToken(closing);
    }
  }

  #readToken(closing: string[]): void {
    const line = this.#lineAt(this.#position);
    const afterDot = this.#source[this.#position - 1] === '.';
    const float = afterDot ? undefined : this.#match(FLOAT);
    const integer = float ? undefined : this.#match(INTEGER);
    const number = (float ?? integer)?.[0];
    if (number !== undefined) {
      const digits = number.replaceAll('_', '');
      if (float) this.#tokens.push({ type: 'float', value: Number(digits), text: number, line });
      else this.#tokens.push({ type: 'integer', value: BigInt(digits.toLowerCase()), text: number, line });
      this.#position += number.length;
      return;
    }
    const name = this.#match(NAME)?.[0];
    const string = name === undefined ? this.#match(STRING)?.[0] : undefined;
    const operator = string === undefined ? this.#match(OPERATOR)?.[0] : undefined;
    const text = name ?? string ?? operator;
    if (text === undefined) {
      const found = this.#source[this.#position];
      throw syntaxError(
        found === undefined ? 'a tag without end' : `a character that can't be there: ${found}`,
        line,
      );
    }
    if (name !== undefined) {
      if (!NAME_START.test(name)) throw syntaxError(`${name} is no name`, line);
      this.#push('name', name);
    } else if (string !== undefined) this.#push('string', decodeEscapes(string.slice(1, -1), line));
    else {
      if (text in CLOSING) closing.push(CLOSING[text]);
      else if (')]}'.includes(text) && closing.pop() !== text) throw syntaxError(`unexpected ${text}`, line);
      this.#push('operator', text);
    }
    this.#position += text.length;
  }
}
