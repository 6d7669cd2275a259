import { randomFillSync } from 'node:crypto';
import { tensorTypes } from '../src/checkpoint/gguf/types.ts';
import { narrowF16 } from '../src/checkpoint/half.ts';
import { type Entry, type TensorData, writeGguf } from '../test/gguf-writer.ts';

/** How the matrices of a made-up file are stored. */
export const madeUpTypes = ['F32', 'Q8_0', 'Q4_0'] as const;
export type MadeUpType = (typeof madeUpTypes)[number];

const [layers, width, heads, hidden, vocabularySize] = [12, 768, 12, 2048, 32_000];
/** Of every file; its texts are of single characters. */
const madeUpContext = 40_960;

/** The special tokens, one for each byte, a space, and characters. */
const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
const others = ['<unk>', '<s>', '</s>', ...bytes, '▁'];
const characters = Array.from({ length: vocabularySize - others.length }, (_, i) =>
  String.fromCodePoint(0x4e00 + i),
);
const pieces = [...others, ...characters];
/** By llama.cpp: 1 for a text, 2 for what is unknown, 3 for what no text has, 6 for a byte. */
const typeOf = (_: string, id: number) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);

/** A text of so many tokens, the one that begins every text and the space behind it included. */
export const madeUpText = (tokens: number): string =>
  Array.from({ length: tokens - 2 }, (_, i) => characters[(i * 7919) % characters.length]).join('');

/** Writes a causal model of llama.cpp's `llama` with 134 million random weights. */
export async function writeMadeUpGguf(path: string, type: MadeUpType): Promise<void> {
  const matrix = (name: string, inner: number, rows: number) => random(name, [inner, rows], type);
  const layerTensors = (layer: number): TensorData[] => {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    return [
      norm(name('attn_norm')),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((part) => matrix(name(part), width, width)),
      norm(name('ffn_norm')),
      matrix(name('ffn_gate'), width, hidden),
      matrix(name('ffn_up'), width, hidden),
      matrix(name('ffn_down'), hidden, width),
    ];
  };
  await writeGguf(path, {
    entries,
    tensors: [
      matrix('token_embd.weight', width, vocabularySize),
      ...Array.from({ length: layers }, (_, i) => layerTensors(i)).flat(),
      norm('output_norm.weight'),
      matrix('output.weight', width, vocabularySize),
    ],
  });
}

const entries: readonly Entry[] = [
  ['general.architecture', 'text', 'llama'],
  ['llama.block_count', 'u32', layers],
  ['llama.context_length', 'u32', madeUpContext],
  ['llama.embedding_length', 'u32', width],
  ['llama.feed_forward_length', 'u32', hidden],
  ['llama.attention.head_count', 'u32', heads],
  ['llama.attention.head_count_kv', 'u32', heads],
  ['llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5],
  ['llama.rope.dimension_count', 'u32', width / heads],
  ['llama.rope.freq_base', 'f32', 10_000],
  ['tokenizer.ggml.model', 'text', 'llama'],
  ['tokenizer.ggml.tokens', 'text', pieces],
  ['tokenizer.ggml.token_type', 'i32', pieces.map(typeOf)],
  ['tokenizer.ggml.scores', 'f32', pieces.map((_, i) => -i)],
  ['tokenizer.ggml.bos_token_id', 'u32', 1],
  ['tokenizer.ggml.eos_token_id', 'u32', 2],
  ['tokenizer.ggml.unknown_token_id', 'u32', 0],
];

const norm = (name: string): TensorData => ({
  name,
  dimensions: [width],
  type: 0,
  bytes: new Uint8Array(new Float32Array(width).fill(1).buffer),
});

/** Numbers of up to 0.02 of either sign. */
function random(name: string, dimensions: readonly [number, number], type: MadeUpType): TensorData {
  const [number, { blockElements, blockBytes }] = [...tensorTypes].find(([, { name }]) => name === type)!;
  const elements = dimensions[0] * dimensions[1];
  const bytes = randomFillSync(new Uint8Array((elements / blockElements) * blockBytes));
  if (type === 'F32') {
    const floats = new Float32Array(bytes.buffer);
    for (let i = 0; i < elements; i++) floats[i] = (bytes[4 * i] - 127.5) / 6375;
  } else {
    const scale = new Uint16Array(1);
    narrowF16(Float32Array.of(type === 'Q8_0' ? 0.02 / 127 : 0.02 / 8), scale);
    for (let at = 0; at < bytes.length; at += blockBytes)
      [bytes[at], bytes[at + 1]] = [scale[0] & 255, scale[0] >> 8];
  }
  return { name, dimensions, type: number, bytes };
}
