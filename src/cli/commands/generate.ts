import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { CacheReport } from '../../sampling/cache-report.ts';
import type { Frame } from '../../sampling/sample.ts';
import { type FlatSamplingOptions, samplingSchema } from '../../sampling/options.ts';
import type { Generation, Model } from '../../language-model/language-model.ts';
import type { Command, Io } from '../command.ts';
import { fileObject, inputText } from '../input.ts';
import { frameMs, liveCanvas, statisticsLine } from '../terminal/live-canvas.ts';
import { type LoadModel, loadModel, modelOptions, samplingDefaultsOf } from '../load-model.ts';

const options = z.strictObject({
  prompt: z
    .string()
    .optional()
    .describe(
      'the beginning of the text, - reads it from stdin [nothing; with the model that ships, a story begins]',
    ),
  ...modelOptions,
  ...samplingSchema.shape,
  jsonSchema: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('a file with a JSON schema: what is written is JSON that it admits'),
  seed: samplingSchema.shape.seed.describe(
    'same seed, same text [a new one each time, printed with the text]',
  ),
  frameMs,
  json: z.boolean().default(false).describe('prints one line of JSON a frame'),
});

type Options = z.output<typeof options>;

/** The beginning of most stories that the model which ships has read. */
export const storyPrompt = 'Once upon a time';

/** `unmask generate`, with any way to load a model. */
export function generateCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Writes a text by unmasking it, shown in place on a terminal',
    options,
    defaults: samplingDefaultsOf('stories'),
    positionals: ['prompt'],
    examples: [
      ['unmask generate', 'a story, by the model that ships'],
      [
        'unmask generate "The old dog" --temperature 0.8 --length 96 --steps 48',
        'a prompt, and two tokens a step',
      ],
      ['unmask generate "One day" --grow', 'as long as it takes to come to an end'],
      ['unmask generate --model runs/mine --json "To be" > frames.jsonl', 'every frame, for another program'],
    ],
    async run(
      { prompt: asked, model: path, adapter, device, weights, json, frameMs, jsonSchema: file, ...sampling },
      io,
      given,
    ) {
      const begin = performance.now();
      const jsonSchema = file === undefined ? undefined : await fileObject(file);
      const prompt = await inputText(asked ?? (path === undefined ? storyPrompt : ''), io);
      const seed = sampling.seed ?? randomInt(2 ** 32);
      const model = await load({ model: path, adapter, device, weights }, io);
      let firstMs: number | undefined;
      const show = display(model, { json, frameMs, sampling: chosen(sampling, given) }, io);
      try {
        const generation = await model.generate({
          ...chosen(sampling, given),
          jsonSchema,
          prompt,
          seed,
          signal: io.signal,
          async onFrame(frame) {
            await show.frame(frame);
            firstMs ??= performance.now() - begin;
          },
        });
        show.end(generation);
        io.stderr.write(statistics(generation, { seed, json, firstMs: firstMs ?? 0 }, io));
      } finally {
        show.close();
        await model.close();
      }
    },
  };
}

export default generateCommand(loadModel);

/** What the person asks for: a model may have better defaults than the schema. */
export function chosen(
  sampling: Partial<FlatSamplingOptions>,
  given: ReadonlySet<string>,
): Partial<FlatSamplingOptions> {
  return Object.fromEntries(Object.entries(sampling).filter(([key]) => given.has(key)));
}

/** Where the frames go: lines of JSON, a canvas on a terminal, or nowhere until the text is whole. */
interface Display {
  frame(frame: Frame): Promise<void> | void;
  end(generation: Generation): void;
  close(): void;
}

function display(
  model: Model,
  {
    json,
    frameMs,
    sampling,
  }: Pick<Options, 'json' | 'frameMs'> & { readonly sampling: Partial<FlatSamplingOptions> },
  io: Io,
): Display {
  const nothing = (): void => {};
  if (json)
    return { frame: (frame) => void io.stdout.write(jsonLine(frame, model)), end: nothing, close: nothing };
  const live = liveCanvas(model, frameMs, io, sampling);
  if (!live) {
    // no colours even if FORCE_COLOR asks for them: what is piped is the text
    return { frame: nothing, end: ({ text }) => void io.stdout.write(`${text}\n`), close: nothing };
  }
  return {
    frame: live.show,
    end: ({ frame, tokens }) => live.view.finish({ ...frame, tokens }),
    close: () => live.view.close(),
  };
}

/** A frame as JSON: the confidence of what was never predicted is null, and masks are left out of the text. */
function jsonLine(
  { step, block, t, tokens, changed, confidence }: Frame,
  { tokenizer, maskId }: Model,
): string {
  return `${JSON.stringify({
    step,
    block,
    t,
    text: tokenizer.decode(tokens.filter((id) => id !== maskId)),
    tokens: [...tokens],
    changed,
    confidence: Array.from(confidence, (p) => (Number.isNaN(p) ? null : Number(p.toPrecision(4)))),
  })}\n`;
}

function statistics(
  { stats, ended }: Generation,
  { seed, json, firstMs }: { seed: number; json: boolean; firstMs: number },
  io: Io,
): string {
  if (json) return `${JSON.stringify({ seed, stats, ended, firstFrameMs: Math.round(firstMs) })}\n`;
  const notes = [
    `first frame after ${(firstMs / 1000).toFixed(1)} s`,
    ...(ended === 'repetition' ? ['stopped where it repeats itself'] : []),
    ...(stats.cache ? [cacheReport(stats.cache)] : []),
  ];
  return statisticsLine(seed, stats, notes, io);
}

const cacheReport = ({ agreement, meanKl, probes }: CacheReport): string =>
  `cache: ${(100 * agreement).toFixed(1)}% of the tokens as without it, KL ${meanKl.toPrecision(2)} nats over ${probes} predictions`;
