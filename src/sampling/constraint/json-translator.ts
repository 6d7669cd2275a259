import type { Expression } from './expression.ts';
import type { Placed } from './json-keywords.ts';
import type { Room } from './json-room.ts';
import type { Punctuation } from './json-text.ts';

/** What arrays and objects have their members translated by. */
export interface Translator {
  readonly room: Room;
  readonly punctuation: Punctuation;
  /** The texts of values that all of some schemas admit. */
  of(all: readonly Placed<unknown>[], trail: readonly string[]): Expression;
  /** Such a translator for texts of which each value has one. */
  canonical(): Translator;
}

/** Schemas of which all have to hold, and the references that led to them. */
export interface Together {
  readonly all: readonly Placed[];
  readonly place: string;
  readonly trail: readonly string[];
}
