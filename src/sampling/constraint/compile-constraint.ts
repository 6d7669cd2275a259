// Apart from constrain.ts, which every model needs: a page loads this for a constraint alone.
import { follow } from './automaton.ts';
import { buildAutomaton } from './build-automaton.ts';
import type { JsonSchema } from './json-keywords.ts';
import { roomOf, unlimited } from './json-room.ts';
import { jsonAutomaton } from './json-schema.ts';
import { expressionOf, type Language } from './language.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';
import { tokenAutomaton, type TokenAutomaton } from './token-automaton.ts';

/** What may be asked for: one of them. */
export interface Wishes {
  readonly regex?: string;
  readonly jsonSchema?: JsonSchema;
  readonly language?: Language;
}

/** A language over a vocabulary, and how much of it is of use; it can be kept for other canvases of the kind. */
export interface Wanted extends Wishes {
  /** The ids are from 0 to here. */
  readonly size: number;
  /** Tokens that a text has at most: bounds beyond them needn't be counted. Default: any number. */
  readonly longest?: number;
  readonly forbidden: readonly number[];
  /** Tokens that may follow the text. */
  readonly ends: readonly number[];
}

/** What tokens are as text: see `Tokenizer`. */
export interface ConstraintSpelling {
  bytesOf(id: number): Uint8Array | undefined;
  readonly dropsFirstSpace: boolean;
}

/** A constraint made ready for a tokenizer. */
export interface Constraint {
  readonly automaton: TokenAutomaton;
  /** Whether a text loses its first character at the beginning of a canvas: a space that the tokenizer drops. */
  readonly losesSpace: boolean;
}

/** @throws UnsupportedError  for what no automaton can describe, or too large a one */
export function compileConstraint(
  { regex, jsonSchema, language: composed, longest, ...tokens }: Wanted,
  spelling: ConstraintSpelling,
): Constraint {
  const bytes = Array.from({ length: tokens.size }, (_, id) => spelling.bytesOf(id));
  const room = longest === undefined ? unlimited : roomOf({ length: longest, ...largestOf(bytes) });
  const language = composed
    ? buildAutomaton(expressionOf(composed, room))
    : regex === undefined
      ? jsonAutomaton(jsonSchema ?? {}, room)
      : buildAutomaton(whole(parseRegularExpression(regex, 'regex')));
  return {
    automaton: tokenAutomaton(language, { ...tokens, bytesOf: (id) => bytes[id] }),
    losesSpace: spelling.dropsFirstSpace && follow(language, Uint8Array.of(0x20)) >= 0,
  };
}

/** How many characters, and commas, a token has at most. */
function largestOf(tokens: readonly (Uint8Array | undefined)[]): { characters: number; commas: number } {
  let [characters, commas] = [1, 1];
  for (const bytes of tokens) {
    if (!bytes) continue;
    let [starts, separators] = [0, 0];
    for (const byte of bytes) {
      if ((byte & 0xc0) !== 0x80) starts += 1;
      if (byte === 0x2c) separators += 1;
    }
    characters = Math.max(characters, starts);
    commas = Math.max(commas, separators);
  }
  return { characters, commas };
}
