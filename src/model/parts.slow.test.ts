import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { referencePath } from '../../test/reference.ts';
import { writeOnnx } from '../graph/onnx.ts';
import { gather, matmul } from '../graph/primitives.ts';
import { input, parameter } from '../graph/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { openNetwork } from './network.ts';
import { openModel } from './open.ts';
import { graphParts } from './parts.ts';

test('only large networks are opened in parts, and only by the CPU', () => {
  assert.equal(graphParts(5e9, 32, { threads: 2 }), 1);
  assert.equal(graphParts(9e9, 32, { threads: 2 }), 2);
  assert.equal(graphParts(9e9, 32, { threads: 64 }), 4);
  assert.equal(graphParts(9e9, 3, { threads: 64 }), 3);
  assert.equal(graphParts(9e9, 32, { threads: 1 }), 1);
  assert.equal(graphParts(9e9, 32, { threads: 8, device: 'webgpu' }), 1);
});

const tokens = { shape: [2, 6], data: Int32Array.from({ length: 12 }, (_, i) => 3 + i) };
const rows = Int32Array.of(0, 3, 5, 7, 11);
const block = { shape: [2, 3], data: Int32Array.of(4, 5, 6, 7, 8, 9) };

for (const name of ['llada', 'dream', 'llada_moe', 'llada2', 'diffusion_gemma'])
  test(`${name} in parts gives the same logits, keys and values, to the bit`, async () => {
    const { network, config, names, stored } = await openModel(referencePath(name));
    const { layers } = config.transformer;
    const logits = await network.logits(tokens, rows);
    const prefix = await network.extend(tokens, rows, undefined);
    const beside = await network.extend(block, Int32Array.of(1, 4), prefix.present);
    await network.close();
    for (const parts of [2, layers]) {
      const cut = openNetwork(config.transformer, names, { ...stored, parts });
      assert.deepEqual(await cut.logits(tokens, rows), logits);
      assert.deepEqual(await cut.extend(tokens, rows, undefined), prefix);
      assert.deepEqual(await cut.extend(block, Int32Array.of(1, 4), prefix.present), beside);
      // what is asked for at the same time is answered in its order
      const together = await Promise.all([cut.logits(tokens, rows), cut.logits(block, Int32Array.of(0))]);
      assert.deepEqual(together[0], logits);
      await cut.close();
    }
  });

test('what a thread cannot open or run is said in one sentence, and the next run works', async () => {
  const missing = { location: 'nowhere.bin', offset: 0, length: 16, dtype: 'float32' as const };
  const graph = writeOnnx(
    { y: matmul(input('x', 'float32', ['B', 2]), parameter('w', [2, 2])) },
    { weights: () => missing },
  );
  await assert.rejects(openSession(graph, { onThread: true, folder: '/nowhere' }), (error: Error) => {
    assert.match(error.message, /^cpu: the graph cannot be prepared: .*nowhere/);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
  const row = writeOnnx({ y: gather(input('table', 'float32', ['N', 2]), input('index', 'int32', ['R'])) });
  const session = await openSession(row, { onThread: true });
  const table = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const at = (index: number) => ({ shape: [1], data: Int32Array.of(index) });
  await assert.rejects(session.run({ table, index: at(7) }), /^UnsupportedError: cpu: .*out of data bounds/);
  const { y } = await session.run({ table, index: at(1) });
  assert.deepEqual([...y.data], [3, 4]);
  await session.close();
});

test('a program with a network in parts ends by itself, closed or not', async () => {
  const open = new URL('./open.js', import.meta.url);
  const network = new URL('./network.js', import.meta.url);
  const program = `
    import { openModel } from ${JSON.stringify(open)};
    import { openNetwork } from ${JSON.stringify(network)};
    const { config, names, stored } = await openModel(${JSON.stringify(referencePath('llada'))});
    const cut = openNetwork(config.transformer, names, { ...stored, parts: 2 });
    const { shape } = await cut.logits({ shape: [1, 2], data: Int32Array.of(3, 4) }, Int32Array.of(0));
    console.log(shape.length);`;
  for (const end of ['', 'await cut.close();']) {
    const args = ['--input-type=module', '--eval', `${program}${end}`];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    assert.equal(stdout, '2\n');
  }
});
