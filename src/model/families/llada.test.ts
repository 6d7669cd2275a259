import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { referencePath } from '../../../test/reference.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { readModelConfig, writeModelDirectory } from '../../checkpoint/directory.ts';
import { openWeights } from '../../checkpoint/open-weights.ts';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import { parameterShapes, type TensorNames, type TransformerConfig } from '../config.ts';
import { openModel } from '../open.ts';
import { llada } from './llada.ts';
import { llamaNames } from './llama.ts';

/** The config of a LLaDA network in Llama's keys. */
const likeLlama = (config: TransformerConfig) => ({
  architectures: ['LLaDAModelLM'],
  hidden_act: 'silu',
  hidden_size: config.width,
  intermediate_size: config.hidden,
  max_position_embeddings: config.maxLength,
  num_attention_heads: config.heads,
  num_hidden_layers: config.layers,
  num_key_value_heads: config.kvHeads,
  rms_norm_eps: config.normEpsilon,
  rope_theta: config.ropeTheta,
  tie_word_embeddings: config.tiedHead,
  vocab_size: config.vocabularySize,
});

async function logitsOf(directory: string): Promise<Float32Array> {
  const { network } = await openModel(directory);
  const tokens = { shape: [1, 6], data: Int32Array.of(5, 300, 17, 42, 99, 3) };
  const { data } = await network.logits(tokens, Int32Array.of(0, 2, 5));
  await network.close();
  return data;
}

test("LLaDA's keys and names or Llama's, in the config and in the file: the logits are the same to the bit", async (t) => {
  const published = referencePath('llada');
  const { config: own } = await readModelConfig(published);
  const { transformer } = llada.read(own, 'config.json');
  const weights = await openWeights(published);
  const tensors = async (names: TensorNames) => {
    const [from, to] = [llada.names, names].map((n) => [...parameterShapes(transformer, n).keys()]);
    return Promise.all(from.map(async (name, i) => ({ name: to[i], ...(await weights.read(name)) })));
  };
  const expected = await logitsOf(published);
  const folder = await temporaryFolder(t);
  for (const [i, config] of [own, likeLlama(transformer)].entries()) {
    for (const [j, names] of [llada.names, llamaNames].entries()) {
      const directory = join(folder, `${i}${j}`);
      await writeModelDirectory(directory, { config, weights: await tensors(names) });
      assert.deepEqual(await logitsOf(directory), expected, `config ${i}, names ${j}`);
    }
  }

  const mixed = [...(await tensors(llamaNames))];
  mixed[1] = { ...mixed[1], name: llada.names.layer(0).attentionNorm };
  await writeModelDirectory(join(folder, 'mixed'), { config: own, weights: mixed });
  await assert.rejects(openModel(join(folder, 'mixed')), (error) => {
    return error instanceof FileError && error.message.includes(llamaNames.layer(0).attentionNorm);
  });
});

test('what is read from a config is written to it again', () => {
  const config = {
    transformer: llada.read(
      { d_model: 32, n_layers: 2, n_heads: 4, n_kv_heads: 2, mlp_hidden_size: 48, vocab_size: 64 },
      'config.json',
    ).transformer,
    maskId: 3,
    endIds: [0],
    padId: 0,
  };
  assert.deepEqual(llada.read(llada.write(config), 'config.json'), config);
});

test('a network that the config has no keys for is not written as another', () => {
  const { transformer } = llada.read({ d_model: 32, n_layers: 2, n_heads: 4, vocab_size: 64 }, 'config.json');
  const ropeScaling = { divisors: [8, 8] };
  for (const change of [
    { headWidth: 16 },
    { qkNorm: true },
    { ropeScaling },
    { rotaryWidth: 4 },
    { logitCap: 30 },
    { perLayer: [{ heads: 2 }, {}] },
  ])
    assert.throws(
      () => llada.write({ transformer: { ...transformer, ...change } }),
      (error) => error instanceof UnsupportedError && error.message.includes(Object.keys(change)[0]),
    );
  assert.equal(llada.write({ transformer: { ...transformer, headWidth: 8, rotaryWidth: 8 } }).d_model, 32);
});
