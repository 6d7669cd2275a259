// Shows a story being unmasked, and then revised: every frame is the whole canvas, with a dot where there is a mask.
import { load, shippedModel } from 'unmask';

const model = await load(shippedModel);
const request = {
  prompt: 'Once upon a time',
  length: 32,
  blockLength: 32,
  steps: 16,
  strategy: 'low-confidence',
  temperature: 0.7,
  revise: 1,
  reviseThreshold: 0.3,
  seed: 1,
} as const;
for await (const { step, t, tokens } of model.sample(request)) {
  const shown = Array.from(tokens, (id) => (id === model.maskId ? '·' : model.tokenizer.decode([id])));
  console.log(`${String(step).padStart(2)}  t ${t.toFixed(2)}  ${shown.join('').replaceAll('\n', ' ')}`);
}
const { text, stats } = await model.generate(request);
console.log(`${text}\n${stats.tokens} tokens in ${stats.forwards} forwards`);
await model.close();
