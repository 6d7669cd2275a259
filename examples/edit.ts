// Finds the words that a model doubts in a text, and rewrites them. All else stays.
import { load, shippedModel } from 'unmask';

const text = 'Lily loved to play elephant her toys. She was very happy.';
const model = await load(shippedModel);
const { changes, tokens } = await model.edit({ text, maxChange: 0.3, seed: 1 });
const byDoubt = tokens.toSorted((a, b) => a.probability - b.probability);
for (const { start, end, probability } of byDoubt.slice(0, 3))
  console.log(`${JSON.stringify(text.slice(start, end))} has probability ${probability.toPrecision(2)}`);
for (const { before, after } of changes) console.log(`- ${before}\n+ ${after}`);
await model.close();
