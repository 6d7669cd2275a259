// A loss of one's own, written with tensors: cross-entropy with smoothed labels. unmask adds the gradient.
//
//     ℒ = Σ_r w_r · [(1 − ε) CE_r + ε · mean_v(−log p_v)]
import { train } from 'unmask';
import {
  add,
  type Loss,
  logSoftmax,
  meanOfLast,
  mul,
  neg,
  reshape,
  scalar,
  total,
  weightedCrossEntropy,
} from 'unmask/graph';

const smoothed =
  (epsilon: number): Loss =>
  (rows) => {
    const { logits, weights } = rows; // float32 [R, V] and [R]
    const everyToken = reshape(neg(meanOfLast(logSoftmax(logits))), ['R']);
    const likely = mul(scalar(1 - epsilon), weightedCrossEntropy(rows));
    return add(likely, mul(scalar(epsilon), total(mul(everyToken, weights))));
  };

const texts = Array.from({ length: 100 }, (_, i) => `${i} and one is ${i + 1}.`);
for (const epsilon of [0, 0.2]) {
  const run = await train(
    {
      texts,
      tokenizer: 'characters',
      out: `runs/smoothed-${epsilon}`,
      layers: 1,
      width: 32,
      heads: 2,
      hidden: 64,
      length: 24,
      steps: 40,
      learningRate: 1e-2,
    },
    { loss: smoothed(epsilon) },
  );
  console.log(`ε ${epsilon}: ${run.validation?.natsPerToken.toFixed(3)} nats a token, as the bound has it`);
}
