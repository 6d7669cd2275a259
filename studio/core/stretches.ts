import { type HoleLength, holeLengthOf, likenesses, typedLength, type WantedLength } from './filling.ts';
import { isObject } from '../../src/base/is-object.ts';

/** A part of a text. */
export interface Stretch {
  readonly from: number;
  /** Behind the last character. */
  readonly to: number;
}

/** The stretches of a text in what was kept of it, in order; whatever is none, or does not lie in the text, is left out. */
export function stretchesIn(kept: unknown, text: string): Stretch[] {
  const all: unknown[] = Array.isArray(kept) ? kept : [];
  return all
    .filter((one): one is Stretch => isStretch(one, text.length))
    .map(({ from, to }) => ({ from, to }))
    .sort((a, b) => a.from - b.from);
}

/** The holes of a text, each with its length, likewise. */
export function holesIn(kept: unknown, text: string): (Stretch & { readonly length: WantedLength })[] {
  const all: unknown[] = Array.isArray(kept) ? kept : [];
  return all.flatMap((one) => {
    if (!isObject(one) || !isStretch(one, text.length) || !isObject(one.length)) return [];
    const { length: wanted } = one;
    const like = likenesses.find((known) => known === wanted.like);
    const length = like ? { like } : holeLengthOf(typedLength(wanted as unknown as HoleLength));
    return length ? [{ from: one.from, to: one.to, length }] : [];
  });
}

const isStretch = (value: unknown, size: number): value is Stretch =>
  isObject(value) &&
  Number.isInteger(value.from) &&
  Number.isInteger(value.to) &&
  0 <= (value.from as number) &&
  (value.from as number) <= (value.to as number) &&
  (value.to as number) <= size;
