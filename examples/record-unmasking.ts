// Draws a text being unmasked as an animated SVG, for the README: the frames of one sample in the colours of the terminal.
//
//     node dist/examples/record-unmasking.js OUTPUT.svg [--model DIRECTORY] [--prompt TEXT] [--length N] [--steps N] [--temperature T] [--seed N]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Cell, CanvasReader } from '../src/cli/cells.ts';
import { layOut, type Line } from '../src/cli/layout.ts';
import { load, shippedModel } from '../src/index.ts';

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
const [characterWidth, lineHeight, margin] = [8.43, 20, 14];
const frameSeconds = 0.25;
/** The finished text stays this long before it all begins again. */
const restSeconds = 4;

const model = await load(values.model);
const reader = new CanvasReader(model.tokenizer, model.maskId);
const frames: Line[][] = [];
await model.generate({
  prompt: values.prompt,
  length: Number(values.length),
  steps: Number(values.steps),
  temperature: Number(values.temperature),
  seed: Number(values.seed),
  onFrame: (frame) => void frames.push(layOut(reader.cells(frame), columns)),
});
await model.close();

const rows = Math.max(...frames.map((lines) => lines.length));
const [width, height] = [Math.ceil(columns * characterWidth) + 2 * margin, rows * lineHeight + 2 * margin];
const seconds = frames.length * frameSeconds + restSeconds;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const piece = ({ text, style }: Cell): string => `<tspan class="${style}">${escape(text)}</tspan>`;

function group(lines: readonly Line[], index: number): string {
  const text = lines.map(
    ({ pieces }, row) =>
      `<text x="${margin}" y="${margin + (row + 0.75) * lineHeight}">${pieces.map(piece).join('')}</text>`,
  );
  return `<g class="frame" style="animation-name:f${index}">${text.join('')}</g>`;
}

/** A frame is seen for its time and hidden before and after; the last one until the end. */
function visibility(index: number): string {
  const percent = (time: number): string => `${((100 * time) / seconds).toFixed(3)}%`;
  const isLast = index === frames.length - 1;
  const [from, to] = [percent(index * frameSeconds), isLast ? '100%' : percent((index + 1) * frameSeconds)];
  return `@keyframes f${index}{0%{opacity:0}${from}{opacity:1}${to}{opacity:${isLast ? 1 : 0}}100%{opacity:${isLast ? 1 : 0}}}`;
}

writeFileSync(
  output,
  `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>A story being unmasked: ${frames.length - 1} steps from masks to text</title>
<style>
rect{fill:#fff}text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#1f2328}
.given{font-weight:600}.likely{fill:#0969da}.unsure{fill:#9a6700}.guess{fill:#bf3989}.mask,.special{fill:#afb8c1}
.frame{opacity:0;animation-duration:${seconds}s;animation-timing-function:step-end;animation-iteration-count:infinite}
.frame:last-of-type{opacity:1}
@media (prefers-color-scheme:dark){rect{fill:#0d1117}text{fill:#e6edf3}.likely{fill:#58a6ff}.unsure{fill:#d29922}.guess{fill:#f778ba}.mask,.special{fill:#484f58}}
${frames.map((_, index) => visibility(index)).join('\n')}
</style>
<rect width="100%" height="100%" rx="8"/>
${frames.map(group).join('\n')}
</svg>
`,
);
process.stderr.write(`${output}: ${frames.length} frames, ${rows} lines\n`);
