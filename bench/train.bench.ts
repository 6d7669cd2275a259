/**
 * A masked-diffusion training step of ours, timed: forward, backward, clipping and AdamW in float32 on the CPU.
 * Prints one JSON line. The peer that does the same in PyTorch is peers/torch_train.py.
 */
import { parseArgs } from 'node:util';
import { linearNoise } from '../src/diffusion/noise-schedule.ts';
import { bidirectional } from '../src/model/attention-pattern.ts';
import type { TransformerConfig } from '../src/model/config.ts';
import { llada } from '../src/model/families/llada.ts';
import { initialParameters } from '../src/model/initialise.ts';
import { integerBelow, uniforms } from '../src/base/random.ts';
import { openLearner } from '../src/training/graph-learner.ts';
import { maskedDiffusion } from '../src/training/objectives/objective.ts';
import { median } from './measure.ts';
import { flopsAStep, type Shape, shapes } from './shapes.ts';

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: 'a' },
    steps: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
  },
});

const shape: Shape = shapes[values.shape as keyof typeof shapes];
if (!shape) throw new Error(`--shape: must be one of ${Object.keys(shapes).join(', ')}, got ${values.shape}`);
const { layers, width, heads, hidden, vocabularySize, length, batch } = shape;
const config: TransformerConfig = {
  layers,
  width,
  heads,
  kvHeads: heads,
  hidden,
  vocabularySize,
  maxLength: length,
  ropeTheta: 500_000,
  normEpsilon: 1e-5,
  qkvBias: false,
  tiedHead: false,
  shiftedLogits: false,
  attention: bidirectional,
};
const maskId = vocabularySize - 1;
const initial = initialParameters(config, llada.names, 0);
const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1 };
const learner = await openLearner(config, llada.names, initial, {
  ...adamW,
  threads: Number(values.threads),
});
const objective = maskedDiffusion({ seed: 0, maskId, schedule: linearNoise });

const seconds: number[] = [];
const flops: number[] = [];
let loss = NaN;
const warmup = Number(values.warmup);
for (let step = 0; step < warmup + Number(values.steps); step++) {
  const uniform = uniforms(0, 'synthetic', step);
  const data = Int32Array.from({ length: batch * length }, (_, i) => integerBelow(maskId, uniform(i)));
  const start = performance.now();
  const example = objective({ shape: [batch, length], data }, { step, firstRow: 0, batchRows: batch });
  loss = await learner.accumulate(example);
  await learner.update(1e-3);
  if (step < warmup) continue;
  seconds.push((performance.now() - start) / 1000);
  flops.push(flopsAStep(shape, example.rows.length) / seconds.at(-1)!);
}
await learner.close();

console.log(
  JSON.stringify({
    program: 'unmask',
    parameters: [...initial.values()].reduce((sum, { data }) => sum + data.length, 0),
    secondsPerStep: median(seconds),
    tokensPerSecond: (batch * length) / median(seconds),
    gflopPerSecond: median(flops) / 1e9,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    loss,
  }),
);
