import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import { tailStart } from '../canvas.ts';
import type { Decode, DecodeOptions } from '../decode.ts';
import type { Strategy } from '../strategies.ts';
import { automatonOf, follow } from './automaton.ts';
import { constrainedDecoder } from './constrained-decode.ts';
import type { JsonSchema } from './json-keywords.ts';
import { jsonLanguage } from './json-schema.ts';
import { possibleStates, type StateSpan, spanOf } from './possible-states.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';
import { fewestTokens, type TokenAutomaton, tokenAutomaton } from './token-automaton.ts';

/** What a person may ask for: one of the two. */
export interface Wishes {
  readonly regex?: string;
  readonly jsonSchema?: JsonSchema;
}

/** A language over a vocabulary. It doesn't depend on a canvas, so that it can be kept for the next one. */
export interface Wanted extends Wishes {
  /** The ids are from 0 to here. */
  readonly size: number;
  readonly forbidden: readonly number[];
  /** Tokens that may follow the text. */
  readonly ends: readonly number[];
}

/** What tokens are as text: see `Tokenizer`. */
export interface ConstraintSpelling {
  bytesOf(id: number): Uint8Array | undefined;
  readonly dropsFirstSpace: boolean;
}

export interface Constraint {
  readonly automaton: TokenAutomaton;
  /** Whether a text loses its first character at the beginning of a canvas: a space that the tokenizer drops. */
  readonly losesSpace: boolean;
}

/** @throws UnsupportedError  for what no automaton can describe, or too large a one */
export function compileConstraint(
  { regex, jsonSchema, ...tokens }: Wanted,
  spelling: ConstraintSpelling,
): Constraint {
  const language = automatonOf(
    regex === undefined ? jsonLanguage(jsonSchema ?? {}) : whole(parseRegularExpression(regex, 'regex')),
  );
  return {
    automaton: tokenAutomaton(language, { ...tokens, bytesOf: (id) => spelling.bytesOf(id) }),
    losesSpace: spelling.dropsFirstSpace && follow(language, Uint8Array.of(0x20)) >= 0,
  };
}

/** What is sampled, and how. */
export interface Setting {
  readonly maskId: number;
  readonly endIds: readonly number[];
  /** Before the first step   [L] */
  readonly canvas: Int32Array;
  readonly strategy?: Strategy;
  /** `compileConstraint`, perhaps with a memory. */
  readonly compile: (wanted: Wanted) => Constraint;
}

/**
 * The decoding under a constraint; undefined where none is asked for.
 *
 * The constraint is about the span from the first [MASK] of the canvas to the last: its text, with what is given in
 * between, is in the language. At the end of a canvas end tokens may follow, and fill the rest; in front of given text the
 * span has nothing else in it.
 *
 * @throws InvalidOptionError  where no text fits, with the fewest tokens that one has; for options that don't go together
 * @throws UnsupportedError    for what no automaton can describe, or too large a one
 */
export function constrain(
  { regex, jsonSchema }: Wishes,
  { temperature, topK, topP = 1, forbidden = [], deferred, vocabularySize = 0 }: DecodeOptions,
  { canvas, maskId, endIds, strategy, compile }: Setting,
): Decode | undefined {
  if (regex === undefined && jsonSchema === undefined) return undefined;
  if (regex !== undefined && jsonSchema !== undefined)
    throw new InvalidOptionError('regex', "can't be used with jsonSchema: one says what is written", regex);
  const [option, value] = regex === undefined ? ['jsonSchema', jsonSchema] : ['regex', regex];
  // the tokens that they leave at each position need not make a text together
  if (topK !== undefined) throw new InvalidOptionError('topK', `can't be used with ${option}`, topK);
  if (topP !== 1) throw new InvalidOptionError('topP', `can't be used with ${option}`, topP);
  if (strategy?.asks)
    throw new InvalidOptionError(option, "can't be kept by a strategy that replaces written tokens", value);

  const span = spanOf(canvas, maskId);
  const isOpen = tailStart(canvas, maskId) < canvas.length;
  const { automaton, losesSpace } = compile({
    regex,
    jsonSchema,
    size: vocabularySize,
    forbidden,
    ends: isOpen ? endIds : [],
  });
  if (losesSpace && span.start === 0) {
    throw new UnsupportedError(
      `${option}: this tokenizer drops a space at the beginning of a text, and what is to be written there may begin with one`,
    );
  }
  checkFits(automaton, { option, value }, canvas, span, maskId);
  return constrainedDecoder({ automaton, span, maskId, temperature, deferred });
}

function checkFits(
  automaton: TokenAutomaton,
  { option, value }: { readonly option: string; readonly value: unknown },
  canvas: Int32Array,
  span: StateSpan,
  maskId: number,
): void {
  if (span.end === 0 || possibleStates(automaton, canvas, span, maskId)[0] === 1) return;
  const length = span.end - span.start;
  const fewest = fewestTokens(automaton);
  if (fewest === Infinity)
    throw new InvalidOptionError(option, 'must admit a text that the tokenizer can write', value);
  if (canvas.subarray(span.start, span.end).some((token) => token !== maskId)) {
    const problem = `must admit a text of ${length} tokens with what is given between the holes (the shortest text has ${fewest})`;
    throw new InvalidOptionError(option, problem, value);
  }
  if (fewest > length) {
    const problem = `must be at least ${fewest} tokens, which the shortest text takes that ${option} admits`;
    throw new InvalidOptionError('length', problem, length);
  }
  const problem = `must admit a text of exactly ${length} tokens, as no end token may follow it here (the shortest has ${fewest})`;
  throw new InvalidOptionError(option, problem, value);
}
