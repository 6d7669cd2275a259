import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readReference, referencePath } from '../../../test/reference.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import type { NdArray } from '../../base/array.ts';
import { readModelConfig, writeModelDirectory } from '../../checkpoint/directory.ts';
import { openSafetensors, readFloats, type SafetensorsFile } from '../../checkpoint/safetensors.ts';
import { openWeights } from '../../checkpoint/open-weights.ts';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import type { KeyValues } from '../key-values.ts';
import type { ForwardOptions } from '../network.ts';
import { type OpenedModel, openModel } from '../open.ts';
import { diffusionGemma } from './diffusion-gemma.ts';
import { samplingIn } from './generation-config.ts';

// Forwards of encoder and decoder, against what the model's own code recorded.

interface Forward {
  readonly input_ids: number[][];
  readonly attention_mask: number[][] | null;
  readonly decoder_input_ids: number[][];
  readonly decoder_attention_mask: number[][] | null;
  readonly self_conditioning_logits: string | null;
  readonly self_conditioning_mask: number[] | null;
}
interface Recorded {
  readonly forward: Record<string, Forward>;
  readonly cache_lengths_after_prefill: number[];
}

const family = 'diffusion_gemma';
let model: OpenedModel;
let tensors: SafetensorsFile;
before(async () => {
  model = await openModel(referencePath(family));
  tensors = await openSafetensors(referencePath(family, 'reference.safetensors'));
});
after(async () => {
  await model.network.close();
});

const row = (ids: readonly number[]): NdArray<Int32Array> => ({
  shape: [1, ids.length],
  data: Int32Array.from(ids),
});

/** The logits of every position, and its keys and values. */
function extend(ids: readonly number[], past?: KeyValues, options: ForwardOptions = {}) {
  return model.network.extend(row(ids), Int32Array.from(ids.keys()), past, options);
}
const encodes = true;

/** A mask over keys as one over queries and keys. */
const overQueries = (keys: readonly number[] | undefined, queries: number) =>
  keys && {
    shape: [1, queries, keys.length],
    data: Uint8Array.from(Array(queries).fill(keys).flat()),
  };

/** One sequence of a recorded tensor [B, L, N]   [L, N] */
async function recordedRow(name: string, b: number): Promise<NdArray> {
  const { shape, data } = await readFloats(tensors, name);
  const size = shape[1] * shape[2];
  return { shape: [shape[1], shape[2]], data: data.slice(b * size, (b + 1) * size) };
}

function requireNear(
  actual: Float32Array,
  expected: Float32Array,
  title: string,
  kept?: readonly number[],
): void {
  assert.equal(actual.length, expected.length, title);
  const width = actual.length / (kept?.length ?? 1);
  for (const [index, value] of actual.entries()) {
    if (kept && kept[Math.floor(index / width)] === 0) continue;
    assert.ok(Math.abs(value - expected[index]) <= 2e-4, `${title}: ${value}, not ${expected[index]}`);
  }
}

/** 30 tanh(h Eᵀ / 30), of states behind the final norm. */
async function logitsOf(states: NdArray): Promise<Float32Array> {
  const { shape, data: table } = await model.weights.read(model.names.embedding);
  const [V, D] = shape;
  const [L] = states.shape;
  return Float32Array.from({ length: L * V }, (_, index) => {
    const [i, v] = [Math.floor(index / V), index % V];
    let sum = 0;
    for (let d = 0; d < D; d++) sum += states.data[i * D + d] * table[v * D + d];
    return 30 * Math.tanh(sum / 30);
  });
}

test('DiffusionGemma: logits of the encoder and of the decoder equal the recorded ones within 2e-4', async () => {
  const { forward } = readReference<Recorded>(family);
  assert.equal(Object.keys(forward).length, 5);
  for (const [name, recorded] of Object.entries(forward)) {
    for (const [b, ids] of recorded.input_ids.entries()) {
      const kept = recorded.attention_mask?.[b];
      const encoded = await extend(ids, undefined, {
        encodes,
        attentionMask: overQueries(kept, ids.length),
      });
      const states = await recordedRow(`forward.${name}.encoder_last_hidden_state`, b);
      requireNear(encoded.logits.data, await logitsOf(states), `${name}, states`, kept);
      const logits = `forward.${name}.encoder_logits`;
      if (tensors.tensors.has(logits))
        requireNear(encoded.logits.data, (await recordedRow(logits, b)).data, logits, kept);

      const canvas = recorded.decoder_input_ids[b];
      const { self_conditioning_logits: before, self_conditioning_mask: isTold } = recorded;
      const decoded = await extend(canvas, encoded.present, {
        attentionMask: overQueries(recorded.decoder_attention_mask?.[b], canvas.length),
        previousLogits: before !== null && isTold?.[b] !== 0 ? await recordedRow(before, b) : undefined,
      });
      const expected = await recordedRow(`forward.${name}.decoder_logits`, b);
      requireNear(decoded.logits.data, expected.data, `${name}, decoder`);
    }
  }
});

test('of the encoder a sliding layer is looked at in as many of the last positions as the recorded cache keeps', async () => {
  const recorded = readReference<Recorded>(family);
  const { input_ids, decoder_input_ids } = recorded.forward.base_b2;
  const L = input_ids[0].length;
  const { present } = await extend(input_ids[0], undefined, { encodes });
  const { logits } = await extend(decoder_input_ids[0], present);
  /** The logits with other values of one layer at one position. */
  const changed = async (layer: number, position: number): Promise<Float32Array> => {
    const layers = present.layers.map(({ key, value }, i) => {
      const [, kvHeads, C, K] = value.shape;
      const data = value.data.slice();
      const heads = i === layer ? kvHeads : 0;
      for (let head = 0; head < heads; head++)
        data.fill(7, (head * C + position) * K, (head * C + position + 1) * K);
      return { key, value: { shape: value.shape, data } };
    });
    return (await extend(decoder_input_ids[0], { ...present, layers })).logits.data;
  };
  for (const [layer, length] of recorded.cache_lengths_after_prefill.entries()) {
    if (length < L) assert.deepEqual(await changed(layer, L - length - 1), logits.data);
    assert.notDeepEqual(await changed(layer, L - length), logits.data);
  }
});

test('what is read in two pieces has the logits of what is read at once', async () => {
  const ids = readReference<Recorded>(family).forward.base_b2.input_ids[0];
  const whole = await extend(ids, undefined, { encodes });
  const first = await extend(ids.slice(0, 8), undefined, { encodes });
  const second = await extend(ids.slice(8), first.present, { encodes });
  const V = model.network.config.vocabularySize;
  requireNear(second.logits.data, whole.logits.data.slice(8 * V), 'second piece');
});

test('other tensors than the two towers have are refused by name', async (t) => {
  const folder = await temporaryFolder(t);
  const { config } = await readModelConfig(referencePath(family));
  const weights = await openWeights(referencePath(family)); // the stacks of experts as they are in the file
  const all = await Promise.all(
    Array.from(weights.entries.keys(), async (name) => ({ name, ...(await weights.read(name)) })),
  );
  const isVision = (name: string) => name.includes('vision');
  assert.equal(all.filter(({ name }) => isVision(name)).length, 16);
  let count = 0;
  const written = async (tensors: typeof all): Promise<string> => {
    const directory = join(folder, `${count++}`);
    await writeModelDirectory(directory, { config, weights: tensors });
    return directory;
  };
  const refused = async (tensors: typeof all, message: RegExp) => {
    const directory = await written(tensors);
    await assert.rejects(
      openModel(directory),
      (error) => error instanceof FileError && message.test(error.message),
    );
  };
  const textAlone = await written(all.filter(({ name }) => !isVision(name)));
  const { network } = await openModel(textAlone);
  await network.close();

  const other = { name: 'model.encoder.audio_tower.weight', shape: [1], data: Float32Array.of(1) };
  await refused([...all, other], /only tensors that .*audio_tower/);
  const stack = 'model.decoder.layers.1.experts.gate_up_proj';
  const others = all.filter(({ name }) => name !== stack);
  const experts = (shape: number[]) => ({
    name: stack,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b)),
  });
  await refused([...others, experts([3, 32, 32])], /a tensor .*gate_up_proj\[3\]\.gate/);
  await refused([...others, experts([4, 30, 32])], /gate_up_proj\[0\]\.gate of shape \[16, 32\]/);
  await refused([...others, experts([4, 33, 32])], /a tensor .*gate_up_proj\[0\]\.gate/);
  const scalar = 'model.encoder.language_model.layers.2.layer_scalar';
  await refused(
    all.filter(({ name }) => name !== scalar),
    /a tensor model\.encoder\.language_model\.layers\.2\.layer_scalar/,
  );
});

const text = {
  hidden_size: 32,
  num_hidden_layers: 7,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 48,
  num_experts: 4,
  top_k_experts: 2,
  moe_intermediate_size: 16,
  vocab_size: 100,
};
const read = (changes: object = {}, outer: object = {}) =>
  diffusionGemma.read({ text_config: { ...text, ...changes }, ...outer }, 'a/config.json');

test('what config.json leaves out is as its own code has it', () => {
  const { transformer, noise } = read();
  assert.equal(noise, 'uniform');
  const fullLayers = transformer.perLayer!.map(({ valueIsKey }) => valueIsKey);
  assert.deepEqual(fullLayers, [false, false, false, false, false, true, true]);
  const { headWidth, rotaryFrequencies, ropeTheta, kvHeads } = transformer.perLayer![6];
  assert.deepEqual([headWidth, rotaryFrequencies, ropeTheta, kvHeads], [512, 64, 1e6, 2]);
  assert.equal(transformer.logitCap, 30);
});

test('how it is sampled is what generation_config.json says, else what its own code takes', () => {
  assert.deepEqual(read().sampling, {
    strategy: 'renoising',
    length: 256,
    blockLength: 256,
    stepsPerBlock: 48,
    temperature: 0.8,
    finalTemperature: 0.4,
    entropyBound: 0.1,
    stability: 1,
    confidence: 0.005,
  });
  assert.equal(read({}, { canvas_length: 8 }).sampling!.blockLength, 8);
  const asked = { max_denoising_steps: 12, sampler_config: { entropy_bound: 0.5 }, t_max: 1, t_min: 0.2 };
  assert.deepEqual(samplingIn(diffusionGemma.sampling, asked), {
    options: { stepsPerBlock: 12, entropyBound: 0.5, temperature: 1, finalTemperature: 0.2 },
    unsupported: [],
  });
  const other = { sampler_config: { _cls_name: 'AnotherSampler' } };
  assert.deepEqual(samplingIn(diffusionGemma.sampling, other).unsupported, [
    'sampler_config is {"_cls_name":"AnotherSampler"}',
  ]);
});

const proportional = { rope_type: 'proportional', rope_theta: 1e6 };
const unsupported: [object, object, RegExp][] = [
  [{ attention_bias: true }, {}, /attention_bias is true/],
  [{ use_bidirectional_attention: 'all' }, {}, /use_bidirectional_attention is "all"/],
  [{ hidden_activation: 'silu' }, {}, /hidden_activation is "silu"/],
  [{ per_layer_config: { 5: {} } }, {}, /per_layer_config/],
  [{}, { tie_word_embeddings: false }, /tie_word_embeddings is false/],
  [
    { rope_parameters: { full_attention: { rope_type: 'yarn' }, sliding_attention: {} } },
    {},
    /rope_type is "yarn"/,
  ],
  [
    { rope_parameters: { full_attention: { ...proportional, factor: 8 }, sliding_attention: {} } },
    {},
    /factor is 8/,
  ],
  [
    { rope_parameters: { full_attention: {}, sliding_attention: { partial_rotary_factor: 0.5 } } },
    {},
    /partial_rotary_factor is 0\.5/,
  ],
];
for (const [changes, outer, message] of unsupported) {
  test(`DiffusionGemma with ${JSON.stringify({ ...changes, ...outer })} is an error that names it`, () => {
    assert.throws(
      () => read(changes, outer),
      (error) => error instanceof UnsupportedError && message.test(error.message),
    );
  });
}

const wrong: [object, RegExp][] = [
  [{ top_k_experts: 5 }, /top_k_experts of at most num_experts, 4, found 5/],
  [{ layer_types: ['full_attention'] }, /layer_types for each of 7 layers, found 1/],
  [{ layer_types: Array(7).fill('linear_attention') }, /layer_types/],
  [{ num_global_key_value_heads: 3 }, /multiple of num_key_value_heads/],
  [{ head_dim: 7 }, /head_dim to be even/],
  [{ num_experts: undefined }, /num_experts/],
];
for (const [changes, message] of wrong) {
  test(`DiffusionGemma with ${JSON.stringify(changes)} is an error that names the file`, () => {
    assert.throws(
      () => read(changes),
      (error) => error instanceof FileError && error.path === 'a/config.json' && message.test(error.message),
    );
  });
}
