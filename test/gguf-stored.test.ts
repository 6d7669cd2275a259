import assert from 'node:assert/strict';
import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { NdArray } from '../src/base/array.ts';
import { writeModelDirectory } from '../src/checkpoint/directory.ts';
import { tensorTypes } from '../src/checkpoint/gguf/types.ts';
import { readJsonObject } from '../src/checkpoint/read-json.ts';
import { openWeights } from '../src/checkpoint/open-weights.ts';
import { writeOnnx } from '../src/graph/onnx.ts';
import { gather, matmul } from '../src/graph/primitives.ts';
import { input, parameter, type Tensor } from '../src/graph/tensor.ts';
import { ggufDirectory } from '../src/model-files/convert-gguf.ts';
import { openModel, type OpenOptions } from '../src/model/open.ts';
import { type Feeds, openSession } from '../src/runtime/session.ts';
import { type Entry, type GgufContent, type TensorData, writeGguf } from './gguf-writer.ts';
import { temporaryFolder } from './tiny-model.ts';

// A made-up Llama with heads in llama.cpp's order and a tied embedding, in each way in which weights are quantised.

const [V, D, F, H, KV] = [32, 64, 256, 4, 2];
const vocabulary = [
  '<unk>',
  '<s>',
  '</s>',
  ...Array.from({ length: V - 3 }, (_, i) => String.fromCharCode(97 + i)),
];

const entries: readonly Entry[] = [
  ['general.architecture', 'text', 'llama'],
  ['llama.block_count', 'u32', 2],
  ['llama.context_length', 'u32', 64],
  ['llama.embedding_length', 'u32', D],
  ['llama.feed_forward_length', 'u32', F],
  ['llama.attention.head_count', 'u32', H],
  ['llama.attention.head_count_kv', 'u32', KV],
  ['llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5],
  ['tokenizer.ggml.model', 'text', 'llama'],
  ['tokenizer.ggml.tokens', 'text', vocabulary],
  ['tokenizer.ggml.token_type', 'i32', vocabulary.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : 1))],
  ['tokenizer.ggml.scores', 'f32', vocabulary.map((_, i) => -i)],
  ['tokenizer.ggml.eos_token_id', 'u32', 2],
];

const numberOf = (name: string): number => [...tensorTypes].find(([, type]) => type.name === name)![0];

/** Random blocks whose numbers are of the size that a trained network's have. */
function quantised(
  name: string,
  dimensions: readonly [number, number],
  type: string,
  seed: number,
): TensorData {
  const { blockElements, blockBytes } = tensorTypes.get(numberOf(type))!;
  const blocks = (dimensions[0] * dimensions[1]) / blockElements;
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
  const bytes = Uint8Array.from({ length: blocks * blockBytes }, random);
  // the scale, a half of about 0.01; of Q6_K it is the last, and multiplied with others
  const [at, high] = { Q8_0: [0, 0x14], Q6_K: [208, 0x00], Q4_K: [0, 0x08], Q5_K: [0, 0x08] }[type] ?? [
    0, 0x20,
  ];
  for (let b = 0; b < blocks; b++) {
    bytes[b * blockBytes + at + 1] = high;
    if (type === 'Q4_K' || type === 'Q5_K' || type === 'Q4_1' || type === 'Q5_1')
      bytes[b * blockBytes + 3] = high;
  }
  return { name, dimensions, type: numberOf(type), bytes };
}

function content(type: string, width = D): GgufContent {
  const norm = (name: string): TensorData => ({
    name,
    dimensions: [width],
    type: 0,
    bytes: new Uint8Array(Float32Array.from({ length: width }, (_, i) => 0.5 + (i % 3) / 2).buffer),
  });
  const tensors = [0, 1].flatMap((layer) => {
    const matrix = (name: string, inner: number, rows: number, seed: number) =>
      quantised(`blk.${layer}.${name}.weight`, [inner, rows], type, 10 * layer + seed);
    return [
      norm(`blk.${layer}.attn_norm.weight`),
      matrix('attn_q', width, width, 1),
      matrix('attn_k', width, (width * KV) / H, 2),
      matrix('attn_v', width, (width * KV) / H, 3),
      matrix('attn_output', width, width, 4),
      norm(`blk.${layer}.ffn_norm.weight`),
      matrix('ffn_gate', width, F, 5),
      matrix('ffn_up', width, F, 6),
      matrix('ffn_down', F, width, 7),
    ];
  });
  const changed = entries.map((entry): Entry =>
    entry[0] === 'llama.embedding_length' ? ['llama.embedding_length', 'u32', width] : entry,
  );
  return {
    entries: changed,
    tensors: [quantised('token_embd.weight', [width, V], type, 99), ...tensors, norm('output_norm.weight')],
  };
}

const tokens: NdArray<Int32Array> = { shape: [1, 6], data: Int32Array.of(1, 7, 3, 20, 11, 5) };

async function logitsOf(
  directory: string,
  options?: OpenOptions,
): Promise<{ format: string; data: Float32Array }> {
  const { network, format } = await openModel(directory, options);
  const { data } = await network.logits(tokens, Int32Array.of(0, 1, 2, 3, 4, 5));
  await network.close();
  return { format, data };
}

/** √(Σ (a − b)² / Σ b²) */
function relativeError(a: Float32Array, b: Float32Array): number {
  const squares = (of: (i: number) => number) => b.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return Math.sqrt(squares((i) => a[i] - b[i]) / squares((i) => b[i]));
}

async function opened(t: TestContext, type: string, width?: number) {
  const path = join(await temporaryFolder(t), 'model.gguf');
  await writeGguf(path, content(type, width));
  const notes: string[] = [];
  const directory = await ggufDirectory(path, (note) => notes.push(note));
  return { path, directory, notes, weights: await openWeights(directory) };
}

for (const [type, width, bits] of [
  ['Q8_0', 64, 8],
  ['Q4_0', 64, 4],
  ['Q5_0', 64, 8],
] as const) {
  test(`${type} runs as it is stored: the same numbers, to rounding in products and to the bit in rows, and nothing written`, async (t) => {
    const { directory, notes, weights } = await opened(t, type, width);
    const { stored, config, names, format } = await openModel(directory);
    assert.equal(format, 'stored');
    assert.deepEqual(notes, []);
    // each matrix with a unit vector in every row is the matrix
    const identity = (size: number): NdArray => ({
      shape: [size, size],
      data: Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
    });
    const run = async (result: Tensor, feeds: Feeds) => {
      const model = writeOnnx({ result }, { weights: (name) => stored.locate(name), exact: true });
      const session = await openSession(model, stored);
      const { data } = (await session.run(feeds)).result;
      await session.close();
      return data as Float32Array;
    };
    let products = 0;
    for (const [name, { shape, gguf }] of weights.entries) {
      if (!gguf) continue;
      const expected = await weights.read(name);
      const located = stored.locate(name);
      assert.equal('bits' in located && located.bits, bits);
      const x = input('x', 'float32', ['R', shape[1]]);
      const columns = await run(matmul(x, parameter(name, shape), { transB: true }), {
        x: identity(shape[1]),
      });
      for (const [i, value] of expected.data.entries())
        assert.equal(columns[(i % shape[1]) * shape[0] + Math.floor(i / shape[1])], value, `${name} ${i}`);
      products++;
    }
    assert.equal(products, 15);
    const rows = await run(gather(parameter(names.embedding, [V, D]), input('tokens', 'int32', ['B', 'L'])), {
      tokens,
    });
    const table = (await weights.read(names.embedding)).data;
    for (const [i, token] of tokens.data.entries())
      assert.deepEqual(rows.slice(i * D, (i + 1) * D), table.slice(token * D, (token + 1) * D));
    assert.deepEqual(config.transformer.tiedHead, true);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => /safetensors|opening/.test(name)),
      [],
    );
  });
}

for (const [type, width] of [
  ['Q8_0', 64],
  ['Q4_0', 64],
  ['Q5_0', 64],
  ['Q4_1', 64],
  ['Q5_1', 64],
  ['Q4_K', 256],
  ['Q5_K', 256],
  ['Q6_K', 256],
] as const) {
  test(`${type}: logits are those of its floats, to the bit with f32 and to the rounding of 8 bits without`, async (t) => {
    const { directory, notes, weights } = await opened(t, type, width);
    const twin = join(await temporaryFolder(t), 'twin');
    await writeModelDirectory(twin, {
      config: await readJsonObject(join(directory, 'config.json')),
      weights: await Promise.all(
        Array.from(weights.entries.keys(), async (name) => ({ name, ...(await weights.read(name)) })),
      ),
    });
    const expected = await logitsOf(twin);
    assert.deepEqual(await logitsOf(directory, { weights: 'f32' }), expected);
    const stored = await logitsOf(directory);
    assert.equal(stored.format, 'stored');
    const error = relativeError(stored.data, expected.data);
    assert.ok(error > 0 && error < 0.03, `${error}`);
    assert.ok(relativeError((await logitsOf(directory, { weights: 'f16' })).data, expected.data) < 2e-3);
    const isExact = ['Q8_0', 'Q4_0', 'Q5_0'].includes(type);
    assert.equal(notes.length, isExact ? 0 : 1);
    if (!isExact)
      assert.match(
        notes[0],
        new RegExp(`^${type}: .* % of the weights are kept in 8 bits, which changes them by 0\\.\\d\\d % of`),
      );
  });
}

test('int4 is what a file of Q4_0 has; of one with more bits it is refused, as a copy in them is made elsewhere', async (t) => {
  const four = await opened(t, 'Q4_0');
  assert.equal((await logitsOf(four.directory, { weights: 'int4' })).format, 'stored');
  const eight = await opened(t, 'Q8_0');
  await assert.rejects(
    openModel(eight.directory, { weights: 'int4' }),
    /weights: must be f32, f16 or int8, as .* is stored, got "int4"/,
  );
});

test('what a killed process left in the directory is taken away, and what a running one has there stays', async (t) => {
  const { path, directory } = await opened(t, 'Q4_0');
  for (const owner of [2 ** 30, process.pid]) {
    await mkdir(join(directory, `.opening-${owner}-1`));
    await writeFile(join(directory, `.opening-${owner}-1`, '0'), 'half a weight');
  }
  await ggufDirectory(path);
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith('.opening')),
    [`.opening-${process.pid}-1`],
  );
  assert.equal(await readFile(join(directory, `.opening-${process.pid}-1`, '0'), 'utf8'), 'half a weight');
});
