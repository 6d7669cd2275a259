import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { convertLlama2c } from '../recipes/convert-llama2c.ts';
import { load } from '../src/language-model/load.ts';
import { startFrom } from '../src/training/initial-model.ts';
import { resolveOptions } from '../src/training/run/resolve-options.ts';
import { goldenRoot } from './reference.ts';
import { temporaryFolder } from './tiny-model.ts';

const models = join(goldenRoot, 'models');

/** llama2.c's forward in plain float64, straight from its file: the logits after each token. */
function plainForward(path: string, tokens: readonly number[]): number[][] {
  const bytes = readFileSync(path);
  const [D, hidden, layers, heads, kvHeads, V, P] = Array.from({ length: 7 }, (_, i) =>
    bytes.readInt32LE(4 * i),
  );
  const K = D / heads;
  let at = 28;
  const take = (count: number) => Array.from({ length: count }, () => bytes.readFloatLE((at += 4) - 4));
  const each = (count: number) => Array.from({ length: layers }, () => take(count));
  const embedding = take(V * D);
  const [attentionNorm, wq, wk, wv, wo] = [D, D * D, D * kvHeads * K, D * kvHeads * K, D * D].map(each);
  const [mlpNorm, w1, w2, w3] = [D, D * hidden, D * hidden, D * hidden].map(each);
  const finalNorm = take(D);
  take(P * K);
  assert.equal(at, bytes.length);

  const times = (matrix: number[], x: number[]) =>
    Array.from({ length: matrix.length / x.length }, (_, row) =>
      x.reduce((sum, value, i) => sum + value * matrix[row * x.length + i], 0),
    );
  const norm = (x: number[], weight: number[]) => {
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / D + 1e-5);
    return x.map((value, i) => value * scale * weight[i]);
  };
  const turned = (x: number[], position: number) => {
    const out = x.slice();
    for (let i = 0; i < x.length; i += 2) {
      const angle = position * 10_000 ** -((i % K) / K);
      out[i] = x[i] * Math.cos(angle) - x[i + 1] * Math.sin(angle);
      out[i + 1] = x[i] * Math.sin(angle) + x[i + 1] * Math.cos(angle);
    }
    return out;
  };
  const past = Array.from({ length: layers }, () => ({ keys: [] as number[][], values: [] as number[][] }));
  return tokens.map((token, position) => {
    let x = embedding.slice(token * D, (token + 1) * D);
    for (const [l, { keys, values }] of past.entries()) {
      const a = norm(x, attentionNorm[l]);
      const query = turned(times(wq[l], a), position);
      keys.push(turned(times(wk[l], a), position));
      values.push(times(wv[l], a));
      const mixed = Array.from({ length: heads }, (_, h) => {
        const of = Math.floor(h / (heads / kvHeads)) * K;
        const odds = keys.map((key) => {
          let score = 0;
          for (let k = 0; k < K; k++) score += query[h * K + k] * key[of + k];
          return Math.exp(score / Math.sqrt(K));
        });
        const all = odds.reduce((sum, value) => sum + value, 0);
        return Array.from({ length: K }, (_, k) =>
          odds.reduce((sum, value, t) => sum + (value / all) * values[t][of + k], 0),
        );
      }).flat();
      x = times(wo[l], mixed).map((value, i) => x[i] + value);
      const m = norm(x, mlpNorm[l]);
      const [gate, up] = [times(w1[l], m), times(w3[l], m)];
      const inner = gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i]);
      x = times(w2[l], inner).map((value, i) => x[i] + value);
    }
    return times(embedding, norm(x, finalNorm));
  });
}

test('a converted model of llama2.c has the logits of a plain forward, and writes its story', async (t) => {
  const folder = join(await temporaryFolder(t), 'model');
  const path = join(models, 'stories260K.bin');
  await convertLlama2c(path, join(models, 'tok512.bin'), folder);
  const model = await load(folder);
  const text = 'Once upon a time, there was a little girl named Lily.';
  const tokens = [1, ...model.tokenizer.encode(text)];
  assert.equal(model.tokenizer.decode(tokens), text);
  const { shape, data } = await model.logits([tokens]);
  for (const [i, expected] of plainForward(path, tokens).entries())
    for (const [v, value] of expected.entries())
      assert.ok(Math.abs(data[i * shape[2] + v] - value) < 2e-4, `position ${i}, token ${v}`);
  const story = await model.generate({ prompt: 'Once upon a time', length: 20 });
  assert.ok(story.text.startsWith('Once upon a time, there was a little girl named Lily.'), story.text);
  await model.close();
});

test('as the beginning of a run it gets rows for new tokens, the mean of its own', async (t) => {
  const folder = join(await temporaryFolder(t), 'model');
  await convertLlama2c(join(models, 'stories260K.bin'), join(models, 'tok512.bin'), folder);
  const options = resolveOptions({ data: ['text.txt'], from: folder });
  const start = await startFrom(options, 514);
  const { shape, data } = start!.parameters.get('model.transformer.wte.weight')!;
  assert.deepEqual([shape, start!.transformer.vocabularySize], [[514, 64], 514]);
  assert.deepEqual([start!.isCausal, start!.predictsNext], [true, true]);
  for (let i = 0; i < 64; i++) {
    let mean = 0;
    for (let row = 0; row < 512; row++) mean += data[row * 64 + i] / 512;
    for (const row of [512, 513]) assert.ok(Math.abs(data[row * 64 + i] - mean) < 1e-6);
  }
  await assert.rejects(
    startFrom(resolveOptions({ data: ['text.txt'], from: folder, width: 128 }), 513),
    /from: must be a model with width 128, .*it has 64/,
  );
});
