import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { NdArray } from '../src/base/array.ts';
import { readModelConfig, writeModelDirectory } from '../src/checkpoint/directory.ts';
import { openGguf, readGgufRows, sourceOf } from '../src/checkpoint/gguf/file.ts';
import { narrowF16, widenF16 } from '../src/checkpoint/half.ts';
import { openWeights } from '../src/checkpoint/open-weights.ts';
import { readGgufHeader } from '../src/checkpoint/gguf/header.ts';
import { FileError, UnsupportedError } from '../src/base/errors.ts';
import { ggufDirectory } from '../src/model-files/convert-gguf.ts';
import { ggufModel } from '../src/model/gguf/model.ts';
import { openModel } from '../src/model/open.ts';
import { shippedModel } from '../src/model-files/locate.ts';
import { tokenizerFromGguf } from '../src/tokenizer/from-gguf.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { load } from '../src/language-model/load.ts';
import inspect from '../src/cli/commands/inspect.ts';
import { fakeIo } from './fake-io.ts';
import { ggufName, ggufOfReference, type Json } from './gguf-of-reference.ts';
import { type Entry, ggufBytes, type GgufContent, writeGguf } from './gguf-writer.ts';
import { goldenFile, readReference, referencePath } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

// Reference checkpoints written as llama.cpp's converter does, against themselves as safetensors.

async function written(t: TestContext, content: GgufContent, name = 'model.gguf'): Promise<string> {
  const path = join(await temporaryFolder(t), name);
  await writeGguf(path, content);
  return path;
}

/** Logits of every recorded input, of a model directory. */
async function allLogits(directory: string, family: string, weights?: 'f32'): Promise<NdArray[]> {
  const { network } = await openModel(directory, { weights });
  const { forward } = readReference<{ forward: Record<string, { input_ids: number[][] }> }>(family);
  const results: NdArray[] = [];
  for (const { input_ids: ids } of Object.values(forward)) {
    const shape = [ids.length, ids[0].length];
    const rows = Int32Array.from({ length: shape[0] * shape[1] }, (_, i) => i);
    results.push(await network.logits({ shape, data: Int32Array.from(ids.flat()) }, rows));
  }
  await network.close();
  return results;
}

/** Which tensors have rows in another order in the file. */
const reordered: Readonly<Record<string, RegExp | undefined>> = {
  llada: /[qk]_proj/,
  llada_gqa: /[qk]_proj/,
  llada_moe: undefined,
  dream: undefined,
  llama: /[qk]_proj/,
  qwen2: undefined,
  a2d_qwen2: undefined,
  a2d_qwen3: undefined,
};

/** What the directory of a GGUF file has; its weights stay in the file. */
const indexFiles = [
  'config.json',
  'generation_config.json',
  'in-place.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

for (const [family, order] of Object.entries(reordered)) {
  test(`${family}: as GGUF it has the logits that it has as safetensors, to the bit`, async (t) => {
    const path = await written(t, await ggufOfReference(family));
    const directory = await ggufDirectory(path);
    assert.deepEqual(await allLogits(directory, family), await allLogits(referencePath(family), family));
    for (const { name, gguf } of (await openWeights(directory)).entries.values())
      assert.equal(gguf !== undefined, order?.test(name) ?? false, name);
    assert.deepEqual((await readdir(directory)).sort(), indexFiles);
  });
}

for (const family of Object.keys(reordered)) {
  test(`${family}: as GGUF it gives a text the ids, the score and the continuation that it has as safetensors`, async (t) => {
    const path = await written(t, await ggufOfReference(family));
    const outcomeOf = async (of: string) => {
      const model = await load(of);
      const { tokens, text } = await model.generate({ prompt: 'The dog was', length: 8, temperature: 0 });
      const { nats } = await model.score({ prompt: '', answer: 'The dog was', samples: 2, seed: 1 });
      await model.close();
      return { tokens, text, nats };
    };
    assert.deepEqual(await outcomeOf(path), await outcomeOf(referencePath(family)));
  });
}

for (const [type, config] of [
  ['linear', { rope_type: 'linear', factor: 4 }],
  ['yarn', { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 64 }],
] as const)
  test(`rotary frequencies that keys scale (${type}) are those of a config.json that does`, async (t) => {
    const content = await ggufOfReference('llama');
    const keys: Entry[] = [
      ['llama.rope.scaling.type', 'text', type],
      ['llama.rope.scaling.factor', 'f32', 4],
      ['llama.rope.scaling.original_context_length', 'u32', 64],
    ];
    const path = await written(t, { ...content, entries: [...content.entries, ...keys] });
    const twin = join(await temporaryFolder(t), 'twin');
    await cp(referencePath('llama'), twin, { recursive: true });
    const { config: json } = await readModelConfig(twin);
    await writeFile(join(twin, 'config.json'), JSON.stringify({ ...json, rope_scaling: config }));
    assert.deepEqual(await allLogits(await ggufDirectory(path), 'llama'), await allLogits(twin, 'llama'));
  });

test('the rotary factors of Llama 3 are the options that they were made from', async (t) => {
  const scale = (config: Json) => ({
    ...config,
    rope_scaling: { ...config.rope_scaling, original_max_position_embeddings: 8192 },
  });
  const content = await ggufOfReference('a2d_llama', scale);
  // as the converter computes them for a head of 8 and θ = 500,000: one that stays, one between, two that are slowed
  const factors = [1, 1, 0, 8].map((factor, i) => {
    if (factor !== 0) return factor;
    const turns = (8192 * 500_000 ** (-(2 * i) / 8)) / (2 * Math.PI);
    return 1 / ((1 - (turns - 1) / 3) / 8 + (turns - 1) / 3);
  });
  const ropeFreqs = (bytes: Float32Array) => ({
    name: 'rope_freqs.weight',
    dimensions: [4],
    type: 0,
    bytes: new Uint8Array(bytes.buffer),
  });
  const path = await written(t, {
    ...content,
    tensors: [...content.tensors, ropeFreqs(Float32Array.from(factors))],
  });
  const directory = await ggufDirectory(path);

  const twin = join(await temporaryFolder(t), 'twin');
  await cp(referencePath('a2d_llama'), twin, { recursive: true });
  const { config } = await readModelConfig(twin);
  await writeFile(join(twin, 'config.json'), JSON.stringify(scale(config)));
  assert.deepEqual(await allLogits(directory, 'a2d_llama'), await allLogits(twin, 'a2d_llama'));

  const other = await written(t, {
    ...content,
    tensors: [...content.tensors, ropeFreqs(Float32Array.of(1, 2, 3, 8))],
  });
  await assert.rejects(ggufDirectory(other), /rope_freqs\.weight changes the rotation in another way/);
});

test('rows of a tensor can be had one after the other, in the order of the model', async (t) => {
  const file = await openGguf(await written(t, await ggufOfReference('llada')));
  const { sources } = await ggufModel(file);
  const { entries, read } = await openWeights(referencePath('llada'));
  assert.deepEqual([...sources.keys()].sort(), [...entries.keys()].sort());
  for (const [name, source] of sources) {
    const whole = await read(name);
    assert.deepEqual(await readGgufRows(file, source), whole, name);
    const [rows, ...rest] = whole.shape;
    const length = whole.data.length / rows;
    for (const [first, count] of [
      [0, 1],
      [3, 7],
      [rows - 5, 5],
    ]) {
      assert.deepEqual(await readGgufRows(file, source, { first, count }), {
        shape: [count, ...rest],
        data: whole.data.slice(first * length, (first + count) * length),
      });
    }
  }
});

test('a GGUF loads, writes and scores as its directory of safetensors', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  const notes: string[] = [];
  const [model, twin] = [
    await load(path, { note: (text) => notes.push(text) }),
    await load(referencePath('llada')),
  ];
  assert.deepEqual(notes, []);
  assert.equal(model.maskId, twin.maskId);
  assert.deepEqual([...model.tokenizer.specialTokens].sort(), [...twin.tokenizer.specialTokens].sort());
  const request = { prompt: 'The fox', length: 16, steps: 8, temperature: 0.7, seed: 3 };
  assert.deepEqual((await model.generate(request)).tokens, (await twin.generate(request)).tokens);
  const asked = { prompt: 'The', answer: ' quick fox', samples: 8 };
  assert.equal((await model.score(asked)).nats, (await twin.score(asked)).nats);
  await model.close();
  await twin.close();
});

test('the directory is made once, and again when the file has changed', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  const directory = await ggufDirectory(path);
  assert.equal(directory, `${path}.unmask`);
  const inode = async () => (await stat(directory)).ino;
  const made = await inode();
  assert.equal(await ggufDirectory(path), directory);
  assert.equal(await inode(), made);

  await appendFile(path, Buffer.alloc(32));
  await assert.rejects(
    openWeights(directory),
    /model\.gguf: expected the file that .* was made from, found a changed/,
  );
  await ggufDirectory(path);
  assert.notEqual(await inode(), made);
  assert.ok((await openWeights(directory)).entries.size > 0);
  assert.deepEqual((await readdir(join(directory, '..'))).sort(), ['model.gguf', 'model.gguf.unmask']);
});

test('two processes that make the directory at once both have it', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  const script = `import { ggufDirectory } from ${JSON.stringify(new URL('../src/model-files/convert-gguf.js', import.meta.url))};
    console.log(await ggufDirectory(process.argv[1]));`;
  const make = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, path]);
  for (const { stdout } of await Promise.all([make(), make()])) assert.equal(stdout, `${path}.unmask\n`);
  assert.ok((await openWeights(`${path}.unmask`)).entries.size > 0);
});

test('what stands in the place of the directory is not removed', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  await mkdir(`${path}.unmask`);
  await writeFile(join(`${path}.unmask`, 'diary.txt'), 'dear');
  await assert.rejects(
    ggufDirectory(path),
    (error) => error instanceof FileError && /diary/.test(error.message),
  );
  assert.equal(await readFile(join(`${path}.unmask`, 'diary.txt'), 'utf8'), 'dear');
});

test('in-place.json can name no bytes outside the GGUF file, and no other file', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  const directory = await ggufDirectory(path);
  const inPlace = join(directory, 'in-place.json');
  const good = JSON.parse(await readFile(inPlace, 'utf8')) as { tensors: Record<string, object> };
  const [name, entry] = Object.entries(good.tensors)[0];
  for (const change of [
    { offset: 1e9 },
    { offset: -4 },
    { shape: [2 ** 40, 2 ** 40] },
    { type: 'Q2_K' },
    { type: 'Q8_0', shape: [33] },
    { interleaved: 3 },
    { shape: 3 },
  ]) {
    await writeFile(
      inPlace,
      JSON.stringify({ ...good, tensors: { ...good.tensors, [name]: { ...entry, ...change } } }),
    );
    await assert.rejects(openWeights(directory), (error) => {
      assert.ok(error instanceof FileError && /inside the GGUF file/.test(error.message), String(error));
      return true;
    });
  }
  const elsewhere = join(await temporaryFolder(t), 'elsewhere');
  await cp(directory, elsewhere, { recursive: true });
  await assert.rejects(openWeights(elsewhere), /named after its GGUF file, with \.unmask, found "elsewhere"/);
});

/** The content with some entries replaced, added or (undefined) taken away. */
const changed = (content: GgufContent, ...changes: (Entry | readonly [key: string])[]): GgufContent => {
  const keys = new Set(changes.map(([key]) => key));
  const others = content.entries.filter(([key]) => !keys.has(key));
  return {
    ...content,
    entries: [...others, ...changes.filter((entry): entry is Entry => entry.length === 3)],
  };
};

const refused: readonly (readonly [
  family: string,
  change: Entry | readonly [key: string],
  message: RegExp,
])[] = [
  ['llada', ['general.architecture'], /a key general\.architecture, found none/],
  [
    'llada',
    ['general.architecture', 'text', 'diffuse'],
    /"diffuse" is not supported; supported are llada, llada-moe/,
  ],
  ['llada', ['general.architecture', 'u32', 3], /general\.architecture to be a text, found 3/],
  ['llada', ['general.type', 'text', 'mmproj'], /general\.type is "mmproj"/],
  ['llada', ['split.count', 'u16', 3], /split into 3 files; join them with llama-gguf-split --merge/],
  ['llada', ['llada.block_count'], /a key llada\.block_count, found none/],
  ['llada', ['llada.block_count', 'text', '2'], /llada\.block_count to be a whole number, found "2"/],
  ['llada', ['llada.block_count', 'u32', 3], /a tensor for model\.transformer\.blocks\.2/],
  [
    'llada',
    ['llada.block_count', 'u32', 1],
    /only tensors that its metadata ask for, found one for model\.tr.*blocks\.1/,
  ],
  ['llada', ['llada.block_count', 'u64', 2n ** 40n], /tensors for 1099511627776 layers, found \d+ tensors/],
  [
    'llada',
    ['llada.attention.head_count', 'u32', 5],
    /heads of an even width|multiple of twice n_heads|key_length/,
  ],
  ['llada', ['llada.attention.head_count', 'u32', [4, 4]], /head_count to be a whole number, found \[4,4\]/],
  [
    'llada',
    ['llada.feed_forward_length', 'u32', 64],
    /of shape \[64, 48\], as its metadata say, found \[80, 48\]/,
  ],
  ['llada', ['llada.attention.layer_norm_rms_epsilon', 'f32', -1], /to be a number above 0, found -1/],
  ['llada', ['llada.attention.layer_norm_rms_epsilon', 'f32', NaN], /to be a number above 0/],
  [
    'llada',
    ['llada.attention.causal', 'bool', true],
    /llada\.attention\.causal is true, which is not supported/,
  ],
  [
    'llada',
    ['llada.attention.clamp_kqv', 'f32', 8],
    /llada\.attention\.clamp_kqv is 8, which is not supported/,
  ],
  ['llada', ['llada.attention.sliding_window', 'u32', 64], /llada\.attention\.sliding_window is 64/],
  ['llada', ['llada.rope.dimension_count', 'u32', 6], /rope\.dimension_count is 6, and only 12 is supported/],
  ['llada', ['llada.rope.scaling.type', 'text', 'yarn'], /llada\.rope\.scaling\.type is "yarn"/],
  ['llada', ['llada.expert_count', 'u32', 8], /llada\.expert_count is 8/],
  [
    'llada',
    ['llada.something_new', 'u32', [1, 2]],
    /llada\.something_new is \[1,2\], which is not supported/,
  ],
  [
    'llada',
    ['diffusion.canvas_length', 'u32', 256],
    /diffusion\.canvas_length is 256, which is not supported/,
  ],
  ['llada', ['tokenizer.ggml.model', 'text', 'bert'], /tokenizer\.ggml\.model is "bert"/],
  [
    'llada',
    ['tokenizer.ggml.pre', 'text', 'viking'],
    /tokenizer\.ggml\.pre is "viking"; supported are gpt-2, /,
  ],
  ['llada', ['tokenizer.ggml.tokens', 'u32', [1]], /tokenizer\.ggml\.tokens to be a list of texts/],
  ['llada', ['tokenizer.ggml.token_type', 'i32', [1]], /token_type to be 384 whole numbers/],
  ['llada', ['tokenizer.ggml.merges', 'text', ['ab']], /merges of two tokens, found "ab"/],
  [
    'llada',
    ['tokenizer.ggml.eos_token_id', 'u32', 384],
    /the id of the eos token to be below 384, found "384"/,
  ],
  [
    'llada_moe',
    ['diffusion.shift_logits'],
    /diffusion\.shift_logits is absent, which means true .* in llada-moe/,
  ],
  ['llada_moe', ['llada-moe.expert_count', 'u32', 4], /8 experts, as are stacked in a tensor, found 4/],
  [
    'llada_moe',
    ['llada-moe.expert_count', 'u64', 2n ** 40n],
    /8 experts, as are stacked in a tensor, found 1099511627776/,
  ],
  ['llada_moe', ['llada-moe.expert_used_count', 'u32', 9], /num_experts_per_tok of at most num_experts/],
  ['llada_moe', ['llada-moe.expert_gating_func', 'u32', 2], /llada-moe\.expert_gating_func is 2/],
  ['llada_moe', ['llada-moe.expert_weights_scale', 'f32', 2.5], /llada-moe\.expert_weights_scale is 2\.5/],
  ['dream', ['diffusion.shift_logits', 'bool', false], /diffusion\.shift_logits is false, .* in dream/],
  ['llama', ['llama.attention.causal', 'bool', false], /diffusion\.shift_logits is absent, which means true/],
  ['llama', ['tokenizer.ggml.scores', 'f32', [1]], /tokenizer\.ggml\.scores to be 449 numbers/],
];

test(`each of ${refused.length} changed keys is refused, by name, and nothing is written`, async (t) => {
  for (const [family, change, message] of refused) {
    await t.test(`${family} with ${change.join(' ')}`, async (t) => {
      const path = await written(t, changed(await ggufOfReference(family), change));
      await assert.rejects(ggufDirectory(path), (error) => {
        assert.ok(error instanceof FileError || error instanceof UnsupportedError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path), error.message);
        return true;
      });
      assert.deepEqual(await readdir(join(path, '..')), ['model.gguf']);
    });
  }
});

test('1,000 mutants of a model file are a model or a typed error, and nothing outside of the file is read', async () => {
  const good = ggufBytes(await ggufOfReference('llada'));
  let state = 99;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * n);
  };
  const extremes = [0n, 1n, 1_000_000n, 2n ** 31n, 2n ** 53n, 2n ** 64n - 1n];
  // the keys at the beginning, and the tensors at the end of the header; between them are the tokens
  const endOfKeys = good.indexOf('tokenizer.ggml.tokens');
  const tensors = good.indexOf('tokenizer.ggml.mask_token_id');
  let opened = 0;
  for (let i = 0; i < 1000; i++) {
    const bytes = Buffer.from(good);
    for (let n = 1 + random(3); n > 0; n--) {
      const at = random(2) === 0 ? random(endOfKeys) : tensors + random(2000);
      if (random(2) === 0) bytes[at] = random(256);
      else bytes.writeBigUInt64LE(extremes[random(extremes.length)], at);
    }
    const reader = {
      path: 'mutant.gguf',
      size: bytes.length,
      async readInto(target: Uint8Array, offset: number) {
        assert.ok(offset >= 0 && offset + target.length <= bytes.length);
        target.set(bytes.subarray(offset, offset + target.length));
      },
    };
    try {
      const header = await readGgufHeader(reader);
      await ggufModel({ ...header, path: reader.path, size: reader.size, identity: '' });
      tokenizerFromGguf(header.metadata, reader.path);
      opened++;
    } catch (error) {
      if (!(error instanceof FileError || error instanceof UnsupportedError))
        throw new Error(`mutant ${i}`, { cause: error });
    }
  }
  assert.ok(opened > 10 && opened < 500, `${opened} were opened: the mutations are too strong or too weak`);
});

test('what a file does not say is as llama.cpp takes it', async (t) => {
  const content = await ggufOfReference('llada');
  const read = async (...changes: (Entry | readonly [string])[]) => {
    const file = await openGguf(await written(t, changed(content, ...changes)));
    return (await ggufModel(file)).config.transformer;
  };
  assert.equal((await read()).shiftedLogits, false);
  assert.equal((await read(['diffusion.shift_logits'])).shiftedLogits, true);
  assert.equal((await read(['llada.rope.freq_base'])).ropeTheta, 10_000);
  assert.equal((await read(['llada.attention.head_count_kv'])).kvHeads, 4);
  assert.equal((await read()).normEpsilon, 1e-5);
});

test('tensors that no family has, or of types that we cannot read, are refused by name', async (t) => {
  const content = await ggufOfReference('llada');
  const extra = { name: 'blk.0.attn_sinks.weight', dimensions: [4], type: 0, bytes: new Uint8Array(16) };
  const unknown = await written(t, { ...content, tensors: [...content.tensors, extra] });
  await assert.rejects(ggufDirectory(unknown), /a tensor "blk\.0\.attn_sinks\.weight" is not supported/);
  const q2 = { name: 'output.weight', dimensions: [256, 2], type: 10, bytes: new Uint8Array(168) };
  const others = content.tensors.filter(({ name }) => name !== q2.name);
  const q2File = await written(t, { ...content, tensors: [...others, q2] });
  await assert.rejects(
    ggufDirectory(q2File),
    /"output\.weight" is stored as Q2_K; supported are F32, F16, Q4_0/,
  );
});

/** The numbers that 8 bits and a scale for each 32 of them leave, and the blocks, as ggml's Q8_0 has them. */
function inQ8(numbers: Float32Array): { blocks: Uint8Array; left: Float32Array } {
  const blocks = Buffer.alloc((numbers.length / 32) * 34);
  const left = new Float32Array(numbers.length);
  for (let block = 0; block < numbers.length / 32; block++) {
    const some = numbers.subarray(32 * block, 32 * block + 32);
    const bits = new Uint16Array(1);
    const scale = new Float32Array(1);
    narrowF16(Float32Array.of(some.reduce((a, b) => Math.max(a, Math.abs(b)), 0) / 127), bits);
    widenF16(bits, scale);
    blocks.writeUInt16LE(bits[0], 34 * block);
    for (const [i, number] of some.entries()) {
      const q = Math.round(number / scale[0]) + 0;
      blocks.writeInt8(q, 34 * block + 2 + i);
      left[32 * block + i] = q * scale[0];
    }
  }
  return { blocks, left };
}

test('quantised tensors, experts among them, are what they were quantised to', async (t) => {
  const content = await ggufOfReference('llada_moe');
  const [tensors, left] = [[...content.tensors], new Map<string, Float32Array>()];
  for (const [i, { name, dimensions, type, bytes }] of tensors.entries()) {
    if (dimensions.length < 2 || dimensions[0] % 32 !== 0 || type !== 0) continue;
    const quantised = inQ8(new Float32Array(Uint8Array.from(bytes).buffer));
    tensors[i] = { name, dimensions, type: 8, bytes: quantised.blocks };
    left.set(name, quantised.left);
  }
  const path = await written(t, { ...content, tensors });
  const directory = await ggufDirectory(path);

  const { config } = await readModelConfig(referencePath('llada_moe'));
  const { entries, read } = await openWeights(referencePath('llada_moe'));
  const weights = await Promise.all(
    Array.from(entries.keys(), async (name) => {
      const { shape, data } = await read(name);
      const [stacked, expert] = ggufName(name);
      const rounded = left.get(stacked);
      const start = (expert ?? 0) * data.length;
      return { name, shape, data: rounded ? rounded.slice(start, start + data.length) : data };
    }),
  );
  assert.ok(weights.filter(({ name }) => left.has(ggufName(name)[0])).length > 2 * 8 * 2);
  const twin = join(await temporaryFolder(t), 'twin');
  await writeModelDirectory(twin, { config, weights });
  const expected = await allLogits(twin, 'llada_moe');
  assert.deepEqual(await allLogits(directory, 'llada_moe', 'f32'), expected);
  assert.deepEqual((await readdir(directory)).sort(), indexFiles);
});

test('quantised rows of interleaved heads are put in order', async (t) => {
  const plain = Float32Array.from({ length: 8 * 32 }, (_, i) => Math.floor(i / 32) + (i % 32) / 64);
  const { blocks, left } = inQ8(plain);
  const path = await written(t, {
    entries: [],
    tensors: [{ name: 'w', dimensions: [32, 8], type: 8, bytes: blocks }],
  });
  const file = await openGguf(path);
  const source = sourceOf(file.tensors.get('w')!, 'w', { interleaved: 4 });
  const row = (i: number) => [...left.subarray(32 * i, 32 * i + 32)];
  const { data } = await readGgufRows(file, source);
  assert.deepEqual([...data], [0, 2, 1, 3, 4, 6, 5, 7].flatMap(row));
  assert.deepEqual([...(await readGgufRows(file, source, { first: 5, count: 2 })).data], [6, 5].flatMap(row));
});

test('inspect shows what a GGUF is, and writes nothing', async (t) => {
  const path = await written(t, await ggufOfReference('llada'));
  const io = fakeIo();
  await inspect.run({ path, tensors: true, json: true }, io, new Set());
  const facts = JSON.parse(io.out) as Record<string, unknown>;
  const other = fakeIo();
  await inspect.run({ path: referencePath('llada'), tensors: false, json: true }, other, new Set());
  const same = [
    'family',
    'attention',
    'parameters',
    'maskId',
    'maskToken',
    'endIds',
    'endTokens',
    'config',
    'dtypes',
  ];
  const theirs = JSON.parse(other.out) as Record<string, unknown>;
  for (const key of same) assert.deepEqual(facts[key], theirs[key], key);
  assert.deepEqual(facts.gguf, {
    version: 3,
    architecture: 'llada',
    name: 'llada',
    directory: `${path}.unmask`,
  });
  const table = fakeIo();
  await inspect.run({ path, tensors: false, json: false }, table, new Set());
  assert.match(table.out, /^file +GGUF 3, llada, llada$/m);
  assert.match(
    table.out,
    /^becomes +.*model\.gguf\.unmask when it first runs, without the weights: they stay in the file$/m,
  );
  assert.deepEqual(await readdir(join(path, '..')), ['model.gguf']);
});

test('inspect tells why a GGUF does not run, and all else that it knows', async (t) => {
  const content = await ggufOfReference('llada');
  const path = await written(
    t,
    changed(content, ['llada.rope.scaling.type', 'text', 'yarn'], ['tokenizer.ggml.pre']),
  );
  const io = fakeIo();
  assert.equal(await inspect.run({ path, tensors: false, json: false }, io, new Set()), 2);
  assert.match(io.out, /llada\.rope\.scaling\.type is "yarn", which is not supported/);
  assert.match(io.out, /tokenizer\.ggml\.pre is absent; supported are gpt-2/);
  assert.match(io.out, /^parameters +78,576$/m);
  assert.match(io.out, /^stored +F32 314\.3 kB$/m);
});

test("a file that others published: it computes, knows Llama's words, and is what inspect says", async (t) => {
  const path = join(await temporaryFolder(t), 'tiny.gguf');
  await cp(goldenFile('models/llama-2-tiny-random.gguf'), path);
  const io = fakeIo();
  await inspect.run({ path, tensors: false, json: false }, io, new Set());
  assert.match(io.out, /^file +GGUF 3, llama, LLaMA v2$/m);
  assert.match(io.out, /^mask token +none$/m);
  const directory = await ggufDirectory(path);
  const { network, config } = await openModel(directory);
  assert.deepEqual([config.transformer.layers, config.transformer.vocabularySize], [1, 32_000]);
  const tokenizer = await loadTokenizer(directory);
  const tokens = Int32Array.of(1, ...tokenizer.encode('Hello world'));
  assert.deepEqual([...tokens], [1, 15_043, 3186]);
  const { data } = await network.logits({ shape: [1, 3], data: tokens }, Int32Array.of(2));
  await network.close();
  const best = data.reduce((best, logit, id) => (logit > data[best] ? id : best), 0);
  // from a forward written with numpy, in float64, on the rows as they are in the file, with neighbours rotated
  assert.equal(best, 19_356);
  assert.ok(Math.abs(data[best] - 0.250_370_394_4) < 1e-6, `${data[best]}`);
});

test('the model that ships is no GGUF file, and says so', async () => {
  await assert.rejects(
    load(join(shippedModel, 'config.json')),
    /config\.json: expected a GGUF file, found one that begins/,
  );
});
