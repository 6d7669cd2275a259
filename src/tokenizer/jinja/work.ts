import { TemplateProblem } from './problems.ts';

/** What a template may do beside what its input asks for: about half a second of work. */
const baseUnits = 4_000_000;
const baseCharacters = 2 ** 20;
const baseItems = 2 ** 17;
/** Per character of the input: a template may look at each message from each other one. */
const unitsPerCharacter = 100;
const charactersPerCharacter = 16;

/** How deep macros and recursive loops may call each other; in Python it is about as deep. */
const maxDepth = 150;

/**
 * A limit to what one rendering does. A template comes with a model, so it may do anything that the language can: never
 * end, or double a text until memory is full. Every step and every character that is looked at or made is paid for, before
 * memory is taken. It has no clock, so a template gives the same outcome on every machine.
 */
export class Work {
  readonly maxCharacters: number;
  readonly maxItems: number;
  #units: number;
  #depth = 0;

  /** @param characters  of all texts that the template is given */
  constructor(characters: number) {
    this.#units = baseUnits + unitsPerCharacter * characters;
    this.maxCharacters = baseCharacters + charactersPerCharacter * characters;
    this.maxItems = baseItems + characters;
  }

  /** One step, and the characters or items that it touches. */
  spend(units = 1): void {
    this.#units -= units;
    if (this.#units < 0) throw new TemplateProblem('LimitError', 'one that takes too many steps');
  }

  /** Looking through the characters of a text. */
  lookThrough(characters: number): void {
    this.spend(1 + characters / 8);
  }

  /** Going through a text character by character. */
  rewrite(characters: number): void {
    this.spend(1 + characters);
  }

  /** Checks the length of a text that is about to be made. */
  characters(count: number): void {
    if (!(count <= this.maxCharacters))
      throw new TemplateProblem('LimitError', `a text of more than ${this.maxCharacters} characters`);
    this.spend(1 + count / 8);
  }

  /** Checks the length of a list that is about to be made. */
  items(count: number): void {
    if (!(count <= this.maxItems))
      throw new TemplateProblem('LimitError', `a list of more than ${this.maxItems} items`);
    this.spend(1 + count / 4);
  }

  /** A text that has been made. */
  text(text: string): string {
    this.characters(text.length);
    return text;
  }

  /** What is done within a call. */
  deeper<T>(inside: () => T): T {
    if (++this.#depth > maxDepth)
      throw new TemplateProblem('RecursionError', `more than ${maxDepth} calls within each other`);
    try {
      return inside();
    } finally {
      this.#depth--;
    }
  }
}
