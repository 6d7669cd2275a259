import { InvalidOptionError, invariant } from '../base/errors.ts';
import { BYTE_CHARACTERS, BYTE_ORDER, forEachPiece } from './byte-level.ts';
import { Heap } from './heap.ts';
import {
  checkSpecialTokens,
  DEFAULT_SPECIAL_TOKENS,
  specialToken,
  vocabularyOf,
  type TokenizerJson,
} from './tokenizer-json.ts';

/** How large a vocabulary is, and what its first ids are. */
export interface BpeTrainingOptions {
  /** Tokens in all: special tokens, 256 bytes, merges. */
  readonly vocabularySize: number;
  /** They get the first ids, in this order. Default: mask, end of text. */
  readonly specialTokens?: readonly string[];
}

/**
 * A byte-level BPE learned from texts, as the content of a `tokenizer.json`.
 *
 * The pair of neighbours that occurs most often becomes a token, until the vocabulary is full (Sennrich et al. 2016,
 * over bytes as in GPT-2). Of equally frequent pairs the one with the smaller left id is taken, then the smaller right id,
 * as Hugging Face's trainer does. Pairs that occur once are not merged: a small corpus gives a smaller vocabulary than asked.
 *
 * @throws InvalidOptionError  for a vocabulary smaller than the bytes and special tokens, or special tokens that repeat
 */
export function trainByteLevelBpe(texts: Iterable<string>, options: BpeTrainingOptions): TokenizerJson {
  const pieces = new Map<string, number>();
  for (const text of texts) countPieces(text, pieces);
  return trainFromPieces(pieces, options);
}

/** Longer pieces, such as runs of line ends, are counted in parts of so many code points: no merge needs to see more. */
const longestPiece = 1024;

/** Adds the pieces of a text to how often each occurs: for texts that come one after the other. */
export function countPieces(text: string, counts: Map<string, number>): void {
  const count = (piece: string) => void counts.set(piece, (counts.get(piece) ?? 0) + 1);
  forEachPiece(text, (piece) => {
    if (piece.length <= longestPiece) count(piece);
    else for (const [part] of piece.matchAll(partsOfPieces)) count(part);
  });
}

const partsOfPieces = new RegExp(`[^]{1,${longestPiece}}`, 'gu');

/** As `trainByteLevelBpe`, from how often each piece occurs. */
export function trainFromPieces(
  pieces: ReadonlyMap<string, number>,
  options: BpeTrainingOptions,
): TokenizerJson {
  const { vocabularySize, specialTokens = DEFAULT_SPECIAL_TOKENS } = options;
  const least = specialTokens.length + 256;
  if (!Number.isSafeInteger(vocabularySize) || vocabularySize < least || vocabularySize > MAX_VOCABULARY)
    throw new InvalidOptionError(
      'vocabularySize',
      `must be a whole number from ${least} (256 bytes and ${specialTokens.length} special tokens) to ${MAX_VOCABULARY}`,
      vocabularySize,
    );
  checkSpecialTokens(specialTokens);

  const tokens = [...specialTokens, ...Array.from(BYTE_ORDER, (byte) => BYTE_CHARACTERS[byte])];
  if (new Set(tokens).size < tokens.length)
    throw new InvalidOptionError(
      'specialTokens',
      'must differ from the 256 characters that stand for bytes',
      specialTokens,
    );
  const merges: [left: string, right: string][] = [];
  const pairs = new PairCounts(pieces, byteIds(specialTokens.length));
  while (tokens.length < vocabularySize) {
    const pair = pairs.mostFrequent();
    if (!pair) break;
    const [left, right] = pair;
    const token = tokens[left] + tokens[right];
    if (specialTokens.includes(token)) {
      pairs.forget(left, right);
      continue;
    }
    merges.push([tokens[left], tokens[right]]);
    pairs.merge(left, right, tokens.length);
    tokens.push(token);
  }
  // what happens within a token's bytes depends on nothing outside, so that no token is spelled in two ways
  invariant(new Set(tokens).size === tokens.length, 'two merges made the same token');
  return byteLevelJson(specialTokens, tokens, merges);
}

/** Ids are packed two to a number: 2^20 · 2^20 is far from 2^53. */
const MAX_VOCABULARY = 2 ** 20;

function byteIds(offset: number): Uint32Array {
  const ids = new Uint32Array(256);
  BYTE_ORDER.forEach((byte, i) => (ids[byte] = offset + i));
  return ids;
}

function byteLevelJson(
  specialTokens: readonly string[],
  tokens: readonly string[],
  merges: TokenizerJson['model']['merges'],
): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(specialToken),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabularyOf(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

interface Candidate {
  readonly key: number;
  readonly count: number;
}

/** The higher count first, then the smaller pair. */
const comesFirst = (a: Candidate, b: Candidate) =>
  a.count > b.count || (a.count === b.count && a.key < b.key);

interface Pair {
  count: number;
  /** Where the pair stood when it was noted; some may have been merged away since. */
  positions: number[];
}

/**
 * The symbols of all different pieces as one doubly linked list, and where each pair of neighbours stands:
 * a merge visits its own occurrences only, whether the pieces are short words or one piece of a megabyte.
 */
class PairCounts {
  readonly #symbols: Int32Array;
  /** How often the piece that a symbol belongs to occurs. */
  readonly #weights: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #pairs = new Map<number, Pair>();
  readonly #queue = new Heap<Candidate>(comesFirst);

  constructor(pieces: ReadonlyMap<string, number>, byteIds: Uint32Array) {
    const encoder = new TextEncoder();
    const encoded = Array.from(pieces.keys(), (piece) => encoder.encode(piece));
    const counts = [...pieces.values()];
    const size = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
    this.#symbols = new Int32Array(size);
    this.#weights = new Float64Array(size);
    this.#next = new Int32Array(size).fill(-1);
    this.#previous = new Int32Array(size).fill(-1);
    let position = 0;
    for (const [i, bytes] of encoded.entries()) {
      for (let k = 0; k < bytes.length; k++, position++) {
        this.#symbols[position] = byteIds[bytes[k]];
        this.#weights[position] = counts[i];
        if (k === 0) continue;
        this.#next[position - 1] = position;
        this.#previous[position] = position - 1;
        this.#add(position - 1);
      }
    }
    for (const [key, { count }] of this.#pairs) this.#queue.push({ key, count });
  }

  /** The pair that occurs most often, at least twice. */
  mostFrequent(): [left: number, right: number] | undefined {
    for (;;) {
      const top = this.#queue.pop();
      if (!top) return undefined;
      const count = this.#pairs.get(top.key)?.count ?? 0;
      if (count < 2) continue;
      // counts fall while a pair waits; it goes back to where it belongs now
      if (count !== top.count) this.#queue.push({ key: top.key, count });
      else return [Math.floor(top.key / MAX_VOCABULARY), top.key % MAX_VOCABULARY];
    }
  }

  forget(left: number, right: number): void {
    this.#pairs.delete(left * MAX_VOCABULARY + right);
  }

  /** Writes `id` where `left` and `right` are neighbours, from left to right, and counts the neighbours anew. */
  merge(left: number, right: number, id: number): void {
    const positions = this.#pairs.get(left * MAX_VOCABULARY + right)?.positions ?? [];
    const grown = new Set<number>();
    for (const at of Uint32Array.from(positions).sort()) {
      const second = this.#next[at];
      if (second < 0 || this.#symbols[at] !== left || this.#symbols[second] !== right) continue;
      const before = this.#previous[at];
      const after = this.#next[second];
      if (before >= 0) this.#remove(before);
      if (after >= 0) this.#remove(second);
      this.#symbols[at] = id;
      this.#symbols[second] = -1;
      this.#next[second] = -1;
      this.#next[at] = after;
      if (after >= 0) {
        this.#previous[after] = at;
        grown.add(this.#add(at));
      }
      if (before >= 0) grown.add(this.#add(before));
    }
    this.forget(left, right);
    for (const key of grown) {
      const count = this.#pairs.get(key)?.count ?? 0;
      if (count > 0) this.#queue.push({ key, count });
    }
  }

  #key(position: number): number {
    return this.#symbols[position] * MAX_VOCABULARY + this.#symbols[this.#next[position]];
  }

  #add(position: number): number {
    const key = this.#key(position);
    const pair = this.#pairs.get(key);
    if (pair) {
      pair.count += this.#weights[position];
      pair.positions.push(position);
    } else {
      this.#pairs.set(key, { count: this.#weights[position], positions: [position] });
    }
    return key;
  }

  #remove(position: number): void {
    const pair = this.#pairs.get(this.#key(position));
    if (pair) pair.count -= this.#weights[position];
  }
}
