import type { NdArray } from '../base/array.ts';
import { counted } from '../base/format-count.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { integerBelow, permutation, uniforms } from '../base/random.ts';
import { type LoadedTokenizer, requireEndId } from '../tokenizer/load.ts';
import { type BadRow, badRows, passedOver } from './bad-rows.ts';
import type { SourceFile } from './sources.ts';
import { splitDocuments } from './split.ts';
import type { TokenStore } from './tokens.ts';
import { documentWindows, type WindowSpan, streamWindows, type Windows } from './windows.ts';

/** Which texts are learned from, and how they become windows. */
export interface DatasetOptions {
  /** Files and directories of text. */
  readonly data: readonly string[];
  /** L, the tokens of a window. */
  readonly length: number;
  /**
   * `document`: a window holds tokens of one document; shorter ones are padded with the end token, which is learned like any
   * other (LLaDA's way in fine-tuning: so the model knows where a text ends). `stream`: the documents are one text, cut anywhere.
   */
  readonly packing: 'document' | 'stream';
  readonly seed: number;
  readonly field?: string;
  readonly separator?: string;
  readonly validationShare?: number;
  /** The share of batches with a length drawn from 1 … L, as in LLaDA's pre-training. Default: 0.01. */
  readonly randomLengthShare?: number;
  readonly maximumBadShare?: number;
  /** For a stream: whether windows begin anywhere or at multiples of L. Default: anywhere. */
  readonly offsets?: 'random' | 'aligned';
}

/** Rows of token ids, all of one length, and how many of each are text; the rest is filled with the end token. */
export interface Batch extends CleanRows {
  readonly lengths: Int32Array;
}

/** Rows of which some tokens may be given, not learned. */
interface CleanRows extends NdArray<Int32Array> {
  /** 0 where a token is given. Default: none is   [B, L] */
  readonly maskable?: Uint8Array;
}

/** Held-out text as windows of L tokens. */
export interface ValidationWindows {
  /** How many there are. They lie in a random order that is always the same: the first n are a fair sample. */
  readonly count: number;
  /** Tokens of all of them, without filling. */
  readonly tokens: number;
  /** UTF-8 bytes of text for each of these tokens. */
  readonly bytesPerToken?: number;
  /** Windows `from` to `to` (excluded)   [to − from, L] */
  batch(from: number, to: number): Batch;
}

/** What a run learns from and is validated on. */
export interface Dataset {
  /** L */
  readonly length: number;
  /** Windows of an epoch. */
  readonly windows: number;
  /** Tokens to learn from. */
  readonly tokens: number;
  /** UTF-8 bytes of text for each of these, where that is known. */
  readonly bytesPerToken?: number;
  /**
   * The rows of a batch, a function of the seed, the index and the size alone: a run resumes with one number.
   * Each epoch goes through all windows in an order of its own; a batch may belong to two epochs.
   *
   * @returns  [B, L′], L′ ≤ L: a multiple of 32, or L, in which the longest row fits; or the batch's random length
   */
  batch(index: number, size: number): Batch;
  readonly validation: ValidationWindows;
  readonly manifest: {
    readonly files: readonly SourceFile[];
    readonly counts: Readonly<Record<string, number>>;
    /** The first thousand. */
    readonly badRows: readonly BadRow[];
  };
  /** Lines for people on what was read. */
  readonly summary: readonly string[];
}

/** The dataset of a store of tokens. @throws FileError  for a tokenizer without an end of a text, which pads windows */
export function datasetOf(store: TokenStore, tokenizer: LoadedTokenizer, options: DatasetOptions): Dataset {
  const { length: L, packing, validationShare = 0.1 } = options;
  const endId = requireEndId(tokenizer, tokenizer.path);
  const split = splitDocuments(store.ends, validationShare);
  const training = sideOf(store, tokenizer, split.training, packing);
  const validation = sideOf(store, tokenizer, split.validation, packing);
  if (training.tokens === 0)
    throw new FileError(
      options.data.join(', '),
      'text to learn from',
      'nothing beside what is held out for validation',
      'lower validationShare',
    );

  const isStream = packing === 'stream';
  if (isStream && training.tokens < L)
    throw new InvalidOptionError('length', `must be at most the ${training.tokens} tokens of the text`, L);
  const windows = isStream
    ? streamWindows({ start: 0, end: training.tokens }, L)
    : documentWindows(training.spans, L, { overlap: true });
  const anywhere = isStream && (options.offsets ?? 'random') === 'random';

  const spansOf = anywhere ? spansAnywhere(training.tokens, options) : spansInWindows(windows, options);
  const batch = (index: number, size: number): Batch => {
    const { spans, limit } = spansOf(index, size);
    const width = limit < L ? limit : rowWidth(spans, L);
    return rows(training.ids, spans, width, endId);
  };

  return {
    length: L,
    windows: windows.starts.length,
    tokens: training.tokens,
    bytesPerToken: training.bytes / training.tokens,
    batch,
    validation: validationOf(validation, L, isStream, endId),
    manifest: {
      files: store.files,
      counts: {
        documents: store.ends.length,
        tokens: training.tokens,
        windows: windows.starts.length,
        validationTokens: validation.tokens,
        badRows: badRows(store.rows),
      },
      badRows: store.rows.examples,
    },
    summary: summaryOf(store, training, validation, windows),
  };
}

/** The spans of a batch, and how long they are at most: some batches have a random length. */
type SpansOf = (index: number, size: number) => { readonly spans: WindowSpan[]; readonly limit: number };

const limitOf = (index: number, { seed, length: L, randomLengthShare = 0.01 }: DatasetOptions): number => {
  const drawn = uniforms(seed, 'length', index);
  return drawn(0) < randomLengthShare ? 1 + integerBelow(L, drawn(1)) : L;
};

/** One number for each row of a batch: where its span begins. */
const placeOf = ({ seed }: DatasetOptions, index: number, row: number): number =>
  uniforms(seed, 'length', index, row + 1)(0);

/** Spans that begin anywhere in a stream of so many tokens. */
const spansAnywhere =
  (tokens: number, options: DatasetOptions): SpansOf =>
  (index, size) => {
    const limit = limitOf(index, options);
    const spans = Array.from({ length: size }, (_, row): WindowSpan => {
      const start = integerBelow(tokens - limit + 1, placeOf(options, index, row));
      return { start, end: start + limit };
    });
    return { spans, limit };
  };

/** Spans within windows, which are shuffled anew in each epoch. */
function spansInWindows({ starts, lengths }: Windows, options: DatasetOptions): SpansOf {
  const windowAt = shuffled(starts.length, options.seed);
  return (index, size) => {
    const limit = limitOf(index, options);
    const spans = Array.from({ length: size }, (_, row): WindowSpan => {
      const window = windowAt(index * size + row);
      const kept = Math.min(lengths[window], limit);
      const room = lengths[window] - kept + 1;
      const start = starts[window] + integerBelow(room, placeOf(options, index, row));
      return { start, end: start + kept };
    });
    return { spans, limit };
  };
}

/** Which of `count` windows is a run's sample: each epoch goes through all in an order of its own. */
export function shuffled(count: number, seed: number): (sample: number) => number {
  let order: { readonly epoch: number; readonly windows: Int32Array } = {
    epoch: -1,
    windows: new Int32Array(),
  };
  return (sample) => {
    const epoch = Math.floor(sample / count);
    // kept for the batches to come; it follows from the seed and the epoch
    if (order.epoch !== epoch)
      order = { epoch, windows: permutation(count, uniforms(seed, 'shuffle', epoch)) };
    return order.windows[sample % count];
  };
}

/** The width of a batch: lengths are rounded up, so that few different shapes occur. */
export const rowWidth = (spans: readonly WindowSpan[], L: number): number => {
  const longest = spans.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  return Math.min(L, Math.ceil(longest / ROUND) * ROUND);
};

const ROUND = 32;

/** The training or the validation half of the data: its tokens and the documents, or parts of them, in these. */
interface Side {
  readonly ids: Uint16Array | Uint32Array;
  readonly spans: readonly WindowSpan[];
  readonly tokens: number;
  readonly bytes: number;
}

function sideOf(
  store: TokenStore,
  tokenizer: LoadedTokenizer,
  spans: readonly WindowSpan[],
  packing: DatasetOptions['packing'],
): Side {
  const tokens = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const bytes = spans.reduce((sum, span) => sum + bytesOf(store, tokenizer, span), 0);
  if (packing === 'document') return { ids: store.ids, spans, tokens, bytes };
  // a stream is one piece of memory; where documents were taken out of it, it is put together anew
  if (spans.length === 1)
    return {
      ids: store.ids.subarray(spans[0].start, spans[0].end),
      spans: [{ start: 0, end: tokens }],
      tokens,
      bytes,
    };
  const ids = store.ids.BYTES_PER_ELEMENT === 2 ? new Uint16Array(tokens) : new Uint32Array(tokens);
  let offset = 0;
  for (const { start, end } of spans) {
    ids.set(store.ids.subarray(start, end), offset);
    offset += end - start;
  }
  return { ids, spans: [{ start: 0, end: tokens }], tokens, bytes };
}

/** The UTF-8 bytes of a document; of a part of one, those of its tokens. */
function bytesOf(
  { ends, bytes, ids }: TokenStore,
  tokenizer: LoadedTokenizer,
  { start, end }: WindowSpan,
): number {
  const i = indexOfEnd(ends, end);
  if (i !== undefined && (i === 0 ? 0 : ends[i - 1]) === start) return bytes[i];
  let sum = 0;
  for (let at = start; at < end; at += 2 ** 16)
    sum += new TextEncoder().encode(tokenizer.decode(ids.subarray(at, Math.min(end, at + 2 ** 16)))).length;
  return sum;
}

/** The index of a number in ascending ones, if it is there. */
function indexOfEnd(ends: Float64Array, end: number): number | undefined {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] < end) low = middle + 1;
    else high = middle;
  }
  return ends[low] === end ? low : undefined;
}

/** Spans of ids as the rows of a batch, padded with the end token. */
export function rows(
  ids: Uint16Array | Uint32Array,
  spans: readonly WindowSpan[],
  width: number,
  endId: number,
): Batch {
  const data = new Int32Array(spans.length * width).fill(endId);
  for (const [row, { start, end }] of spans.entries()) data.set(ids.subarray(start, end), row * width);
  return {
    shape: [spans.length, width],
    data,
    lengths: Int32Array.from(spans, ({ start, end }) => end - start),
  };
}

function validationOf(
  { ids, spans, tokens, bytes }: Side,
  L: number,
  isStream: boolean,
  endId: number,
): ValidationWindows {
  const { starts, lengths } = isStream
    ? streamWindows({ start: 0, end: tokens }, L)
    : documentWindows(spans, L, { overlap: false });
  const order = permutation(starts.length, uniforms(0, 'split', 1));
  return {
    count: starts.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    bytesPerToken: tokens === 0 ? Number.NaN : bytes / tokens,
    batch: (from, to) => {
      const chosen = Array.from(order.subarray(from, to), (window): WindowSpan => ({
        start: starts[window],
        end: starts[window] + lengths[window],
      }));
      return rows(ids, chosen, L, endId);
    },
  };
}

function summaryOf(
  { rows, ends }: TokenStore,
  training: Side,
  validation: Side,
  { starts, lengths }: Windows,
): string[] {
  const used = lengths.reduce((sum, length) => sum + length, 0);
  const most = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  return [
    `${counted(ends.length, 'document')}, ${training.tokens} tokens to learn from (${(training.bytes / training.tokens).toFixed(2)} bytes a token), ${validation.tokens} held out`,
    `${counted(starts.length, 'window')} an epoch, ${((100 * used) / (most * starts.length)).toFixed(0)} % of them text`,
    ...passedOver(rows),
  ];
}
