import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import { referencePath } from '../../test/reference.ts';
import type { TransformerConfig } from './config.ts';
import { llada } from './families/llada.ts';
import { openModel } from './open.ts';
import { bytesIn, storageOf } from './storage.ts';

const config: TransformerConfig = {
  ...smallNetwork,
  width: 64,
  kvHeads: 1,
  hidden: 96,
  vocabularySize: 10,
  maxLength: 16,
};

const kinds = (changes: Partial<TransformerConfig>, format: 'f16' | 'int8' | 'int4') =>
  Object.fromEntries(
    Array.from(storageOf({ ...config, ...changes }, llada.names, format), ([name, { storage }]) => [
      name.replace(/model\.transformer\.(blocks\.0\.)?/, (_, block) => (block ? 'layer.' : '')),
      storage,
    ]),
  );

test('matrices that are multiplied with lie in blocks, tables in 16 bits, all else in float32', () => {
  const blocks = ['q_proj', 'k_proj', 'v_proj', 'attn_out', 'ff_proj', 'up_proj', 'ff_out'];
  const float32 = ['attn_norm.weight', 'ff_norm.weight', 'q_proj.bias', 'k_proj.bias', 'v_proj.bias'];
  const expected = (matrix: string) => ({
    ...Object.fromEntries(blocks.map((name) => [`layer.${name}.weight`, matrix])),
    ...Object.fromEntries(float32.map((name) => [`layer.${name}`, 'float32'])),
    'ln_f.weight': 'float32',
  });
  assert.deepEqual(kinds({}, 'int4'), { ...expected('blocks'), 'wte.weight': 'blocks and table' });
  assert.deepEqual(kinds({ tiedHead: false }, 'int8'), {
    ...expected('blocks'),
    'wte.weight': 'half',
    'ff_out.weight': 'blocks',
  });
  assert.deepEqual(kinds({}, 'f16'), { ...expected('half'), 'wte.weight': 'half' });
});

test('bytes by hand: half a byte a weight, a scale and half a byte for 64 of them', () => {
  const untied = { ...config, tiedHead: false, qkvBias: false };
  // q, k, v, out, and gate, up, down: one block a row, or two of 96
  const rows = 64 + 32 + 32 + 64 + 96 + 96 + 2 * 64 + 10;
  // the zero points of a row fill a byte at least
  const zeros = 64 + 32 + 32 + 64 + 96 + 96 + 64 + 12;
  const norms = 4 * 3 * 64;
  assert.equal(bytesIn(untied, llada.names, 'int4'), rows * (32 + 4) + zeros + norms + 2 * 10 * 64);
});

test('experts lie in blocks, the router that chooses them does not', async () => {
  const { config: of, names, network } = await openModel(referencePath('llada_moe'));
  await network.close();
  const storage = storageOf(of.transformer, names, 'int4');
  const { router, expert } = names.layer(0).mixture!;
  assert.equal(storage.get(router)?.storage, 'float32');
  for (const name of Object.values(expert(3))) assert.equal(storage.get(name)?.storage, 'blocks');
});
