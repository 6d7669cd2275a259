// Teaches a model to answer from rows in memory, watches it learn, and asks it what it learned.
import { finetune, shippedModel } from 'unmask';

const sounds = { cat: 'meow', dog: 'woof', cow: 'moo', hen: 'cluck' };
const rows = Object.entries(sounds).map(([animal, sound]) => ({
  prompt: `The ${animal} says`,
  answer: sound,
}));

const task = finetune(shippedModel, rows, {
  out: 'runs/sounds',
  steps: 16,
  batch: 8,
  complementary: true, // every token of an answer is masked once in each pair of canvases
  learningRate: 3e-3,
  warmup: 2,
  length: 16,
  validationShare: 0,
});
for await (const event of task)
  if (event.kind === 'step')
    console.log(`step ${event.step} of ${event.steps}: loss ${event.loss.toFixed(2)}`);

const run = await task; // the loop is over, so it is there
const model = await run.model();
for (const { prompt } of rows) {
  const messages = [{ role: 'user', content: prompt }] as const;
  const { text } = await model.generate({ messages, length: 8, temperature: 0 });
  console.log(`${prompt} ${text}`);
}
await model.close();
