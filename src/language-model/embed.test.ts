import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSafetensors, readFloats } from '../checkpoint/safetensors.ts';
import { shippedModel } from '../model-files/locate.ts';
import { load } from './load.ts';

test('an embedding is what the head makes logits of: of one token, they are its products with the rows of the head', async (t) => {
  const model = await load(shippedModel);
  t.after(() => model.close());
  const [token] = model.tokenizer.encode('Once');
  const { vector, tokens } = await model.embed({ text: [token] });
  const { data: logits } = await model.logits([[token]]);
  const file = await openSafetensors(join(shippedModel, 'model.safetensors'));
  const D = model.config.width;
  const { data: head } = await readFloats(file, 'model.transformer.ff_out.weight');
  const products = Array.from(logits, (_, v) => vector.reduce((sum, x, k) => sum + x * head[v * D + k], 0));
  const length = Math.hypot(...logits) / Math.hypot(...products);
  assert.equal(tokens, 1);
  for (const [v, logit] of logits.entries()) assert.ok(Math.abs(logit - length * products[v]) < 1e-3, `${v}`);
});

test('embeddings have length 1, are those of their ids, may be cut, and read a long text in windows', async (t) => {
  const model = await load(shippedModel);
  t.after(() => model.close());
  const text = 'Lily had a big red ball.';
  const { vector } = await model.embed({ text });
  const ofIds = await model.embed({ text: model.tokenizer.encode(text) });
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
  assert.deepEqual(ofIds.vector, vector);
  const cut = await model.embed({ text, dimensions: 8 });
  const scale = Math.hypot(...vector.subarray(0, 8));
  for (const [k, x] of cut.vector.entries()) assert.ok(Math.abs(x * scale - vector[k]) < 1e-6);
  const ids = Array.from({ length: 2 * model.config.maxLength }, (_, i) => ofIds.tokens + (i % 5));
  assert.equal((await model.embed({ text: ids })).tokens, ids.length);
  for (const mistake of [{ text: '' }, { text: [1e6] }, { text, dimensions: 1e6 }])
    await assert.rejects(model.embed(mistake), /must/);
});
