import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { revisedAnyOrder } from '../../base/usual-presets.ts';
import type { Generation } from '../../language-model/language-model.ts';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import type { Command, Io } from '../command.ts';
import { type LoadModel, loadModel } from '../load-model.ts';
import { colorsFor } from '../terminal/colors.ts';
import { frameMs, statisticsLine } from '../terminal/live-canvas.ts';
import { SideBySide } from '../terminal/side-by-side.ts';
import { linesFor } from '../terminal/wrap.ts';
import { generateCommand } from './generate.ts';

const options = z.strictObject({
  seed: samplingSchema.shape.seed.describe('same seed, same story [a new one each time]'),
  beside: z
    .enum(['causal'])
    .optional()
    .describe(
      'writes a second story beside it: from left to right, by a causal model of others (models/judge)',
    ),
  frameMs,
});

type Options = z.output<typeof options>;

/** What is seen, said before it is seen. */
const caption =
  'A story that starts as masks, 32 at a time: each denoising step predicts all of them and keeps the most confident, in any order. Then it is read again, and what the model doubts is masked and rewritten.';

/** In blocks of a line or two, so that the story has an ending. */
export const anyOrder = { length: 240, ...revisedAnyOrder } as const satisfies Partial<FlatSamplingOptions>;

const prompt = 'Once upon a time';
/** A causal model of characters writes about as much in so many tokens. */
const causalLength = 220;

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
    examples: [
      ['unmask demo --seed 7', 'a story that comes out the same each time'],
      ['unmask demo --beside causal', 'beside it one that is written from left to right'],
    ],
    async run(asked, io) {
      const { bold, dim } = colorsFor(io.stderr, io.env);
      io.stderr.write(`${linesFor(caption, io.stderr).map(bold).join('\n')}\n\n`);
      if (asked.beside) await besideCausal(load, asked, io);
      else {
        const { seed, frameMs } = asked;
        const given = new Set([...Object.keys(anyOrder), ...(seed === undefined ? [] : ['seed'])]);
        await generate.run(generate.options.parse({ ...anyOrder, seed, frameMs }), io, given);
      }
      const width = Math.max(...onward.map(([command]) => command.length));
      io.stderr.write('\n');
      for (const [command, what] of onward) io.stderr.write(`${command.padEnd(width)}  ${dim(what)}\n`);
    },
  };
}

export default demoCommand(loadModel);

/** Two stories that are written at the same time. */
async function besideCausal(load: LoadModel, { frameMs, ...asked }: Options, io: Io): Promise<void> {
  const { shippedJudge } = await import('../../model-files/locate.ts');
  const seed = asked.seed ?? randomInt(2 ** 32);
  const models = [await load({}, io), await load({ model: shippedJudge }, io)];
  const headings = ['masked diffusion: any order', 'a causal model: left to right'];
  const isLive = io.stdout.isTTY && io.env.TERM !== 'dumb';
  const panels = models.map((model, p) => ({ ...model, heading: headings[p] }));
  const view = isLive ? new SideBySide(io.stdout, io.env, panels) : undefined;
  const write = (p: number, sampling: Partial<FlatSamplingOptions>): Promise<Generation> =>
    models[p].generate({
      ...sampling,
      prompt,
      seed,
      signal: io.signal,
      async onFrame(frame) {
        if (!view) return;
        view.show(p, frame);
        await wait(frameMs, undefined, { signal: io.signal });
      },
    });
  try {
    const written = await Promise.all([
      write(0, anyOrder),
      write(1, { length: causalLength, temperature: 0.7 }),
    ]);
    view?.close();
    for (const [p, { text, stats }] of written.entries()) {
      if (!view) io.stdout.write(`${headings[p]}\n${text}\n\n`);
      io.stderr.write(statisticsLine(seed, stats, [headings[p]], io));
    }
  } finally {
    view?.close();
    for (const model of models) await model.close();
  }
}
