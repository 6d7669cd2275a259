import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { before, test } from 'node:test';
import { smallNetwork } from '../../test/small-network.ts';
import { causal } from '../model/attention-pattern.ts';
import type { TransformerConfig } from '../model/config.ts';
import { llada } from '../model/families/llada.ts';
import { initialParameters } from '../model/initialise.ts';
import { openNetwork } from '../model/network.ts';
import { openLearner } from '../training/graph-learner.ts';
import type { Device } from './device.ts';
import { checkDevice } from './device-check.ts';
import { swiftShaderPath } from './diagnosis.ts';

let missing: string | undefined;

before(async () => {
  if (
    process.platform === 'linux' &&
    process.env.VK_DRIVER_FILES === undefined &&
    existsSync(swiftShaderPath)
  )
    process.env.VK_DRIVER_FILES = swiftShaderPath;
  try {
    await checkDevice('webgpu');
  } catch (error) {
    const reason = (error as Error).message.split(': ').slice(0, 2).join(': ');
    missing = `${reason}; on Debian without a GPU: apt-get install chromium libvulkan1`;
  }
});

const config: TransformerConfig = {
  ...smallNetwork,
  layers: 2,
  width: 32,
  heads: 4,
  hidden: 48,
  vocabularySize: 20,
  maxLength: 512,
  tiedHead: false,
};
const parameters = initialParameters(config, llada.names, 9);
const tokens = { shape: [2, 6], data: Int32Array.of(1, 19, 19, 4, 5, 19, 7, 8, 19, 19, 11, 12) };
const rows = Int32Array.of(1, 2, 5, 8, 9);

const closeTo = (a: Float32Array, b: Float32Array) =>
  a.length === b.length && a.every((x, i) => Math.abs(x - b[i]) < 1e-4);

/** What two devices give. */
const onBoth = <Result>(compute: (device: Device) => Promise<Result>): Promise<Result[]> =>
  Promise.all((['webgpu', 'cpu'] as const).map(compute));

const attentions: Readonly<Record<string, Partial<TransformerConfig>>> = {
  bidirectional: {},
  'causal, which needs a bias': { attention: causal },
};
for (const [name, attention] of Object.entries(attentions))
  for (const L of [6, 24, 32, 64, 512])
    test(`${L} positions of grouped heads, ${name}: the same logits on webgpu and on the CPU`, async (t) => {
      if (missing) return t.skip(missing);
      const tokens = { shape: [1, L], data: Int32Array.from({ length: L }, (_, i) => (i * 7) % 20) };
      const rows = Int32Array.from({ length: L }, (_, i) => i);
      const [gpu, cpu] = await onBoth(async (device) => {
        const arrays = { arrays: () => parameters };
        const network = openNetwork({ ...config, ...attention }, llada.names, arrays, { device });
        const { data } = await network.logits(tokens, rows);
        await network.close();
        return data;
      });
      assert.ok(closeTo(gpu, cpu));
    });

test('a token behind a cache has the same logits on webgpu and on the CPU', async (t) => {
  if (missing) return t.skip(missing);
  const row = (ids: number[]) => ({ shape: [1, ids.length], data: Int32Array.from(ids) });
  const prompt = row(Array.from({ length: 70 }, (_, i) => (i * 3) % 20));
  const [gpu, cpu] = await onBoth(async (device) => {
    const network = openNetwork(config, llada.names, { arrays: () => parameters }, { device });
    const { present } = await network.extend(prompt, Int32Array.of(0), undefined);
    const { logits } = await network.extend(row([5]), Int32Array.of(0), present);
    await network.close();
    return logits.data;
  });
  assert.ok(closeTo(gpu, cpu));
});

for (const optimizer of ['adamw', 'muon'] as const)
  test(`two training steps of ${optimizer} give the same loss and parameters on webgpu and on the CPU`, async (t) => {
    if (missing) return t.skip(missing);
    const batch = {
      tokens,
      rows,
      targets: Int32Array.of(2, 3, 6, 9, 10),
      weights: new Float32Array(5).fill(0.2),
    };
    const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clip: 1, optimizer };
    const [gpu, cpu] = await onBoth(async (device) => {
      const learner = await openLearner(config, llada.names, parameters, { ...options, device });
      const losses = [];
      for (let step = 0; step < 2; step++) {
        losses.push(await learner.accumulate(batch));
        await learner.update(1e-4);
      }
      const learned = new Map([...learner.parameters()].map(([name, { data }]) => [name, data.slice()]));
      await learner.close();
      return { losses: Float32Array.from(losses), learned };
    });
    assert.ok(closeTo(gpu.losses, cpu.losses));
    for (const [name, data] of gpu.learned) assert.ok(closeTo(data, cpu.learned.get(name)!), name);
  });
