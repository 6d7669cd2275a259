import { permutation, uniforms } from '../base/random.ts';
import type { WindowSpan } from './windows.ts';

/** The windows that are learned, and those that are held out. */
export interface Split {
  readonly training: readonly WindowSpan[];
  readonly validation: readonly WindowSpan[];
}

/**
 * Holds out a share of the documents for validation, the same whatever the seed of a run, so that runs can be compared.
 * Where that would be less than one document, the last share of each document's tokens is held out: of a single text, its end.
 *
 * @param ends  where each document ends
 */
export function splitDocuments(ends: Float64Array, share: number): Split {
  const documents = Array.from(ends, (end, i): WindowSpan => ({ start: i === 0 ? 0 : ends[i - 1], end }));
  if (share === 0) return { training: documents, validation: [] };
  const count = Math.round(share * documents.length);
  if (count < 1) {
    const cuts = documents.map(({ start, end }) => start + Math.floor((1 - share) * (end - start)));
    return {
      training: documents.map(({ start }, i) => ({ start, end: cuts[i] })),
      validation: documents.map(({ end }, i) => ({ start: cuts[i], end })),
    };
  }
  const heldOut = [...permutation(documents.length, uniforms(0, 'split')).subarray(0, count).sort()];
  const held = new Set(heldOut);
  return {
    training: documents.filter((_, i) => !held.has(i)),
    validation: heldOut.map((i) => documents[i]),
  };
}
