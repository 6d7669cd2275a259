import { assemble } from '../src/assemble.ts';
import type { ChatTemplate } from '../src/tokenizer/chat-template.ts';
import type { Model } from '../src/language-model.ts';
import { bidirectional } from '../src/model/attention-pattern.ts';
import type { NdArray } from '../src/array.ts';
import { writeOnnx } from '../src/graph/onnx.ts';
import { input } from '../src/graph/tensor.ts';
import type { Network, RowReduction } from '../src/model/network.ts';
import { openSession, type Session } from '../src/runtime/session.ts';
import type { Tokenizer } from '../src/tokenizer/tokenizer.ts';

/** [MASK], the end of a text, and then one id for each byte. */
export const fakeIds = { mask: 0, end: 1, byte: (value: number): number => 2 + value };

/** Bytes as ids: a character may take several tokens, as in a byte-level BPE. */
export const byteTokenizer: Tokenizer = {
  vocabularySize: 258,
  maskId: fakeIds.mask,
  endId: fakeIds.end,
  specialTokens: new Map([
    ['<|mask|>', 0],
    ['<|end|>', 1],
  ]),
  encode: (text) => Array.from(new TextEncoder().encode(text), fakeIds.byte),
  decode: (ids) =>
    new TextDecoder().decode(
      Uint8Array.from(
        Array.from(ids).filter((id) => id >= 2),
        (id) => id - 2,
      ),
    ),
  bytesOf: (id) => (id >= 2 ? Uint8Array.of(id - 2) : undefined),
  dropsFirstSpace: false,
};

/** Conversations as `[user] Hi\n[assistant] ` and so on; the end token ends an answer. */
export const bracketTemplate: ChatTemplate = {
  encode(messages, { addGenerationPrompt = true } = {}) {
    const turns = messages.map(({ role, content }) => `[${role}] ${content}\n`);
    const text = turns.join('') + (addGenerationPrompt ? '[assistant] ' : '');
    return { text, ids: byteTokenizer.encode(text) };
  },
  turnEndId: fakeIds.end,
};

const sessions = new Map<string, Promise<Session>>();

/** What a network that ends in a reduction would give for these logits. */
export async function reduced(logits: NdArray, { name, apply, feeds }: RowReduction): Promise<NdArray> {
  const V = logits.shape[1];
  const key = `${name} ${V}`;
  let session = sessions.get(key);
  if (!session) {
    session = openSession(writeOnnx({ result: apply(input('logits', 'float32', ['R', V])) }));
    sessions.set(key, session);
  }
  const { result } = await (await session).run({ logits, ...feeds });
  return result as NdArray;
}

/**
 * A model that knows one text by heart: at every position it gives that text's byte, the end token behind it, with a
 * confidence that falls from left to right.
 *
 * @param onForward  is called before each forward
 */
export function modelThatKnows(text: string, onForward: () => void = () => {}): Model & { closed: boolean } {
  const known = byteTokenizer.encode(text);
  return fakeModel(() => known, onForward);
}

/** A chat model that answers what `respond` says to the text up to its answer. */
export function modelThatAnswers(
  respond: (given: string) => string,
  { maxLength = 4096, onForward = () => {} }: { maxLength?: number; onForward?: () => void } = {},
): Model & { closed: boolean } {
  const known = (tokens: Int32Array): number[] => {
    const written = byteTokenizer.decode(tokens.map((id) => (id === fakeIds.mask ? fakeIds.byte(0) : id)));
    const given = written.slice(0, written.lastIndexOf('[assistant] ') + '[assistant] '.length);
    return byteTokenizer.encode(given + respond(given));
  };
  return fakeModel(known, onForward, { maxLength, chatTemplate: bracketTemplate });
}

/** @param knownIn  what a canvas has to become */
function fakeModel(
  knownIn: (tokens: Int32Array) => readonly number[],
  onForward: () => void,
  { maxLength = 4096, chatTemplate }: { maxLength?: number; chatTemplate?: ChatTemplate } = {},
): Model & { closed: boolean } {
  const V = byteTokenizer.vocabularySize;
  const network: Network = {
    config: {
      layers: 1,
      width: 2,
      heads: 1,
      kvHeads: 1,
      hidden: 2,
      vocabularySize: V,
      maxLength,
      ropeTheta: 10_000,
      normEpsilon: 1e-5,
      qkvBias: false,
      tiedHead: true,
      shiftedLogits: false,
      attention: bidirectional,
    },
    async logits({ data: tokens }, rows, { signal, reduce } = {}) {
      signal?.throwIfAborted();
      onForward();
      const known = knownIn(tokens);
      const data = new Float32Array(rows.length * V);
      rows.forEach((row, r) => {
        data[r * V + (known[row] ?? fakeIds.end)] = 12 - (10 * row) / Math.max(1, known.length);
      });
      const logits = { shape: [rows.length, V], data };
      return reduce ? reduced(logits, reduce) : logits;
    },
    extend: () => Promise.reject(new Error('the model that knows remembers nothing')),
    async score(_tokens, rows) {
      return new Float32Array(rows.length).fill(Math.log(V));
    },
    async close() {
      model.closed = true;
    },
  };
  const ids = { maskId: fakeIds.mask, endIds: [fakeIds.end] };
  const parts = { network, tokenizer: byteTokenizer, chatTemplate, ...ids };
  const model = Object.assign(assemble(parts), { closed: false });
  return model;
}
