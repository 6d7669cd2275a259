import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { inputs } from '../../test/inputs.ts';
import { readPlainly } from '../../test/plain-blocks.ts';
import { referencePath } from '../../test/reference.ts';
import { temporaryFolder, writeTinyModel } from '../../test/tiny-model.ts';
import { sizeOf } from '../base/array.ts';
import { writeModelDirectory } from '../checkpoint/directory.ts';
import { blockShapes } from '../checkpoint/block-quantisation.ts';
import type { WeightEntry, Weights } from '../checkpoint/weights.ts';
import { safetensorsPieces, type TensorToWrite } from '../checkpoint/safetensors-pieces.ts';
import { FileError, InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { openModel, type OpenedModel } from './open.ts';
import { quantisedTensors } from './quantise.ts';
import { bytesIn, storageOf } from './storage.ts';
import {
  blockFormats,
  type BlockFormatName,
  isBlockFormat,
  recordKey,
  recordOf,
  type WeightFormat,
} from './weight-format.ts';

type SmallFormat = Exclude<WeightFormat, 'f32'>;

/** Writes a quantised copy of a model directory, without what belongs to texts. */
async function quantise(source: OpenedModel, to: string, format: SmallFormat) {
  const parameters = storageOf(source.config.transformer, source.names, format);
  const { tensors, errors } = quantisedTensors(source.weights, parameters, format);
  await writeModelDirectory(to, {
    config: { ...source.json, [recordKey]: recordOf(format) },
    weights: tensors,
  });
  return errors();
}

/** The numbers of a quantised model, read plainly, as a model in float32. */
async function writeDequantised(quantised: OpenedModel, to: string, format: SmallFormat): Promise<void> {
  const { config, names, json, weights } = quantised;
  const tensors: TensorToWrite[] = [];
  for (const [name, { shape, storage }] of storageOf(config.transformer, names, format)) {
    const inBlocks = storage.startsWith('blocks');
    // a head that is also the embedding is one matrix here: that of the head
    const data = inBlocks
      ? await readPlainly(weights, name, shape, blockFormats[format as BlockFormatName])
      : (await weights.read(name)).data;
    tensors.push({ name, shape, data });
  }
  const { [recordKey]: _, ...plain } = json;
  await writeModelDirectory(to, { config: plain, weights: tensors });
}

/** Root mean square of the difference of some logits, over that of the logits. */
async function difference(a: OpenedModel, b: OpenedModel): Promise<number> {
  const V = a.config.transformer.vocabularySize;
  const tokens = { shape: [2, 12], data: Int32Array.from({ length: 24 }, (_, i) => (i * 37 + 5) % V) };
  const rows = Int32Array.from({ length: 24 }, (_, i) => i);
  const [x, y] = [await a.network.logits(tokens, rows), await b.network.logits(tokens, rows)];
  const squares = x.data.reduce((sum, logit) => sum + logit ** 2, 0);
  return Math.sqrt(x.data.reduce((sum, logit, i) => sum + (logit - y.data[i]) ** 2, 0) / squares);
}

/** First those that differ most: a plain one, one whose logits are shifted, one with experts and an encoder. */
const families = [
  'llada',
  'dream',
  'diffusion_gemma',
  'llada2',
  'llada_gqa',
  'llada_moe',
  'llada21',
  'a2d_llama',
  'a2d_qwen2',
  'a2d_qwen3',
  'llama',
  'qwen2',
];

for (const family of families.slice(0, inputs({ all: families.length, few: 3 }))) {
  test(`${family}: logits in 16, 8 and 4 bits are as near as the weights are`, async (t) => {
    const folder = await temporaryFolder(t);
    const source = await openModel(referencePath(family));
    const found: string[] = [];
    for (const format of ['f16', 'int8', 'int4'] as const) {
      const place = join(folder, format);
      const { overall } = await quantise(source, place, format);
      const quantised = await openModel(place);
      assert.equal(quantised.format, format);
      const { transformer } = source.config;
      assert.equal(bytesIn(transformer, source.names, format), quantised.weights.totalBytes);
      const off = await difference(source, quantised);
      // products with blocks also round what is multiplied to 8 bits, in blocks
      const rounding = isBlockFormat(format) ? overall + 0.012 : overall;
      // DiffusionGemma's random routers choose other experts at once: noise of 0.5 % in its weights moves its logits by 15 %
      const growth = family === 'diffusion_gemma' ? 20 : 8;
      assert.ok(off <= growth * rounding + 1e-6, `${format}: weights ${overall}, logits ${off}`);
      assert.ok(format !== 'int4' || off > 0.1, `4 bits would be better than they can be: ${off}`);
      found.push(`${format}: weights ${overall.toExponential(1)}, logits ${off.toExponential(1)}`);
      if (isBlockFormat(format) && !source.config.transformer.tiedHead) {
        const plain = join(folder, `${format}-plain`);
        await writeDequantised(quantised, plain, format);
        const twin = await openModel(plain);
        const fromPlain = await difference(twin, quantised);
        // where a router stands between two experts, rounding may choose the other
        assert.ok(fromPlain <= (source.config.transformer.mixture ? 0.15 : 0.05), `${format}: ${fromPlain}`);
        found.push(`from the same numbers in float32 ${fromPlain.toExponential(1)}`);
        await twin.network.close();
      }
      await quantised.network.close();
    }
    await source.network.close();
    t.diagnostic(found.join('; '));
  });
}

test('a model is read and written one tensor at a time, some rows at a time', async () => {
  const shape = [2200, 2048]; // 17 MiB: more than is read at once
  const names = ['a', 'b', 'c'];
  const entries = new Map(
    names.map((name): [string, WeightEntry] => [
      name,
      { name, dtype: 'F32', shape, offset: 0, byteLength: 4 * sizeOf(shape), file: 'model.safetensors' },
    ]),
  );
  const parameters = new Map(names.map((name) => [name, { shape, storage: 'blocks and table' as const }]));
  const unwritten: number[] = [];
  const reads: number[] = [];
  let [written, begun] = [0, 0];
  const { codes, scales, zeros } = blockShapes(shape, blockFormats.int4);
  const blockBytes = sizeOf(codes) + 4 * sizeOf(scales) + sizeOf(zeros!);
  const weights: Pick<Weights, 'entries' | 'read'> = {
    entries,
    async read(name, rows) {
      assert.ok(rows, 'whole tensors are not read');
      reads.push(4 * rows.count * shape[1]);
      // the blocks of each are made whole before any is written
      if (rows.first === 0 && begun < names.length) unwritten.push(begun++ * blockBytes - written);
      return {
        shape: [rows.count, shape[1]],
        data: new Float32Array(rows.count * shape[1]).fill(name.length),
      };
    },
  };
  const { tensors } = quantisedTensors(weights, parameters, 'int4');
  let header: number | undefined;
  for await (const piece of safetensorsPieces(tensors)) {
    if (header === undefined) header = piece.length;
    else written += piece.length;
  }
  assert.equal(written, names.length * (blockBytes + 2 * sizeOf(shape)));
  assert.equal(
    reads.reduce((sum, bytes) => sum + bytes, 0),
    2 * names.length * 4 * sizeOf(shape),
  );
  assert.ok(Math.max(...reads) <= 16 << 20, `${Math.max(...reads)} bytes in one read`);
  assert.deepEqual(unwritten, [0, 0, 0], 'a tensor is written before the next is read');
});

/** A tiny model in 4 bits, and a way to write it again with some of it changed. */
async function tinyInt4(t: TestContext) {
  const folder = await temporaryFolder(t);
  await writeTinyModel(join(folder, 'source'));
  const source = await openModel(join(folder, 'source'));
  await quantise(source, join(folder, 'int4'), 'int4');
  const { weights, json } = await openModel(join(folder, 'int4'));
  const tensors = await Promise.all(
    Array.from(weights.entries.values(), async ({ name, dtype, shape }): Promise<TensorToWrite> => {
      return { name, dtype, shape, data: await weights.readRaw(name) };
    }),
  );
  let count = 0;
  return {
    folder,
    tensors,
    json,
    async write(changed: readonly TensorToWrite[], config: object = json): Promise<string> {
      const place = join(folder, `changed-${count++}`);
      await writeModelDirectory(place, { config: { ...config }, weights: changed });
      return place;
    },
  };
}

test('a quantised model whose parts are missing, of another shape or type is refused', async (t) => {
  const { tensors, json, write, folder } = await tinyInt4(t);
  const query = 'model.transformer.blocks.0.q_proj.weight';
  const without = (name: string) => tensors.filter((tensor) => tensor.name !== name);
  const changed = (name: string, change: Partial<TensorToWrite>) =>
    tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor));
  const cases: [readonly TensorToWrite[], RegExp][] = [
    [without(`${query}.scales`), /expected a tensor .*q_proj\.weight\.scales/],
    [without(`${query}.zeros`), /expected a tensor .*q_proj\.weight\.zeros/],
    [without(`${query}.codes`), /expected a tensor .*q_proj\.weight\.codes/],
    [without('model.transformer.wte.weight'), /expected a tensor model\.transformer\.wte\.weight/],
    [
      changed(`${query}.codes`, { shape: [32, 2, 32], data: new Uint8Array(2048) }),
      /q_proj\.weight\.codes of shape \[32, 1, 32\]/,
    ],
    [
      changed(`${query}.scales`, { shape: [31, 1], dtype: 'F32', data: new Float32Array(31) }),
      /q_proj\.weight\.scales of shape \[32, 1\]/,
    ],
    [changed(`${query}.codes`, { dtype: 'I8' }), /q_proj\.weight\.codes is stored as I8; supported are U8/],
    [
      changed(`${query}.scales`, { dtype: 'F16', data: new Uint8Array(64) }),
      /q_proj\.weight\.scales is stored as F16; supported are F32/,
    ],
    [[...tensors, { name: 'more', shape: [1], data: Float32Array.of(1) }], /only tensors that .* asks for/],
  ];
  await (await openModel(await write(tensors))).network.close();
  for (const [content, sentence] of cases) {
    const place = await write(content);
    await assert.rejects(openModel(place), (error) => {
      assert.ok(error instanceof FileError || error instanceof UnsupportedError, String(error));
      assert.match(error.message, sentence);
      return true;
    });
  }
  for (const record of [
    'int4',
    { format: 'int2' },
    { format: 'int4', bits: 4, block: 32, symmetric: false },
    { format: 'int4' },
    { ...recordOf('int4'), more: 1 },
    null,
  ])
    await assert.rejects(
      openModel(await write(tensors, { ...json, [recordKey]: record })),
      (error) =>
        error instanceof FileError && /expected unmask_quantization to be one of/.test(error.message),
    );
  await assert.rejects(
    openModel(await write(tensors, { ...json, [recordKey]: recordOf('int8') })),
    (error) => error instanceof FileError,
  );
  const config = JSON.parse(await readFile(join(folder, 'source', 'config.json'), 'utf8')) as object;
  await writeFile(
    join(folder, 'source', 'config.json'),
    JSON.stringify({ ...config, [recordKey]: recordOf('int4') }),
  );
  await assert.rejects(openModel(join(folder, 'source')), /expected a tensor .*\.codes/);
});

test('weights that are not stored as they are asked for are refused', async (t) => {
  const { folder } = await tinyInt4(t);
  const refused: [string, WeightFormat, RegExp][] = [
    ['int4', 'f32', /weights: must be int4, as .* is stored, got "f32"/],
    ['int4', 'f16', /must be int4/],
    ['int4', 'int8', /must be int4/],
    ['source', 'int4', /must be f32 or f16/],
  ];
  for (const [place, weights, sentence] of refused)
    await assert.rejects(
      openModel(join(folder, place), { weights }),
      (error) => error instanceof InvalidOptionError && sentence.test(error.message),
    );
});

test('16 bits that stay so in memory give the logits that they give widened', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTinyModel(join(folder, 'source'));
  const source = await openModel(join(folder, 'source'));
  await quantise(source, join(folder, 'f16'), 'f16');
  const kept = await openModel(join(folder, 'f16'));
  const widened = await openModel(join(folder, 'f16'), { weights: 'f32' });
  assert.ok((await difference(widened, kept)) < 1e-6);
  for (const { network } of [source, kept, widened]) await network.close();
});

test('a number that 16 bits cannot hold is refused by name', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTinyModel(join(folder, 'source'));
  const source = await openModel(join(folder, 'source'));
  const weights: Pick<Weights, 'entries' | 'read'> = {
    entries: source.weights.entries,
    read: async (name, rows) => {
      const { shape, data } = await source.weights.read(name, rows);
      return { shape, data: name.includes('wte') ? data.fill(1e5) : data };
    },
  };
  const parameters = storageOf(source.config.transformer, source.names, 'int4');
  const { tensors } = quantisedTensors(weights, parameters, 'int4');
  const place = join(folder, 'int4');
  await assert.rejects(
    writeModelDirectory(place, { config: {}, weights: tensors }),
    (error) => error instanceof FileError && /numbers up to 65504.*wte/.test(error.message),
  );
  assert.ok(!existsSync(place));
});
