import { isWordCharacter } from './character-set.ts';
import type { Place } from './nodes.ts';
import { parsePattern } from './parser.ts';
import { type Program, programOf } from './program.ts';

/** What a regular expression matches in a text, from left to right, in UTF-16 code units. */
export type FindAll = (text: string) => readonly (readonly [start: number, end: number])[];

/**
 * The function that finds all matches of a pattern of Oniguruma, in time linear in the text whatever the pattern: a fork of
 * the pattern at a place of the text that led nowhere once is not gone into again.
 *
 * An empty match isn't one right behind another match.
 *
 * @throws Error  for a pattern that isn't supported, see `parsePattern`
 */
export function patternFinder(pattern: string): FindAll {
  const program = programOf(parsePattern(pattern));
  return (text) => {
    const matcher = new Matcher(program, text);
    const found: [number, number][] = [];
    for (let from = 0; from <= text.length;) {
      const end = matcher.run(program.start, from);
      const isMatch = end >= 0 && (end > from || found.at(-1)?.[1] !== from);
      if (isMatch) found.push([from, end]);
      from = isMatch && end > from ? end : from + widthAt(text, from);
    }
    return found;
  };
}

const widthAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);

/** Ways through a program within the program with more forks are remembered, shorter ones are gone again. */
const longWay = 32;

class Matcher {
  readonly #program: Program;
  readonly #text: string;
  /** A bit for each fork at each place: whether it was gone into and led nowhere. */
  readonly #failed: Uint32Array;
  /** Where a program within the program ends that comes to a fork at a place, for those that go far. */
  readonly #ends = new Map<number, number>();

  constructor(program: Program, text: string) {
    this.#program = program;
    this.#text = text;
    this.#failed = new Uint32Array(Math.ceil((program.forks * (text.length + 1)) / 32));
  }

  /**
   * Where the first way through a program from a place on ends; -1 where there is none.
   *
   * @param isInner  whether it is a program within the program, which is asked at many places
   */
  run(start: number, from: number, isInner = false): number {
    const { instructions } = this.#program;
    const failed = this.#failed;
    const places = this.#text.length + 1;
    // second ways that are left: instruction, place, length of `path`
    const left: number[] = [];
    // the forks on the way: should it lead through, they have not failed
    const path: number[] = [];
    let at = from;
    let pc = start;
    for (;;) {
      const instruction = instructions[pc];
      let isOn = true;
      switch (instruction.does) {
        case 'take':
          at = this.#behind(at, instruction.set);
          isOn = at >= 0;
          pc++;
          break;
        case 'fork': {
          const key = instruction.number * places + at;
          const bit = 1 << (key & 31);
          const known = isInner && this.#ends.size > 0 ? this.#ends.get(key) : undefined;
          if (known !== undefined) return this.#through(path, known, isInner);
          isOn = (failed[key >>> 5] & bit) === 0;
          if (isOn) {
            failed[key >>> 5] |= bit;
            path.push(key);
            left.push(instruction.second, at, path.length);
            pc = instruction.first;
          }
          break;
        }
        case 'jump':
          pc = instruction.to;
          break;
        case 'assert':
          isOn = this.#holds(instruction.place, at);
          pc++;
          break;
        case 'look':
          isOn =
            instruction.starts.some(([inner, back]) => this.#sees(inner, at, back)) !== instruction.negative;
          pc++;
          break;
        case 'once':
          at = this.run(instruction.start, at, true);
          isOn = at >= 0;
          pc++;
          break;
        case 'end':
          return this.#through(path, at, isInner);
      }
      if (isOn) continue;
      if (left.length === 0) return -1;
      path.length = left.pop()!;
      at = left.pop()!;
      pc = left.pop()!;
    }
  }

  /** The place behind the character at a place if it is one of a set; -1 if it isn't. */
  #behind(at: number, set: (codePoint: number) => boolean): number {
    const codePoint = at < this.#text.length ? this.#text.codePointAt(at)! : -1;
    if (codePoint < 0 || !set(codePoint)) return -1;
    return at + (codePoint > 0xffff ? 2 : 1);
  }

  /** Forgets that the forks of a way that led through were gone into. */
  #through(path: readonly number[], end: number, isInner: boolean): number {
    for (const key of path) this.#failed[key >>> 5] &= ~(1 << (key & 31));
    if (isInner && path.length > longWay) for (const key of path) this.#ends.set(key, end);
    return end;
  }

  #sees(start: number, at: number, back: number): boolean {
    let from = at;
    for (let i = 0; i < back; i++) {
      if (from === 0) return false;
      from -= from > 1 && widthAt(this.#text, from - 2) === 2 ? 2 : 1;
    }
    return this.run(start, from, true) >= 0;
  }

  #holds(place: Place, at: number): boolean {
    const text = this.#text;
    const isWord = (from: number): boolean => {
      const codePoint = text.codePointAt(from);
      return codePoint !== undefined && isWordCharacter(codePoint);
    };
    const before = at > 1 && widthAt(text, at - 2) === 2 ? at - 2 : at - 1;
    switch (place) {
      case 'text start':
        return at === 0;
      case 'text end':
        return at === text.length;
      case 'last line end':
        return at === text.length || (at === text.length - 1 && text[at] === '\n');
      case 'line start':
        return at === 0 || (text[at - 1] === '\n' && at < text.length);
      case 'line end':
        return at === text.length || text[at] === '\n';
      case 'word edge':
        return (at > 0 && isWord(before)) !== isWord(at);
      case 'no word edge':
        return (at > 0 && isWord(before)) === isWord(at);
    }
  }
}
