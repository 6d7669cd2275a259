// Draws a text being unmasked as an animated SVG, for the README: the frames of one sample in the colours of the terminal.
//
//     node dist/examples/record-unmasking.js OUTPUT.svg [--model DIRECTORY] [--prompt TEXT] [--length N] [--steps N] [--temperature T] [--seed N]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CanvasReader } from '../src/cli/terminal/cells.ts';
import { layOut, type LaidOutLine } from '../src/cli/terminal/layout.ts';
import { load, shippedModel } from '../src/index.ts';
import { animatedSvg } from '../studio/core/animated-svg.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: shippedModel },
    prompt: { type: 'string', default: 'Once upon a time' },
    length: { type: 'string', default: '96' },
    steps: { type: 'string', default: '24' },
    temperature: { type: 'string', default: '0.7' },
    seed: { type: 'string', default: '0' },
  },
});
const [output] = positionals;
if (!output) {
  process.stderr.write('usage: record-unmasking OUTPUT.svg [--prompt TEXT] [--seed N] …\n');
  process.exit(2);
}

const columns = 76;

const model = await load(values.model);
const reader = new CanvasReader(model.tokenizer, model.maskId);
const frames: LaidOutLine[][] = [];
await model.generate({
  prompt: values.prompt,
  length: Number(values.length),
  steps: Number(values.steps),
  temperature: Number(values.temperature),
  seed: Number(values.seed),
  onFrame: (frame) => void frames.push(layOut(reader.cells(frame), columns)),
});
await model.close();

writeFileSync(
  output,
  animatedSvg(frames, {
    columns,
    frameSeconds: 0.25,
    restSeconds: 4,
    title: `A story being unmasked: ${frames.length - 1} steps from masks to text`,
  }),
);
process.stderr.write(`${output}: ${frames.length} frames\n`);
