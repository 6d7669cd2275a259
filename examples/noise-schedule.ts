// A noise schedule of one's own: alpha(t) = 1 - t² is the share of tokens that are unmasked at time t, so that more of the
// batches have few masks. What a bound is doesn't depend on the schedule, so both runs can be compared by theirs.
import { train } from 'unmask';
import type { NoiseSchedule } from 'unmask/diffusion';

const square: NoiseSchedule = {
  alpha: (t) => 1 - t * t,
  masked: (t) => t * t,
  weight: (t) => 2 / t, // -alpha'(t) / (1 - alpha(t))
  time: (alpha) => Math.sqrt(1 - alpha),
};
const texts = Array.from({ length: 60 }, (_, i) => `${['One', 'Two', 'Six'][i % 3]} and one.`);
const small = {
  texts,
  tokenizer: 'characters',
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 32,
  length: 16,
} as const;

for (const [name, noise] of [
  ['linear', undefined],
  ['my own', square],
] as const) {
  const out = `runs/noise-${noise ? 'own' : 'linear'}`;
  const run = await train({ ...small, out, batch: 16, steps: 60, learningRate: 1e-2, threads: 1 }, { noise });
  const half = noise ? Math.SQRT1_2 : 0.5;
  const nats = run.validation?.natsPerToken.toFixed(2);
  console.log(`${name}: ${nats} nats a token, half of the tokens masked at t = ${half.toFixed(2)}`);
}
