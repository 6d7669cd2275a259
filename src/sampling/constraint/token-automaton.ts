import { UnsupportedError } from '../../base/errors.ts';
import type { Pieces } from '../../base/pieces.ts';
import type { Automaton } from './automaton.ts';

/**
 * An automaton over the tokens of a vocabulary, with one state more than the automaton over bytes: behind the text, where
 * only end tokens stand.
 *
 * Tokens that lead from the same states to the same states are one class. There are few classes: within a string of JSON
 * most words do the same. A token without a class can stand nowhere.
 */
export interface TokenAutomaton {
  /** The number of states Q, the one behind the text included, which is the last. State 0 is where it starts. */
  readonly states: number;
  /** 1 where a text may end, and behind it   [Q] */
  readonly accepting: Uint8Array;
  /** The class of each token, −1 for those that can stand nowhere   [V] */
  readonly classOf: Int32Array;
  /** The tokens of class c, ascending, from `tokenStarts[c]` on   [C + 1] */
  readonly tokenStarts: Int32Array;
  readonly tokens: Int32Array;
  /** The edges that leave state q, from `edgeStarts[q]` on   [Q + 1]: a class, and where it leads   [E] */
  readonly edgeStarts: Int32Array;
  readonly edgeClass: Int32Array;
  readonly edgeTarget: Int32Array;
}

/** The tokens that a text may be made of. */
export interface TokensOfText {
  /** The ids are from 0 to here. */
  readonly size: number;
  /** What a token adds to a text; undefined for one that is no text. */
  bytesOf(id: number): Uint8Array | undefined;
  /** Tokens that may not stand anywhere. */
  readonly forbidden: readonly number[];
  /** Tokens that may stand behind the text, unless they are forbidden. */
  readonly ends: readonly number[];
}

/** Pairs of states over all classes: beyond this a step would take longer than the network. */
const maxPairs = 20_000_000;

/**
 * The automaton over tokens that accepts what the automaton over bytes does, and end tokens behind it: L · end*.
 *
 * A token is a function on states, that of its bytes one after the other. Functions are numbered, so that each is followed
 * by each byte once, whatever the number of tokens: the cost is the bytes of the vocabulary and the pairs of all functions.
 *
 * @throws UnsupportedError  when there are too many
 */
export function tokenAutomaton(
  automaton: Automaton,
  { size, bytesOf, forbidden, ends }: TokensOfText,
): TokenAutomaton {
  const behind = automaton.accepting.length;
  const functions = new Functions(automaton);
  const functionOf = new Int32Array(size).fill(NOWHERE);
  for (let id = 0; id < size; id++) {
    const bytes = bytesOf(id);
    if (bytes === undefined || bytes.length === 0) continue;
    let at = IDENTITY;
    for (let i = 0; i < bytes.length && at !== NOWHERE; i++) at = functions.followedBy(at, bytes[i]);
    functionOf[id] = at;
  }

  const accepting = [...automaton.accepting.keys()].filter((q) => automaton.accepting[q] === 1);
  const end = functions.number(Int32Array.from([...accepting, behind].flatMap((q) => [q, behind])));
  for (const id of ends) functionOf[id] = end;
  for (const id of forbidden) functionOf[id] = NOWHERE;

  // only functions that a token has are classes
  const classes = new Map<number, number>();
  const classOf = functionOf.map((f) => {
    if (f === NOWHERE) return -1;
    if (!classes.has(f)) classes.set(f, classes.size);
    return classes.get(f)!;
  });
  return {
    states: behind + 1,
    accepting: Uint8Array.from([...automaton.accepting, 1]),
    classOf,
    ...grouped(classOf, classes.size),
    ...edges(
      [...classes.keys()].map((f) => functions.pairs(f)),
      behind + 1,
    ),
  };
}

const NOWHERE = -1;
const IDENTITY = 0;

/** Partial functions on states as pairs (q, f(q)), ascending by q; equal ones have one number. */
class Functions {
  readonly #automaton: Automaton;
  readonly #pairs: Int32Array[] = [];
  /** The number of f followed by a class of bytes; UNKNOWN before it was asked. */
  readonly #followed: Int32Array[] = [];
  readonly #byHash = new Map<number, number[]>();
  #total = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.number(Int32Array.from({ length: 2 * automaton.accepting.length }, (_, k) => k >> 1));
  }

  pairs(f: number): Int32Array {
    return this.#pairs[f];
  }

  followedBy(f: number, byte: number): number {
    const { next, classOf, classes } = this.#automaton;
    const c = classOf[byte];
    const known = this.#followed[f][c];
    if (known !== UNKNOWN) return known;
    const pairs = this.#pairs[f];
    const followed = new Int32Array(pairs.length);
    let length = 0;
    for (let k = 0; k < pairs.length; k += 2) {
      const target = next[pairs[k + 1] * classes + c];
      if (target < 0) continue;
      followed[length++] = pairs[k];
      followed[length++] = target;
    }
    const number = length === 0 ? NOWHERE : this.number(followed.slice(0, length));
    this.#followed[f][c] = number;
    return number;
  }

  number(pairs: Int32Array): number {
    let hash = 0;
    for (let k = 0; k < pairs.length; k++) hash = Math.imul(hash ^ pairs[k], 0x01000193);
    const same = this.#byHash.get(hash) ?? [];
    const known = same.find((f) => equal(this.#pairs[f], pairs));
    if (known !== undefined) return known;
    this.#total += pairs.length / 2;
    if (this.#total > maxPairs) {
      throw new UnsupportedError(
        'the constraint is too large for this vocabulary: shorten what is repeated a bounded number of times',
      );
    }
    const number = this.#pairs.push(pairs) - 1;
    this.#followed.push(new Int32Array(this.#automaton.classes).fill(UNKNOWN));
    this.#byHash.set(hash, [...same, number]);
    return number;
  }
}

const UNKNOWN = -2;

function equal(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The tokens of each class. */
function grouped(classOf: Int32Array, C: number): Pick<TokenAutomaton, 'tokenStarts' | 'tokens'> {
  const tokenStarts = new Int32Array(C + 1);
  for (const c of classOf) if (c >= 0) tokenStarts[c + 1] += 1;
  for (let c = 0; c < C; c++) tokenStarts[c + 1] += tokenStarts[c];
  const tokens = new Int32Array(tokenStarts[C]);
  const filled = tokenStarts.slice();
  for (const [id, c] of classOf.entries()) if (c >= 0) tokens[filled[c]++] = id;
  return { tokenStarts, tokens };
}

/** From pairs by class to edges by state. */
function edges(
  pairs: readonly Int32Array[],
  Q: number,
): Pick<TokenAutomaton, 'edgeStarts' | 'edgeClass' | 'edgeTarget'> {
  const edgeStarts = new Int32Array(Q + 1);
  for (const list of pairs) for (let k = 0; k < list.length; k += 2) edgeStarts[list[k] + 1] += 1;
  for (let q = 0; q < Q; q++) edgeStarts[q + 1] += edgeStarts[q];
  const edgeClass = new Int32Array(edgeStarts[Q]);
  const edgeTarget = new Int32Array(edgeStarts[Q]);
  const filled = edgeStarts.slice();
  for (const [c, list] of pairs.entries()) {
    for (let k = 0; k < list.length; k += 2) {
      const e = filled[list[k]]++;
      edgeClass[e] = c;
      edgeTarget[e] = list[k + 1];
    }
  }
  return { edgeStarts, edgeClass, edgeTarget };
}

/** How many tokens the shortest text has, end tokens not counted; Infinity where the vocabulary can write none. */
export function fewestTokens({ states, accepting, edgeStarts, edgeTarget }: TokenAutomaton): number {
  const distance = new Float64Array(states).fill(Infinity);
  distance[0] = 0;
  const waiting = [0];
  for (let k = 0; k < waiting.length; k++) {
    const q = waiting[k];
    if (accepting[q]) return distance[q];
    for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++) {
      const target = edgeTarget[e];
      if (distance[target] < Infinity) continue;
      distance[target] = distance[q] + 1;
      waiting.push(target);
    }
  }
  return Infinity;
}

/** Of how many tokens there are texts: 1 at n where there is one of n tokens, end tokens counted   [most + 1] */
export function* lengthsOf(
  { states, accepting, edgeStarts, edgeTarget }: TokenAutomaton,
  most: number,
): Pieces<Uint8Array> {
  const lengths = new Uint8Array(most + 1);
  let reached = new Uint8Array(states);
  reached[0] = 1;
  for (let n = 0; n <= most; n++) {
    const next = new Uint8Array(states);
    for (let q = 0; q < states; q++) {
      if (reached[q] === 0) continue;
      if (accepting[q] === 1) lengths[n] = 1;
      for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++) next[edgeTarget[e]] = 1;
    }
    reached = next;
    yield edgeTarget.length;
  }
  return lengths;
}
