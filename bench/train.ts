/**
 * `npm run bench:train`: the speed of training, ours beside PyTorch's. The programs take turns, each time in a fresh process,
 * and the medians over the rounds are compared, so that what else the machine does falls on both.
 *
 * Prints a table for people, or one JSON line a run with --json. Progress is on stderr.
 */
import { parseArgs } from 'node:util';
import { average, type Measurement, ratioOfMedians } from './measure.ts';
import { findTorch, run } from './programs.ts';
import { type Shape, shapes } from './shapes.ts';

type ShapeName = keyof typeof shapes;

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: Object.keys(shapes).join(',') },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

const common = ['--steps', values.steps, '--warmup', '1', '--threads', values.threads];
const torch = await findTorch();
if ('problem' in torch) console.error(`without PyTorch: ${torch.problem}`);

for (const name of values.shapes.split(',')) {
  const shape: Shape = shapes[name as ShapeName];
  if (!shape)
    throw new Error(`--shapes: must be some of ${Object.keys(shapes).join(', ')}, got ${values.shapes}`);
  const programs = [() => run(process.execPath, ['train.bench.js', '--shape', name, ...common])];
  if ('python' in torch)
    programs.push(() => run(torch.python, [torch.script, ...torchShape(shape), ...common]));

  const measured = programs.map((): Measurement[] => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, program] of programs.entries()) {
      const result = await program();
      measured[i].push(result);
      if (values.json) console.log(JSON.stringify({ shape: name, round, ...result }));
      else console.error(`(${name}) ${result.program}: ${result.secondsPerStep.toFixed(2)} s a step`);
    }
  if (!values.json) print(name, shape, measured);
}

function torchShape({ layers, width, heads, hidden, vocabularySize, length, batch }: Shape): string[] {
  const options = { layers, width, heads, hidden, vocabulary: vocabularySize, length, batch };
  return Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
}

function print(name: string, shape: Shape, measured: readonly Measurement[][]): void {
  const { layers, width, heads, hidden, vocabularySize, length, batch } = shape;
  console.log(
    `\n(${name}) ${layers} layers, width ${width}, ${heads} heads, SwiGLU ${hidden}, vocabulary ${vocabularySize}, ` +
      `length ${length}, batch ${batch}: ${(measured[0][0].parameters / 1e6).toFixed(1)} M parameters, f32`,
  );
  const rows = [['', 'tokens/s', 's/step', '(least – most)', 'GFLOP/s', 'peak memory']];
  for (const runs of measured) {
    const typical = average(runs);
    const seconds = runs.map((run) => run.secondsPerStep);
    rows.push([
      typical.program,
      typical.tokensPerSecond.toFixed(0),
      typical.secondsPerStep.toFixed(2),
      `(${Math.min(...seconds).toFixed(2)} – ${Math.max(...seconds).toFixed(2)})`,
      typical.gflopPerSecond.toFixed(0),
      `${(typical.peakMemoryBytes / 1e9).toFixed(2)} GB`,
    ]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const [title, ...cells] of rows)
    console.log(
      [title.padEnd(widths[0]), ...cells.map((cell, i) => cell.padStart(widths[i + 1]))].join('  '),
    );
  const [ours, theirs] = measured;
  if (theirs)
    console.log(
      `tokens/s, ours to PyTorch's, medians of ${ours.length}: ${ratioOfMedians(ours, theirs).toFixed(2)}`,
    );
}
