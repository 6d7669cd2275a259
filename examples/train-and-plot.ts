// Trains three objectives on one text, and plots what held-out text costs against the seconds that were spent.
import { writeFile } from 'node:fs/promises';
import { train, type TrainRequest, type ValidationRow } from 'unmask';

const animals = ['cat', 'dog', 'cow', 'owl'];
const texts = Array.from({ length: 200 }, (_, i) => `A ${animals[i % 4]} sat on the mat. Then it ran home.`);
const network: TrainRequest = { tokenizer: 'characters', layers: 1, width: 32, heads: 2, hidden: 64 };
const pace = {
  length: 48,
  batch: 8,
  steps: 60,
  learningRate: 1e-2,
  validationEvery: 20,
  validationWindows: 16,
};

const curves: { readonly name: string; readonly points: readonly ValidationRow[] }[] = [];
for (const name of ['masked-diffusion', 'block-diffusion', 'autoregressive'] as const) {
  const run = await train({ ...network, ...pace, texts, objective: name, out: `runs/plot-${name}` });
  curves.push({ name, points: run.metrics().filter((row) => row.kind === 'validation') });
  console.log(`${name}: ${run.validation?.natsPerToken.toFixed(2)} nats a token after ${run.seconds} s`);
}

const all = curves.flatMap(({ points }) => points);
const width = 600 / Math.max(...all.map(({ seconds }) => seconds));
const height = 300 / Math.max(...all.map(({ natsPerToken }) => natsPerToken));
const lines = curves.map(({ name, points }, i) => {
  const path = points.map(({ seconds, natsPerToken }) => `${seconds * width},${300 - natsPerToken * height}`);
  const [x, y] = path.at(-1)!.split(',');
  return `<polyline fill="none" stroke="hsl(${120 * i} 60% 40%)" points="${path.join(' ')}"/><text x="${x}" y="${y}">${name}</text>`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -20 760 340" font-size="12">${lines.join('')}</svg>`;
await writeFile('curves.svg', svg);
