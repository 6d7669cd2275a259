// Draws a text being unmasked as an animated SVG, for the README: the frames of one sample in the colours of the terminal.
//
//     node dist/recipes/record-unmasking.js docs/unmasking.svg [--model DIRECTORY] [--prompt TEXT] [--length N] [--seed N]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { anyOrder } from '../src/cli/commands/demo.ts';
import { CanvasReader } from '../src/cli/terminal/cells.ts';
import { layOut, type LaidOutLine } from '../src/cli/terminal/layout.ts';
import { load, shippedModel } from '../src/index.ts';
import type { Frame } from '../src/sampling/sample.ts';
import { animatedSvg } from '../studio/core/animated-svg.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: shippedModel },
    prompt: { type: 'string', default: 'Once upon a time' },
    length: { type: 'string', default: '128' },
    seed: { type: 'string', default: '38' },
  },
});
const [output] = positionals;
if (!output) {
  process.stderr.write('usage: record-unmasking OUTPUT.svg [--prompt TEXT] [--seed N] …\n');
  process.exit(2);
}

const columns = 76;
/** Of so many frames one is drawn. */
const everyFrame = 3;

const model = await load(values.model);
const reader = new CanvasReader(model.tokenizer, model.maskId);
const frames: LaidOutLine[][] = [];
let count = 0;
// what is behind the end of the story isn't drawn
const lines = (frame: Frame): LaidOutLine[] =>
  layOut(
    reader.cells(frame).filter(({ style }) => style !== 'special'),
    columns,
  );
const { frame, text } = await model.generate({
  ...anyOrder,
  prompt: values.prompt,
  length: Number(values.length),
  seed: Number(values.seed),
  onFrame(each) {
    const drawn = lines(each);
    if (count++ % everyFrame === 0) frames.push(drawn);
  },
});
frames.push(lines({ ...frame, changed: [] }));
await model.close();

writeFileSync(
  output,
  animatedSvg(frames, {
    columns,
    frameSeconds: 0.2,
    restSeconds: 4,
    title: `A story being unmasked in ${count - 1} steps, from masks to text`,
  }),
);
process.stderr.write(`${text}\n${output}: ${frames.length} frames\n`);
