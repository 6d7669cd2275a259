import { z } from 'zod';
import type { Command } from '../command.ts';
import { type LoadModel, loadModel } from '../load-model.ts';
import { colorsFor } from '../terminal/colors.ts';
import { samplingSchema } from '../../sampling/options.ts';
import { frameMs } from '../terminal/live-canvas.ts';
import { generateCommand } from './generate.ts';

const options = z.strictObject({
  seed: samplingSchema.shape.seed.describe('same seed, same story [a new one each time]'),
  frameMs,
});

/** What is seen, said before it is seen. */
const caption =
  'A story that starts as masks: in each denoising step the model predicts all of them, and keeps what it is surest of.';

const onward: readonly (readonly [string, string])[] = [
  ['npx unmask generate "The dog"', 'another text; --help has strategies, speed, constraints'],
  ['npx unmask studio', 'a page: what else the model thought, fill holes, edit, chat, train'],
  ['npx unmask train FILE', 'a model of your own text'],
];

/** `unmask demo`, the first minute: what `npm start` shows. */
export function demoCommand(load: LoadModel): Command<typeof options> {
  const generate = generateCommand(load);
  return {
    summary: 'Shows a story being unmasked by the model that ships, and where to go on',
    options,
    positionals: [],
    examples: [['unmask demo --seed 7', 'a story that comes out the same each time']],
    async run({ seed, frameMs }, io) {
      const { bold, dim } = colorsFor(io.stderr, io.env);
      io.stderr.write(`${bold(caption)}\n\n`);
      const given = new Set(seed === undefined ? [] : ['seed']);
      await generate.run(generate.options.parse({ seed, frameMs }), io, given);
      const width = Math.max(...onward.map(([command]) => command.length));
      io.stderr.write('\n');
      for (const [command, what] of onward) io.stderr.write(`${command.padEnd(width)}  ${dim(what)}\n`);
    },
  };
}

export default demoCommand(loadModel);
