import { InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import { inTurns } from '../../base/pieces.ts';
import { tailStart } from '../canvas.ts';
import type { DecodeOptions, LongDecode } from '../decode.ts';
import type { Strategy } from '../strategies.ts';
import type { Constraint, Wanted, Wishes } from './compile-constraint.ts';
import { constrainedDecoder } from './constrained-decode.ts';
import { possibleStates, spanOf, type StateSpan } from './possible-states.ts';
import { fewestTokens, lengthsOf, type TokenAutomaton } from './token-automaton.ts';

const wishNames = ['regex', 'jsonSchema', 'language'] as const;

/** The option that says what may be written; undefined where none does. */
export const constraintIn = (wishes: Wishes): (typeof wishNames)[number] | undefined =>
  wishNames.find((wish) => wishes[wish] !== undefined);

/** What is sampled, and how. */
export interface Setting {
  readonly maskId: number;
  readonly endIds: readonly number[];
  /** Before the first step   [L] */
  readonly canvas: Int32Array;
  readonly strategy?: Strategy;
  readonly compile: CompileConstraint;
}

/** `compileConstraint`, perhaps with a memory, or elsewhere, where a signal calls it off. */
export type CompileConstraint = (wanted: Wanted, signal?: AbortSignal) => Constraint | Promise<Constraint>;

/** Edges of an automaton times tokens: beyond this a step would take longer than most networks. */
const maxWork = 50_000_000;

/** What a constraint is compiled from, for a text of at most so many tokens. */
const wantedOf = (
  { regex, jsonSchema, language }: Wishes,
  tokens: Pick<Wanted, 'size' | 'forbidden' | 'ends'>,
  longest: number,
): Wanted => ({
  ...(language && { language }),
  regex,
  jsonSchema,
  // in powers of two, so that it is the same for canvases of about the same length
  longest: 2 ** Math.ceil(Math.log2(Math.max(1, longest))),
  ...tokens,
});

/** @throws UnsupportedError  where steps over so many tokens would take too long */
function checkWork(option: string, { edgeClass }: TokenAutomaton, tokens: number): void {
  if (edgeClass.length * tokens <= maxWork) return;
  throw new UnsupportedError(
    `${option}: the constraint is too large for ${tokens} tokens: shorten what is repeated a bounded number of times, or the text`,
  );
}

/**
 * Of how many tokens there are texts, up to `most`, where no end token may follow: 1 at n where n may be   [most + 1]
 *
 * @throws UnsupportedError  for what no automaton can describe, or too large a one
 */
export async function possibleLengths(
  most: number,
  wishes: Wishes,
  { vocabularySize = 0, forbidden = [] }: Pick<DecodeOptions, 'vocabularySize' | 'forbidden'>,
  compile: CompileConstraint,
): Promise<Uint8Array> {
  const { automaton } = await compile(wantedOf(wishes, { size: vocabularySize, forbidden, ends: [] }, most));
  checkWork(constraintIn(wishes)!, automaton, most);
  return inTurns(lengthsOf(automaton, most));
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
export async function constrain(
  wishes: Wishes,
  {
    temperature,
    topK,
    topP = 1,
    minP = 0,
    typicalP = 1,
    forbidden = [],
    deferred,
    vocabularySize = 0,
    confidenceOf = 'drawn',
  }: DecodeOptions,
  { canvas, maskId, endIds, strategy, compile }: Setting,
): Promise<LongDecode | undefined> {
  const asked = wishNames.filter((wish) => wishes[wish] !== undefined);
  if (asked.length === 0) return undefined;
  const [option, other] = asked;
  const { [option]: value } = wishes;
  if (other !== undefined)
    throw new InvalidOptionError(option, `can't be used with ${other}: one says what is written`, value);
  // the tokens that they leave at each position need not make a text together
  if (topK !== undefined) throw new InvalidOptionError('topK', `can't be used with ${option}`, topK);
  for (const [cut, share, all] of [
    ['topP', topP, 1],
    ['minP', minP, 0],
    ['typicalP', typicalP, 1],
  ] as const)
    if (share !== all) throw new InvalidOptionError(cut, `can't be used with ${option}`, share);
  if (confidenceOf !== 'drawn')
    throw new InvalidOptionError('confidenceOf', `can't be used with ${option}`, confidenceOf);
  if (strategy?.asks)
    throw new InvalidOptionError(option, "can't be kept by a strategy that replaces written tokens", value);

  const span = spanOf(canvas, maskId);
  const isOpen = tailStart(canvas, maskId) < canvas.length;
  const ends = isOpen ? endIds : [];
  const wanted = wantedOf(wishes, { size: vocabularySize, forbidden, ends }, span.end - span.start);
  const { automaton, losesSpace } = await compile(wanted);
  if (losesSpace && span.start === 0) {
    throw new UnsupportedError(
      `${option}: this tokenizer drops a space at the beginning of a text, and what is to be written there may begin with one`,
    );
  }
  checkWork(option, automaton, span.end - span.start);
  await checkFits(automaton, { option, value }, canvas, span, maskId);
  const decode = constrainedDecoder({ automaton, span, maskId, temperature, deferred });
  return (seen, uniform) => inTurns(decode(seen, uniform));
}

async function checkFits(
  automaton: TokenAutomaton,
  { option, value }: { readonly option: string; readonly value: unknown },
  canvas: Int32Array,
  span: StateSpan,
  maskId: number,
): Promise<void> {
  if (span.end === 0) return;
  const possible = await inTurns(possibleStates(automaton, canvas, span, maskId));
  if (possible[0] === 1) return;
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
