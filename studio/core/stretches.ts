import {
  type Filling,
  type HoleLength,
  holeLengthOf,
  likenesses,
  typedLength,
  type WantedLength,
} from './filling.ts';
import { isObject } from '../../src/base/is-object.ts';

/** A part of a text. */
export interface Stretch {
  readonly from: number;
  /** Behind the last character. */
  readonly to: number;
}

/** Whether two stretches have a character in common. */
export const overlap = (one: Stretch, other: Stretch): boolean => one.from < other.to && one.to > other.from;

/** The stretches of a text in what was kept of it, in order; whatever is none, or does not lie in the text, is left out. */
export function stretchesIn(kept: unknown, text: string): Stretch[] {
  const all: unknown[] = Array.isArray(kept) ? kept : [];
  return all
    .filter((one): one is Stretch => isStretch(one, text.length))
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => a.from - b.from);
}

/** A word of a text, how likely a model finds it, and why it was left as it is, once that was asked. */
export interface KeptDoubt extends Stretch {
  readonly probability: number;
  readonly left?: string;
}

/** The words of a text, likewise. */
export function doubtsIn(kept: unknown, text: string): KeptDoubt[] {
  const all: unknown[] = Array.isArray(kept) ? kept : [];
  return all
    .flatMap((one) =>
      isObject(one) && isStretch(one, text.length) && one.from < one.to && typeof one.probability === 'number'
        ? [
            {
              from: one.from,
              to: one.to,
              probability: one.probability,
              ...(typeof one.left === 'string' && { left: one.left }),
            },
          ]
        : [],
    )
    .sort((a, b) => a.from - b.from);
}

/** What may come to stand in the place of a stretch. */
export interface KeptProposal extends Stretch {
  /** Of a hole. */
  readonly length?: WantedLength;
  /** What is proposed. */
  readonly text?: string;
  /** All that was written for it. */
  readonly written: readonly Filling[];
}

/** What was proposed for a text, or the holes of it, likewise. */
export function proposalsIn(kept: unknown, text: string): KeptProposal[] {
  const all: unknown[] = Array.isArray(kept) ? kept : [];
  return all.flatMap((one): KeptProposal[] => {
    if (!isObject(one) || !isStretch(one, text.length)) return [];
    const { from, to, length, text: proposed, written } = one;
    const wanted = isObject(length) ? wantedLength(length) : undefined;
    if (!wanted && typeof proposed !== 'string') return [];
    return [
      {
        from,
        to,
        ...(wanted && { length: wanted }),
        ...(typeof proposed === 'string' && { text: proposed }),
        written: Array.isArray(written) ? written.filter(isFilling) : [],
      },
    ];
  });
}

function wantedLength(length: Readonly<Record<string, unknown>>): WantedLength | undefined {
  const like = likenesses.find((known) => known === length.like);
  return like ? { like } : holeLengthOf(typedLength(length as unknown as HoleLength));
}

const isFilling = (value: unknown): value is Filling =>
  isObject(value) &&
  typeof value.text === 'string' &&
  Array.isArray(value.pieces) &&
  value.pieces.every(
    (piece) =>
      isObject(piece) &&
      typeof piece.text === 'string' &&
      [piece.token, piece.confidence].every((number) => number === null || typeof number === 'number'),
  );

const isStretch = (value: unknown, size: number): value is Stretch =>
  isObject(value) &&
  Number.isInteger(value.from) &&
  Number.isInteger(value.to) &&
  0 <= (value.from as number) &&
  (value.from as number) <= (value.to as number) &&
  (value.to as number) <= size;
