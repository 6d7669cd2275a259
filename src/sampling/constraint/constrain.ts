import { InvalidOptionError, UnsupportedError } from '../../errors.ts';
import { tailStart } from '../canvas.ts';
import type { Decode } from '../decode.ts';
import type { Strategy } from '../strategies.ts';
import { type Automaton, automatonOf } from './automaton.ts';
import { constrainedDecoder } from './constrained-decode.ts';
import { type JsonSchema, jsonLanguage } from './json-schema.ts';
import { possibleStates, type Span, spanOf } from './possible-states.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';
import { fewestTokens, type Spelling, type TokenAutomaton, tokenAutomaton } from './token-automaton.ts';

/** What a person may ask for: one of the two. */
export interface Wishes {
  readonly regex?: string;
  readonly jsonSchema?: JsonSchema;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP: number;
}

/** What is sampled, and how. */
export interface Setting {
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly size: number;
  readonly spelling: Spelling;
  /** Before the first step   [L] */
  readonly canvas: ArrayLike<number>;
  readonly strategy: Strategy;
  readonly forbidden: readonly number[];
  readonly deferred: readonly number[];
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
export function constrain(wishes: Wishes, setting: Setting): Decode | undefined {
  const { regex, jsonSchema, temperature, topK, topP } = wishes;
  if (regex === undefined && jsonSchema === undefined) return undefined;
  if (regex !== undefined && jsonSchema !== undefined)
    throw new InvalidOptionError(
      'regex',
      'has no use with jsonSchema: one of them says what is written',
      regex,
    );
  const option = regex === undefined ? 'jsonSchema' : 'regex';
  // the tokens that they leave at each position need not make a text together
  if (topK !== undefined) throw new InvalidOptionError('topK', `can't be used with ${option}`, topK);
  if (topP !== 1) throw new InvalidOptionError('topP', `can't be used with ${option}`, topP);
  if (setting.strategy.asks)
    throw new InvalidOptionError(
      option,
      "can't be kept by a strategy that replaces written tokens",
      wishes[option],
    );

  const language = automatonOf(
    regex === undefined ? jsonLanguage(jsonSchema!) : whole(parseRegularExpression(regex, 'regex')),
  );
  const { canvas, maskId, endIds, size, spelling, forbidden, deferred } = setting;
  const span = spanOf(canvas, maskId);
  const isOpen = tailStart(Int32Array.from(canvas), maskId) < canvas.length;
  const automaton = tokenAutomaton(language, {
    size,
    bytesOf: (id) => spelling.bytesOf(id),
    forbidden,
    ends: isOpen ? endIds : [],
  });
  checkSpace(language, option, span, spelling);
  checkFits(automaton, option, wishes[option], setting, span);
  return constrainedDecoder({ automaton, span, maskId, temperature, deferred });
}

/** A text that may begin with a space could lose it. */
function checkSpace(
  { next }: Automaton,
  option: string,
  { start }: Span,
  { dropsFirstSpace }: Spelling,
): void {
  if (!dropsFirstSpace || start > 0 || next[0x20] < 0) return;
  throw new UnsupportedError(
    `${option}: a text that may begin with a space can't be written at the beginning, where this tokenizer drops one`,
  );
}

function checkFits(
  automaton: TokenAutomaton,
  option: string,
  value: unknown,
  { canvas, maskId }: Setting,
  span: Span,
): void {
  if (span.end === 0 || possibleStates(automaton, canvas, span, maskId)[0] === 1) return;
  const length = span.end - span.start;
  const fewest = fewestTokens(automaton);
  if (fewest === Infinity)
    throw new InvalidOptionError(option, 'must admit a text that the tokenizer can write', value);
  const given = Array.from({ length }, (_, i) => canvas[span.start + i]).some((token) => token !== maskId);
  if (given) {
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
