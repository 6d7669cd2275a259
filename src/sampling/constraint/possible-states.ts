import type { Pieces } from '../../base/pieces.ts';
import type { TokenAutomaton } from './token-automaton.ts';

/** The stretch of a canvas that a constraint is about: from the first [MASK] to the last. */
export interface StateSpan {
  readonly start: number;
  /** Behind the last. */
  readonly end: number;
}

/** @param canvas  before the first step, while it has all its masks */
export function spanOf(canvas: ArrayLike<number>, maskId: number): StateSpan {
  const positions = Array.from({ length: canvas.length }, (_, i) => i).filter((i) => canvas[i] === maskId);
  return { start: positions[0] ?? 0, end: (positions.at(-1) ?? -1) + 1 };
}

/**
 * The states in which a text can be before each position of a span, so that the given tokens are in it and it can be
 * completed in exactly the tokens that are left: 1 where it can.
 *
 *     possible_i(q)  ⇔  q is reached from the start by x_<i  and  acceptance is reached from q by x_≥i
 *
 * where a mask is any token and a given token is itself. The canvas can be completed if and only if `possible[0]` is 1.
 *
 * @returns  [end − start + 1, Q]
 */
export function* possibleStates(
  automaton: TokenAutomaton,
  xt: ArrayLike<number>,
  { start, end }: StateSpan,
  maskId: number,
): Pieces<Uint8Array> {
  const { states: Q, accepting, classOf, edgeStarts, edgeClass, edgeTarget } = automaton;
  const n = end - start;
  const possible = new Uint8Array((n + 1) * Q);
  const classAt = (i: number): number => {
    const token = xt[start + i];
    return token === maskId ? ANY : (classOf[token] ?? -1);
  };
  possible[0] = 1;
  for (let i = 0; i < n; i++) {
    const wanted = classAt(i);
    for (let q = 0; q < Q; q++) {
      if (possible[i * Q + q] === 0) continue;
      for (let e = edgeStarts[q]; e < edgeStarts[q + 1]; e++)
        if (wanted === ANY || edgeClass[e] === wanted) possible[(i + 1) * Q + edgeTarget[e]] = 1;
    }
    yield edgeClass.length;
  }
  for (let q = 0; q < Q; q++) possible[n * Q + q] &= accepting[q];
  for (let i = n - 1; i >= 0; i--) {
    const wanted = classAt(i);
    for (let q = 0; q < Q; q++) {
      if (possible[i * Q + q] === 0) continue;
      let goesOn = 0;
      for (let e = edgeStarts[q]; e < edgeStarts[q + 1] && goesOn === 0; e++)
        if (wanted === ANY || edgeClass[e] === wanted) goesOn = possible[(i + 1) * Q + edgeTarget[e]];
      possible[i * Q + q] = goesOn;
    }
    yield edgeClass.length;
  }
  return possible;
}

const ANY = -2;
