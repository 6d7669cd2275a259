// Asks which ending a model finds likelier. A diffusion model gives a bound, so the number comes with its standard error.
import { load, shippedModel } from 'unmask';

const model = await load(shippedModel);
const prompt = 'Once upon a time there was a little girl named';
for (const answer of [' Lily.', ' Tax.']) {
  const { nats, standardError } = await model.score({ prompt, answer, samples: 64, seed: 1 });
  console.log(`-log p(${JSON.stringify(answer)}) ≤ ${nats.toFixed(2)} ± ${standardError.toFixed(2)} nats`);
}
await model.close();
