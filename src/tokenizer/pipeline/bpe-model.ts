import { type Merge, mergePairs, pairKey } from '../bpe.ts';
import { type TokenizerJson, vocabularyEntries } from '../tokenizer-json.ts';
import type { EncodePiece } from './encode-piece.ts';

/**
 * Byte-pair encoding over the characters of a piece, as Hugging Face's `BPE`: what the vocabulary lacks becomes its bytes
 * where all of these are tokens (`byte_fallback`), else the token for what is unknown, one for a run of it (`fuse_unk`),
 * else nothing. Dropout is for training, and not done.
 *
 * @throws Error  for merges of tokens that the vocabulary lacks, or an unknown token that it lacks
 */
export function bpeModel(model: TokenizerJson['model']): EncodePiece {
  const vocab = new Map(vocabularyEntries(model));
  const merges = mergesOf(model, vocab);
  const prefix = textIn(model, 'continuing_subword_prefix');
  const suffix = textIn(model, 'end_of_word_suffix');
  const unknown = textIn(model, 'unk_token');
  const unknownId = vocab.get(unknown);
  const { byte_fallback: fallsBack, fuse_unk: fuses, ignore_merges: takesWhole } = model;
  const bytesOf = bytesOfTokens(vocab);

  return (piece) => {
    const whole = takesWhole === true ? vocab.get(piece) : undefined;
    if (whole !== undefined) return [whole];
    const symbols: number[] = [];
    let isUnknown = false;
    const endUnknown = (): void => {
      if (isUnknown && unknownId !== undefined) symbols.push(unknownId);
      isUnknown = false;
    };
    for (let at = 0; at < piece.length;) {
      const character = String.fromCodePoint(piece.codePointAt(at)!);
      const end = at + character.length;
      const symbol = (at > 0 ? prefix : '') + character + (end === piece.length ? suffix : '');
      at = end;
      const id = vocab.get(symbol);
      const bytes = id === undefined && fallsBack === true ? bytesOf(symbol) : undefined;
      if (id !== undefined) {
        endUnknown();
        symbols.push(id);
      } else if (bytes) symbols.push(...bytes);
      else if (unknown !== '') {
        if (unknownId === undefined)
          throw new Error(`its model has the unk_token ${JSON.stringify(unknown)}, which its vocab lacks`);
        if (fuses !== true) endUnknown();
        isUnknown = true;
      }
    }
    endUnknown();
    return mergePairs(Int32Array.from(symbols), merges);
  };
}

const textIn = (model: TokenizerJson['model'], key: string): string =>
  typeof model[key] === 'string' ? model[key] : '';

const utf8 = new TextEncoder();

/** The ids of a text's bytes, `<0x41>`; undefined where one is no token. */
export function bytesOfTokens(vocab: ReadonlyMap<string, number>): (text: string) => number[] | undefined {
  const byByte = Array.from({ length: 256 }, (_, byte) =>
    vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  return (text) => {
    const ids = Array.from(utf8.encode(text), (byte) => byByte[byte]);
    return ids.every((id) => id !== undefined) ? ids : undefined;
  };
}

/** @throws Error  for a merge of tokens that the vocabulary lacks */
export function mergesOf(
  model: TokenizerJson['model'],
  ids: ReadonlyMap<string, number>,
): Map<number, Merge> {
  const byPair = new Map<number, Merge>();
  const prefix = textIn(model, 'continuing_subword_prefix');
  for (const [rank, merge] of model.merges.entries()) {
    const [left, right] = typeof merge === 'string' ? merge.split(' ') : merge;
    const joined = left + (right?.startsWith(prefix) ? right.slice(prefix.length) : right);
    const [leftId, rightId, id] = [left, right, joined].map((token) => ids.get(token));
    if (leftId === undefined || rightId === undefined || id === undefined)
      throw new Error(`merges[${rank}] ${JSON.stringify(merge)} is of tokens that the vocabulary lacks`);
    byPair.set(pairKey(leftId, rightId), { rank, id });
  }
  return byPair;
}
