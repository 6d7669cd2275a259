import { join } from 'node:path';
import { counted } from '../base/format-count.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { permutation, uniforms } from '../base/random.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { badRows, passedOver } from './bad-rows.ts';
import { type Batch, type Dataset, rows, shuffled, rowWidth } from './dataset.ts';
import { everyAnswer, exchangesReading, type RowMeaning } from './exchanges.ts';
import { splitDocuments } from './split.ts';
import { openTokens, requireTextEnd } from './token-store.ts';
import type { TokenStore } from './tokens.ts';
import type { WindowSpan } from './windows.ts';

/** Which conversations are learned from, and how much of them. */
export interface AnswersOptions {
  /** Files of conversations, and directories of such. */
  readonly data: readonly string[];
  /** L, the most tokens of a conversation with its answer. */
  readonly length: number;
  readonly seed: number;
  readonly validationShare?: number;
  readonly maximumBadShare?: number;
  /** What a row says. Default: every answer of a conversation. */
  readonly meaning?: RowMeaning;
}

/**
 * Opens the conversations of a run: each answer of each is an example, what was said before it is given. Read and tokenised
 * once, then kept in `directory`/tokens. Rows are as `conversationIn` has them, or `preferenceIn`.
 *
 * A window is one answer; with pairs of answers it is both, which are two rows of a batch, the chosen one first.
 *
 * A row of a batch is padded with the end token, which is learned as part of the answer: LLaDA, section 2.3. Whole
 * conversations are held out, so that no answer is in what comes before another that is learned.
 *
 * @throws FileError  where there is no answer, or too many rows cannot be used
 */
export async function openAnswers(
  options: AnswersOptions,
  tokenizer: LoadedTokenizer,
  template: ChatTemplate,
  directory: string,
  note?: (line: string) => void,
  signal?: AbortSignal,
): Promise<Dataset> {
  const { data, length, maximumBadShare, meaning = everyAnswer } = options;
  if (!Number.isSafeInteger(length) || length < 2)
    throw new InvalidOptionError('length', 'must be a whole number of tokens, at least 2', length);
  const cache = join(directory, 'tokens');
  const endId = requireTextEnd(tokenizer);
  const reading = exchangesReading(meaning, template, endId, length);
  const store = await openTokens(data, tokenizer, reading, { maximumBadShare, cache, note, signal });
  return answersOf(store, endId, meaning.answers, options);
}

/** The dataset of a store of conversations. @param together  answers of a window */
function answersOf(store: TokenStore, endId: number, together: number, options: AnswersOptions): Dataset {
  const { length: L, seed, validationShare = 0.1 } = options;
  const { ids, ends, examples } = store;
  // of a few conversations none can be held out
  const share = Math.round(validationShare * ends.length) < 1 ? 0 : validationShare;
  const split = splitDocuments(ends, share);
  const training = inGroups(examplesIn(split.training, store), together);
  const heldOut = inGroups(examplesIn(split.validation, store), together);
  if (training.length === 0)
    throw new FileError(
      options.data.join(', '),
      'answers to learn from',
      'nothing beside what is held out for validation',
      'lower validationShare',
    );
  const windowAt = shuffled(training.length, seed);
  const learned = (groups: readonly ExampleSpan[][]): number =>
    groups.flat().reduce((sum, { start, end, given }) => sum + end - start - given, 0);
  const order = permutation(heldOut.length, uniforms(0, 'split', 1));
  const tokens = learned(training);
  return {
    length: L,
    windows: training.length,
    tokens,
    batch(index, size) {
      const spans = Array.from({ length: size }, (_, i) => training[windowAt(index * size + i)]).flat();
      return batchOf(ids, spans, rowWidth(spans, L), endId);
    },
    validation: {
      count: heldOut.length,
      tokens: learned(heldOut),
      batch: (from, to) =>
        batchOf(ids, Array.from(order.subarray(from, to), (i) => heldOut[i]).flat(), L, endId),
    },
    manifest: {
      files: store.files,
      counts: {
        conversations: ends.length,
        answers: examples.starts.length,
        tokens,
        validationTokens: learned(heldOut),
        badRows: badRows(store.rows),
      },
      badRows: store.rows.examples,
    },
    summary: [
      `${counted(ends.length, 'conversation')}, ${together === 1 ? counted(training.length, 'answer') : counted(training.length, 'pair of answers', 'pairs of answers')} of ${(tokens / training.length / together).toFixed(0)} tokens to learn, ${heldOut.length} held out`,
      ...store.report,
      ...passedOver(store.rows),
    ],
  };
}

interface ExampleSpan extends WindowSpan {
  readonly given: number;
}

/** The examples in some documents, which are in order. */
function examplesIn(
  documents: readonly WindowSpan[],
  { examples: { starts, given }, ids }: TokenStore,
): ExampleSpan[] {
  const spans: ExampleSpan[] = [];
  let i = 0;
  for (const { start, end } of documents) {
    while (starts[i] < start) i++;
    for (; i < starts.length && starts[i] < end; i++)
      spans.push({ start: starts[i], end: starts[i + 1] ?? ids.length, given: given[i] });
  }
  return spans;
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function batchOf(
  ids: Uint16Array | Uint32Array,
  spans: readonly ExampleSpan[],
  width: number,
  endId: number,
): Batch {
  const batch = rows(ids, spans, width, endId);
  const maskable = new Uint8Array(batch.data.length).fill(1);
  for (const [row, { given }] of spans.entries()) maskable.fill(0, row * width, row * width + given);
  return { ...batch, maskable };
}
