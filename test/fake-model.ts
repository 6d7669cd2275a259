import { createModel } from '../src/language-model/create-model.ts';
import type { ChatTemplate } from '../src/tokenizer/chat-template.ts';
import type { Model } from '../src/language-model/language-model.ts';
import { bidirectional } from '../src/model/attention-pattern.ts';
import type { NdArray } from '../src/base/array.ts';
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
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(
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
  encode(messages, { addGenerationPrompt = true, continueFinal = false } = {}) {
    const turns = messages.map(({ role, content }) => `[${role}] ${content}\n`).join('');
    const text = continueFinal ? turns.slice(0, -1) : turns + (addGenerationPrompt ? '[assistant] ' : '');
    return { text, ids: byteTokenizer.encode(text) };
  },
  encodeAnswer(messages) {
    const prompt = bracketTemplate.encode(messages.slice(0, -1)).ids;
    return { prompt, answer: [...byteTokenizer.encode(messages.at(-1)!.content), fakeIds.end] };
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

/** What a fake network says of a position of a canvas: a token, and how much larger its logit is than all others. */
export type Saying = (xt: Int32Array, position: number) => { readonly id: number; readonly logit: number };

export interface FakeModelOptions {
  readonly tokenizer?: Tokenizer;
  readonly maxLength?: number;
  readonly endIds?: readonly number[];
  readonly defaults?: Parameters<typeof createModel>[0]['defaults'];
  readonly chatTemplate?: ChatTemplate;
  /** See `ModelParts`. */
  readonly blockLength?: number;
  readonly readsWhole?: boolean;
  /** What any token costs when it is scored. Default: what is said of it. */
  readonly nats?: number;
  /** Is called before each forward with the canvas, and waited for. */
  readonly onForward?: (xt: Int32Array) => Promise<void> | void;
}

/** A model whose network is a function; what it says is what it scores, too. */
export function modelThatSays(
  say: Saying,
  {
    tokenizer = byteTokenizer,
    maxLength = 4096,
    endIds = [fakeIds.end],
    defaults,
    chatTemplate,
    blockLength,
    readsWhole,
    nats,
    onForward = () => {},
  }: FakeModelOptions = {},
): Model & { closed: boolean } {
  const V = tokenizer.vocabularySize;
  const canvasesOf = ({ shape: [B, L], data }: NdArray<Int32Array>): Int32Array[] =>
    Array.from({ length: B }, (_, b) => data.slice(b * L, (b + 1) * L));
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
    async logits(tokens, rows, { signal, reduce, attentionMask } = {}) {
      signal?.throwIfAborted();
      const L = tokens.shape[1];
      // what no query may look at is padding
      const canvases = canvasesOf(tokens).map((canvas, b) =>
        canvas.filter((_, i) => attentionMask?.data[b * L * L + i] !== 0),
      );
      for (const canvas of canvases) await onForward(canvas);
      const data = new Float32Array(rows.length * V);
      rows.forEach((row, r) => {
        const { id, logit } = say(canvases[Math.floor(row / L)], row % L);
        data[r * V + id] = logit;
      });
      const logits = { shape: [rows.length, V], data };
      return reduce ? reduced(logits, reduce) : logits;
    },
    extend: () => Promise.reject(new Error('a network that says remembers nothing')),
    async score(tokens, rows, targets) {
      const [L, canvases] = [tokens.shape[1], canvasesOf(tokens)];
      for (const canvas of canvases) await onForward(canvas);
      return Float32Array.from(rows, (row, r) => {
        const { id, logit } = say(canvases[Math.floor(row / L)], row % L);
        return nats ?? Math.log(V - 1 + Math.exp(logit)) - (id === targets[r] ? logit : 0);
      });
    },
    // of each token its parity, and 1
    hidden: async ({ data }, rows) => ({
      shape: [rows.length, 2],
      data: Float32Array.from(Array.from(rows, (row) => [data[row] % 2, 1]).flat()),
    }),
    async close() {
      model.closed = true;
    },
  };
  const parts = { network, tokenizer, maskId: tokenizer.maskId!, endIds, defaults, chatTemplate };
  const model = Object.assign(createModel({ ...parts, blockLength, readsWhole }), { closed: false });
  return model;
}

/**
 * A model that knows one text by heart: at every position it gives that text's byte, the end token behind it, with a
 * confidence that falls from left to right.
 *
 * @param onForward  is called before each forward
 */
export function modelThatKnows(
  text: string,
  onForward: () => void = () => {},
  options: FakeModelOptions = { nats: Math.log(byteTokenizer.vocabularySize) },
): Model & { closed: boolean } {
  const known = byteTokenizer.encode(text);
  return modelThatSays(
    reciting(() => known),
    { onForward, ...options },
  );
}

/** A chat model that answers what `respond` says to the text up to its answer. */
export function modelThatAnswers(
  respond: (given: string) => string,
  {
    maxLength = 4096,
    onForward = () => {},
    defaults,
  }: { onForward?: () => void } & Pick<FakeModelOptions, 'maxLength' | 'defaults'> = {},
): Model & { closed: boolean } {
  const known = (xt: Int32Array): number[] => {
    const written = byteTokenizer.decode(xt.map((id) => (id === fakeIds.mask ? fakeIds.byte(0) : id)));
    const given = written.slice(0, written.lastIndexOf('[assistant] ') + '[assistant] '.length);
    return byteTokenizer.encode(given + respond(given));
  };
  const options = { maxLength, onForward, defaults, chatTemplate: bracketTemplate };
  return modelThatSays(reciting(known, 4), options);
}

/**
 * Whether what a canvas shows behind its first mask is mostly what stands there in a known text: where a hole is too short or too
 * long, it is elsewhere.
 */
export function isInPlace(xt: Int32Array, known: ArrayLike<number>): boolean {
  const first = xt.indexOf(fakeIds.mask);
  const shown = [...xt.keys()].filter((i) => i > first && xt[i] !== fakeIds.mask);
  return 2 * shown.filter((i) => xt[i] === known[i]).length >= shown.length;
}

/**
 * @param knownIn  what a canvas has to become
 * @param least    how sure it is of anything
 */
const reciting =
  (knownIn: (xt: Int32Array) => readonly number[], least = -Infinity): Saying =>
  (xt, row) => {
    const known = knownIn(xt);
    const logit = Math.max(least, 12 - (10 * row) / Math.max(1, known.length));
    return { id: known[row] ?? fakeIds.end, logit };
  };
