import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import { bidirectional } from '../model/attention-pattern.ts';
import type { TransformerConfig } from '../model/config.ts';
import { llada } from '../model/families/llada.ts';
import { initialParameters } from '../model/initialise.ts';
import { openNetwork } from '../model/network.ts';
import { openLearner } from '../training/graph-learner.ts';
import { openSession } from './session.ts';
import type { Device } from './device.ts';
import { writeOnnx } from '../graph/onnx.ts';
import { neg } from '../graph/primitives.ts';
import { input } from '../graph/tensor.ts';

// Where there is no GPU, Chromium's software driver serves: slow, but WebGPU. Debian's packages are chromium and libvulkan1.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
let missing: string | undefined;

before(async () => {
  if (process.platform === 'linux' && process.env.VK_DRIVER_FILES === undefined && existsSync(swiftShader))
    process.env.VK_DRIVER_FILES = swiftShader;
  try {
    const session = await openSession(writeOnnx({ y: neg(input('x', 'float32', [1])) }), {
      device: 'webgpu',
    });
    await session.close();
  } catch (error) {
    const reason = (error as Error).message.split(': ').slice(0, 2).join(': ');
    missing = `${reason}; on Debian without a GPU: apt-get install chromium libvulkan1`;
  }
});

const config: TransformerConfig = {
  layers: 2,
  width: 32,
  heads: 4,
  kvHeads: 2,
  hidden: 48,
  vocabularySize: 20,
  maxLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  qkvBias: true,
  tiedHead: false,
  shiftedLogits: false,
  attention: bidirectional,
};
const parameters = initialParameters(config, llada.names, 9);
const tokens = { shape: [2, 6], data: Int32Array.of(1, 19, 19, 4, 5, 19, 7, 8, 19, 19, 11, 12) };
const rows = Int32Array.of(1, 2, 5, 8, 9);

const closeTo = (a: Float32Array, b: Float32Array) =>
  a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) < 1e-4);

test('the network gives the same logits on webgpu and on the CPU', async (t) => {
  if (missing) return t.skip(missing);
  const [gpu, cpu] = await Promise.all(
    (['webgpu', 'cpu'] as Device[]).map(async (device) => {
      const network = openNetwork(config, llada.names, { arrays: () => parameters }, { device });
      const { data } = await network.logits(tokens, rows);
      await network.close();
      return data;
    }),
  );
  assert.ok(closeTo(gpu, cpu));
});

test('two training steps give the same loss and parameters on webgpu and on the CPU', async (t) => {
  if (missing) return t.skip(missing);
  const batch = {
    tokens,
    rows,
    targets: Int32Array.of(2, 3, 6, 9, 10),
    weights: new Float32Array(5).fill(0.2),
  };
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };
  const [gpu, cpu] = await Promise.all(
    (['webgpu', 'cpu'] as Device[]).map(async (device) => {
      const learner = await openLearner(config, llada.names, parameters, { ...options, device });
      const losses = [];
      for (let step = 0; step < 2; step++) {
        losses.push(await learner.accumulate(batch));
        await learner.update(1e-4);
      }
      const learned = new Map([...learner.parameters()].map(([name, { data }]) => [name, data.slice()]));
      await learner.close();
      return { losses: Float32Array.from(losses), learned };
    }),
  );
  assert.ok(closeTo(gpu.losses, cpu.losses));
  for (const [name, data] of gpu.learned) assert.ok(closeTo(data, cpu.learned.get(name)!), name);
});
