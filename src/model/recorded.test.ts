import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readReference, referencePath } from '../../test/reference.ts';
import { temporaryFolder } from '../../test/tiny-model.ts';
import type { NdArray } from '../base/array.ts';
import { readModelConfig } from '../checkpoint/directory.ts';
import { openSafetensors, readFloats, readRaw, type SafetensorsFile } from '../checkpoint/safetensors.ts';
import { writeOnnx } from '../graph/onnx.ts';
import { scatterAdd, zerosLike } from '../graph/primitives.ts';
import { input } from '../graph/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { route } from './mixture.ts';
import type { Network } from './network.ts';
import { openModel } from './open.ts';

// What the models' own PyTorch code computed for tiny checkpoints in the layout of each published family.

interface Forward {
  readonly input_ids: number[][];
  /** Keys that may be looked at, or the name of a tensor over queries and keys. */
  readonly attention_mask: number[][] | string | null;
  readonly position_ids: number[][] | null;
  readonly logits: string;
}

const tensor = (rows: number[][]): NdArray<Int32Array> => ({
  shape: [rows.length, rows[0].length],
  data: Int32Array.from(rows.flat()),
});

/** 1 where a query may look at a key   [B, L, L] */
async function allowed(recorded: SafetensorsFile, mask: number[][] | string): Promise<NdArray<Uint8Array>> {
  if (typeof mask === 'string') {
    const [B, , L] = recorded.tensors.get(mask)!.shape;
    const { dtype } = recorded.tensors.get(mask)!;
    // as floats it is what is added to the scores: 0 or −∞
    const data =
      dtype === 'U8'
        ? await readRaw(recorded, mask)
        : Uint8Array.from((await readFloats(recorded, mask)).data, (bias) => (bias === 0 ? 1 : 0));
    return { shape: [B, L, L], data };
  }
  const L = mask[0].length;
  return {
    shape: [mask.length, L, L],
    data: Uint8Array.from(mask.flatMap((keys) => Array(L).fill(keys).flat())),
  };
}

/** The output that a row's logits are read off. */
const outputOf = ({ config }: Network, row: number, L: number) =>
  config.shiftedLogits && row % L > 0 ? row - 1 : row;

const cases = {
  llada: 3,
  llada_gqa: 3,
  llada_moe: 3,
  llada2: 4,
  llada21: 4,
  a2d_llama: 4,
  a2d_qwen2: 4,
  a2d_qwen3: 4,
  dream: 3,
  llama: 3,
  qwen2: 3,
};

for (const [family, count] of Object.entries(cases)) {
  test(`${family}: logits equal the recorded ones within 2e-4`, async (t) => {
    let worst = 0;
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const V = network.config.vocabularySize;
    const { forward, special_ids } = readReference<{
      forward: Record<string, Forward>;
      special_ids: Record<string, number>;
    }>(family);
    assert.ok(Object.keys(forward).length >= count, `${Object.keys(forward)}`);
    for (const [name, { input_ids, attention_mask, position_ids, logits }] of Object.entries(forward)) {
      const tokens = tensor(input_ids);
      const [B, L] = tokens.shape;
      const rows = Int32Array.from({ length: B * L }, (_, i) => i);
      const given = await network.logits(tokens, rows, {
        attentionMask: attention_mask ? await allowed(recorded, attention_mask) : undefined,
        positions: position_ids ? tensor(position_ids) : undefined,
      });
      const expected = await readFloats(recorded, logits);
      const isPadding = (row: number) =>
        Array.isArray(attention_mask)
          ? attention_mask.flat()[row] === 0
          : attention_mask !== null && tokens.data[row] === special_ids.pad;
      let compared = 0;
      for (const row of rows) {
        const output = outputOf(network, row, L);
        if (isPadding(output)) continue;
        compared++;
        for (let v = 0; v < V; v++) {
          const [ours, theirs] = [given.data[row * V + v], expected.data[output * V + v]];
          const found = `${name}, row ${row}, token ${v}: ${ours}, not ${theirs}`;
          assert.ok(Math.abs(ours - theirs) <= 2e-4, found);
          worst = Math.max(worst, Math.abs(ours - theirs));
        }
      }
      assert.ok(compared >= (B * L) / 2, `${name}: ${compared} rows compared`);
    }
    t.diagnostic(`largest difference ${worst.toExponential(1)}`);
    await network.close();
  });
}

interface Causal {
  readonly forward: Record<string, Forward>;
  readonly greedy: readonly { readonly prompt: number[][]; readonly output: number[][] }[];
  readonly nll: { readonly of: string; readonly tensor: string; readonly mean: readonly number[] };
}

for (const family of ['llama', 'qwen2']) {
  test(`${family}: the likeliest tokens, one after another, are the recorded ones`, async () => {
    const { network } = await openModel(referencePath(family));
    for (const { prompt, output } of readReference<Causal>(family).greedy) {
      const tokens = [...prompt[0]];
      assert.ok(output[0].length > tokens.length);
      while (tokens.length < output[0].length) {
        const { data } = await network.logits(tensor([tokens]), Int32Array.of(tokens.length - 1));
        tokens.push(data.indexOf(Math.max(...data)));
      }
      assert.deepEqual(tokens, output[0]);
    }
    await network.close();
  });

  test(`${family}: −log p of every token after the first equals the recorded one within 2e-4`, async () => {
    const { network } = await openModel(referencePath(family));
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const { forward, nll } = readReference<Causal>(family);
    const tokens = tensor(forward[nll.of.replace('forward.', '')].input_ids);
    const [B, L] = tokens.shape;
    const rows = Int32Array.from({ length: B * (L - 1) }, (_, i) => i + Math.floor(i / (L - 1)));
    const nats = await network.score(
      tokens,
      rows,
      rows.map((row) => tokens.data[row + 1]),
    );
    const expected = await readFloats(recorded, nll.tensor);
    assert.equal(expected.data.length, nats.length);
    for (const [i, value] of nats.entries()) assert.ok(Math.abs(value - expected.data[i]) <= 2e-4, `${i}`);
    for (const [b, mean] of nll.mean.entries()) {
      const own = nats.subarray(b * (L - 1), (b + 1) * (L - 1));
      assert.ok(Math.abs(own.reduce((sum, value) => sum + value, 0) / (L - 1) - mean) <= 1e-4);
    }
    await network.close();
  });
}

test('Qwen3ForCausalLM is A2DQwen3LMHeadModel under a causal mask, to the bit', async (t) => {
  const folder = await temporaryFolder(t);
  const { config } = await readModelConfig(referencePath('a2d_qwen3'));
  const json = JSON.stringify({ ...config, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' });
  await writeFile(join(folder, 'config.json'), json);
  await copyFile(referencePath('a2d_qwen3', 'model.safetensors'), join(folder, 'model.safetensors'));
  const [{ network }, { network: twin }] = [
    await openModel(folder),
    await openModel(referencePath('a2d_qwen3')),
  ];
  const tokens = tensor([[7, 1, 300, 22, 5]]);
  const rows = Int32Array.of(0, 2, 4);
  const below = Uint8Array.from({ length: 25 }, (_, i) => (i % 5 <= Math.floor(i / 5) ? 1 : 0));
  const attentionMask = { shape: [1, 5, 5], data: below };
  const masked = await twin.logits(tokens, rows, { attentionMask });
  assert.deepEqual(await network.logits(tokens, rows), masked);
  assert.notDeepEqual(await twin.logits(tokens, rows), masked);
  await network.close();
  await twin.close();
});

test('a head in the files is the head, also of a config that calls it tied, as in transformers 5.18.0', async (t) => {
  const folder = await temporaryFolder(t);
  const { config } = await readModelConfig(referencePath('llama'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, tie_word_embeddings: true }));
  await copyFile(referencePath('llama', 'model.safetensors'), join(folder, 'model.safetensors'));
  const [said, own] = [await openModel(folder), await openModel(referencePath('llama'))];
  const tokens = tensor([[7, 1, 300]]);
  const rows = Int32Array.of(2);
  assert.deepEqual(await said.network.logits(tokens, rows), await own.network.logits(tokens, rows));
  await said.network.close();
  await own.network.close();
});

interface Routed {
  readonly family: string;
  /** The recorded case, and the first layer with experts. */
  readonly name: string;
  readonly first: number;
}
const routed: readonly Routed[] = [
  { family: 'llada_moe', name: 'masked_b2', first: 0 },
  { family: 'llada2', name: 'bidir_masked_b2', first: 1 },
  { family: 'llada21', name: 'bidir_masked_b2', first: 1 },
];
for (const { family, name, first } of routed) {
  test(`${family}: the router chooses the recorded experts, and weighs them within 1e-5`, async () => {
    const { config, names, weights, network } = await openModel(referencePath(family));
    await network.close();
    const mixture = config.transformer.mixture!;
    const recorded = await openSafetensors(referencePath(family, 'reference.safetensors'));
    const logits = await readFloats(recorded, `router_logits.${name}`);
    const expected = await readFloats(recorded, `router_topk_weights.${name}`);
    const indices = await readRaw(recorded, `router_topk_idx.${name}`);
    const chosen = new Int32Array(indices.buffer, indices.byteOffset, expected.data.length);
    const [layers, rows, E] = logits.shape;
    const K = expected.shape[2];
    const given = input('logits', 'float32', ['R', E]);
    const bias = mixture.selectionBias ? input('bias', 'float32', [E]) : undefined;
    const { index, weights: shares } = route(given, mixture, bias);
    const model = writeOnnx({ weights: scatterAdd(zerosLike(given), index, shares, 1) });
    const session = await openSession(model);
    for (let layer = 0; layer < layers; layer++) {
      const data = logits.data.slice(layer * rows * E, (layer + 1) * rows * E);
      const { selectionBias } = names.layer(first + layer).mixture!;
      const routed = await session.run({
        logits: { shape: [rows, E], data },
        ...(mixture.selectionBias && { bias: await weights.read(selectionBias) }),
      });
      for (let row = 0; row < rows; row++) {
        const ours = routed.weights.data.subarray(row * E, (row + 1) * E) as Float32Array;
        const start = (layer * rows + row) * K;
        const theirs = new Float32Array(E);
        for (let k = start; k < start + K; k++) theirs[chosen[k]] = expected.data[k];
        assert.deepEqual(
          Array.from(ours, (w) => w > 0),
          Array.from(theirs, (w) => w > 0),
          `row ${row}`,
        );
        for (const [e, weight] of ours.entries()) assert.ok(Math.abs(weight - theirs[e]) < 1e-5);
      }
    }
    await session.close();
  });

  test(`${family}: one row alone, which leaves most experts without any, has the logits that it has among others`, async () => {
    const { network } = await openModel(referencePath(family));
    const tokens = tensor([[3, 50, 7, 120, 9]]);
    const all = await network.logits(tokens, Int32Array.of(0, 1, 2, 3, 4));
    const V = network.config.vocabularySize;
    for (const row of [0, 3]) {
      const { data } = await network.logits(tokens, Int32Array.of(row));
      for (const [v, logit] of data.entries())
        assert.ok(Math.abs(logit - all.data[row * V + v]) < 1e-4, `row ${row}, token ${v}`);
    }
    await network.close();
  });
}
