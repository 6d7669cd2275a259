import { FileError, InvalidOptionError } from '../errors.ts';
import type { ChatMessage, ChatTemplate } from '../tokenizer/chat-template.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { badRows, describeBadRows } from './bad-rows.ts';
import { type Batch, type Dataset, rows, shuffled, widthOf } from './dataset.ts';
import { conversationIn } from './dialogues.ts';
import { readJsonRows } from './json-rows.ts';
import { rowKinds } from './sources.ts';
import { splitDocuments } from './split.ts';
import { openTokens, type Reading, requireEndId, type TokenPart, type TokenStore } from './token-store.ts';
import type { Span } from './windows.ts';
import { join } from 'node:path';
import { permutation, uniforms } from '../random.ts';

export interface AnswersOptions {
  /** Files of conversations, and directories of such. */
  readonly data: readonly string[];
  /** L, the most tokens of a conversation with its answer. */
  readonly length: number;
  readonly seed: number;
  readonly validationShare?: number;
  readonly maximumBadShare?: number;
}

/**
 * Opens the conversations of a run: each answer of each is an example, what was said before it is given. Read and tokenised
 * once, then kept in `directory`/tokens. Rows are as `conversationIn` has them.
 *
 * A row of a batch is filled up with the end token, which is learned as part of the answer: LLaDA, section 2.3. Whole
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
  const { data, length, maximumBadShare } = options;
  if (!Number.isSafeInteger(length) || length < 2)
    throw new InvalidOptionError('length', 'must be a whole number of tokens, at least 2', length);
  const cache = join(directory, 'tokens');
  const reading = answersReading(tokenizer, template, length);
  const store = await openTokens(data, tokenizer, reading, { maximumBadShare, cache, note, signal });
  return answersOf(store, requireEndId(tokenizer), options);
}

/** Conversations, each answer with what was said before it, in at most L tokens. */
function answersReading(tokenizer: LoadedTokenizer, template: ChatTemplate, L: number): Reading {
  const endId = requireEndId(tokenizer);
  return {
    kinds: rowKinds,
    identity: ['answers', L],
    async *parts(sources, counter, signal) {
      const cuts = { answers: 0, tokens: 0, of: 0, shortened: 0, skipped: 0, first: '' };
      for (const source of sources) {
        const { path } = source;
        for await (const row of readJsonRows(source, { signal })) {
          const { line } = row;
          const messages = row.reason ?? conversationIn(row.value);
          if (typeof messages === 'string') {
            counter.bad({ path, line, reason: messages });
            continue;
          }
          const parts: TokenPart[] = [];
          try {
            for (const { prompt, answer, dropped, bytes } of examplesOf(messages, template, endId, L)) {
              const kept = answer.slice(0, L - prompt.length);
              cuts.of += answer.length;
              if (dropped) cuts.shortened++;
              if (kept.length === 0) cuts.skipped++;
              if (kept.length < answer.length) {
                cuts.answers++;
                cuts.tokens += answer.length - kept.length;
                cuts.first ||= `${path}:${line}`;
              }
              if (kept.length > 0)
                parts.push({ ids: [...prompt, ...kept], bytes, ends: false, given: prompt.length });
            }
          } catch (error) {
            if (!(error instanceof InvalidOptionError)) throw error;
            counter.bad({ path, line, reason: 'refused by the chat template' });
            continue;
          }
          if (parts.length === 0) {
            counter.bad({ path, line, reason: 'too long for the context' });
            continue;
          }
          counter.good();
          for (const [i, part] of parts.entries()) yield { ...part, ends: i === parts.length - 1 };
        }
      }
      return reportOf(cuts, L);
    },
  };
}

interface Example {
  readonly prompt: readonly number[];
  /** With the token that ends it. */
  readonly answer: readonly number[];
  /** Whether the oldest turns were left out. */
  readonly dropped: boolean;
  readonly bytes: number;
}

/** Every answer of a conversation with as much of what came before as fits, the system's message always. */
function* examplesOf(
  messages: readonly ChatMessage[],
  template: ChatTemplate,
  endId: number,
  L: number,
): Generator<Example, void, void> {
  const isFromSystem = messages[0].role === 'system';
  const system = isFromSystem ? messages.slice(0, 1) : [];
  const turns = isFromSystem ? messages.slice(1) : messages;
  // what doesn't fit before one answer doesn't before the next
  let from = 0;
  for (const [i, { role, content }] of turns.entries()) {
    if (role !== 'assistant') continue;
    const bytes = Buffer.byteLength(content);
    for (;;) {
      const kept = [...system, ...turns.slice(from, i + 1)];
      const { prompt, answer } = template.encodeAnswer(kept);
      if (answer.at(-1) !== template.turnEndId || template.turnEndId === undefined) answer.push(endId);
      const next = turns.findIndex((turn, at) => at > from && at < i && turn.role === 'user');
      if (prompt.length + answer.length <= L || next < 0) {
        yield { prompt, answer, dropped: from > 0, bytes };
        break;
      }
      from = next;
    }
  }
}

function reportOf(
  cuts: { answers: number; tokens: number; of: number; shortened: number; skipped: number; first: string },
  L: number,
): string[] {
  const lines: string[] = [];
  if (cuts.shortened > 0)
    lines.push(`before ${cuts.shortened} answers the oldest turns were left out, to fit into ${L} tokens`);
  if (cuts.answers > 0) {
    const share = ((100 * cuts.tokens) / cuts.of).toFixed(1);
    const whole = cuts.skipped > 0 ? `, ${cuts.skipped} of them wholly` : '';
    lines.push(
      `${cuts.answers} answers were cut to ${L} tokens with what came before${whole}: ${cuts.tokens} tokens, ${share} % of all (the first at ${cuts.first})`,
    );
  }
  return lines;
}

/** The dataset of a store of conversations. */
function answersOf(store: TokenStore, endId: number, options: AnswersOptions): Dataset {
  const { length: L, seed, validationShare = 0.1 } = options;
  const { ids, ends, examples } = store;
  // of a few conversations none can be held out
  const share = Math.round(validationShare * ends.length) < 1 ? 0 : validationShare;
  const split = splitDocuments(ends, share);
  const training = examplesIn(split.training, store);
  const heldOut = examplesIn(split.validation, store);
  if (training.length === 0)
    throw new FileError(
      options.data.join(', '),
      'answers to learn from',
      'nothing beside what is held out for validation',
      'lower validationShare',
    );
  const windowAt = shuffled(training.length, seed);
  const learned = (spans: readonly ExampleSpan[]): number =>
    spans.reduce((sum, { start, end, given }) => sum + end - start - given, 0);
  const order = permutation(heldOut.length, uniforms(0, 'split', 1));
  const tokens = learned(training);
  return {
    length: L,
    windows: training.length,
    tokens,
    batch(index, size) {
      const chosen = Array.from({ length: size }, (_, row) => training[windowAt(index * size + row)]);
      return batchOf(ids, chosen, widthOf(chosen, L), endId);
    },
    validation: {
      count: heldOut.length,
      tokens: learned(heldOut),
      batch: (from, to) =>
        batchOf(
          ids,
          Array.from(order.subarray(from, to), (i) => heldOut[i]),
          L,
          endId,
        ),
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
    },
    summary: [
      `${ends.length} conversations, ${training.length} answers of ${(tokens / training.length).toFixed(0)} tokens to learn, ${heldOut.length} held out`,
      ...store.report,
      ...(badRows(store.rows) > 0
        ? [`passed over ${badRows(store.rows)} rows: ${describeBadRows(store.rows)}`]
        : []),
    ],
  };
}

interface ExampleSpan extends Span {
  readonly given: number;
}

/** The examples in some documents, which are in order. */
function examplesIn(
  documents: readonly Span[],
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
