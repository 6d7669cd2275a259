import { z } from 'zod';
import type { Judgement } from '../../evaluation/judge/judge.ts';
import type { WrittenTexts } from '../../evaluation/judge/write-texts.ts';
import type { Model } from '../../language-model/language-model.ts';
import { samplingSchema } from '../../sampling/options.ts';
import type { Command, Io } from '../command.ts';
import { storyPrompt } from './generate.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';
import { StatusLine } from '../terminal/status-line.ts';
import { tableOf } from '../terminal/table.ts';

/** Which model judges texts, for every command that has some judged. */
export const judgeOption = z
  .string()
  .optional()
  .meta({ placeholder: 'path' })
  .describe(
    'a causal model that says how likely texts are: not one that their author was made from [models/judge, which ships, for simple stories]',
  );

const options = z.strictObject({
  texts: z
    .array(z.string())
    .default([])
    .meta({ placeholder: 'path' })
    .describe('files of texts to be judged, .txt or .jsonl, or either as .gz'),
  ...modelOptions,
  model: modelOptions.model.describe(
    'has this model write texts, which are judged [models/stories, which ships, where no file is given]',
  ),
  judge: judgeOption,
  count: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .describe('texts that the model writes, each with a seed of its own'),
  seed: z.int().min(0).default(1).describe('the seed of the first text; the others count on from it'),
  most: z
    .int()
    .min(20)
    .default(10_000)
    .describe('characters that are read of each row, as the longer a text the more it repeats itself'),
  out: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('writes the texts there, a line of JSON for each'),
  prompt: z
    .string()
    .optional()
    .describe(
      'the beginning of each text [with the model that ships, a story begins; with another nothing, and no text ends before its length]',
    ),
  ...samplingSchema.omit({ seed: true, reportCache: true }).shape,
  json: z.boolean().default(false).describe('prints a line of JSON for each row'),
});

/** What a row of the table is about, and what was found. */
type Row = Judgement & { readonly name: string } & Partial<
    Pick<WrittenTexts['stats'], 'tokensPerForward' | 'tokensPerSecond'>
  >;

/** `unmask judge`, with any way to load a model. */
export function judgeCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Judges texts: how likely an outside model finds them, and how much they repeat',
    options,
    positionals: ['texts'],
    examples: [
      ['unmask judge', 'twenty texts of the model that ships'],
      ['unmask judge --model runs/mine --steps 48 --out texts.jsonl', 'of your own, which are kept'],
      ['unmask judge held-out.txt', 'real text, for comparison'],
    ],
    async run({ texts: files, judge: judgePath, model: path, json, ...asked }, io, given) {
      const { judgeTexts } = await import('../../evaluation/judge/judge.ts');
      const { readTexts } = await import('../../evaluation/read-texts.ts');
      const { shippedJudge, shippedModel } = await import('../../model-files/locate.ts');
      const { adapter, device, weights, most } = asked;
      const judge = await load({ model: judgePath ?? shippedJudge }, io);
      const rows: Row[] = [];
      const add = (row: Row): void => {
        rows.push(row);
        if (json) io.stdout.write(`${JSON.stringify(row)}\n`);
      };
      try {
        for (const file of files) {
          const texts = await readTexts(file);
          add({ name: file, ...(await judgeTexts(judge, texts, { most, signal: io.signal })) });
        }
        if (path !== undefined || files.length === 0) {
          const model = await load({ model: path, adapter, device, weights }, io);
          try {
            const prompt = asked.prompt ?? (path === undefined ? storyPrompt : undefined);
            const { texts, stats } = await written(model, { ...asked, prompt }, given, io);
            const { tokensPerForward, tokensPerSecond } = stats;
            const judgement = await judgeTexts(judge, texts, { most, signal: io.signal });
            add({ name: path ?? shippedModel, ...judgement, tokensPerForward, tokensPerSecond });
          } finally {
            await model.close();
          }
        }
      } finally {
        await judge.close();
      }
      if (!json) io.stdout.write(report(rows, io));
    },
  };
}

export default judgeCommand(loadModel);

/** The texts that the model writes, kept where that is asked for. */
async function written(
  model: Model,
  { count, seed, out, prompt, ...asked }: Pick<z.output<typeof options>, 'count' | 'seed' | 'out' | 'prompt'>,
  given: ReadonlySet<string>,
  io: Io,
): Promise<WrittenTexts> {
  const { writeTexts } = await import('../../evaluation/judge/write-texts.ts');
  const { writeTextFile } = await import('../../checkpoint/write-text-file.ts');
  const sampling = Object.fromEntries(
    Object.entries(asked).filter(([key]) => given.has(key) && key in samplingSchema.shape),
  );
  // where nothing stands yet, an order that begins anywhere may begin with the end
  const start = prompt === undefined ? { endless: true } : { prompt };
  const status = new StatusLine(io.stderr, () => performance.now(), { liveMs: 200, plainMs: 10_000 });
  const requests = Array.from({ length: count }, (_, k) => ({ ...start, ...sampling, seed: seed + k }));
  const result = await writeTexts(model, requests, {
    signal: io.signal,
    onText: (n) => {
      if (status.isDue) status.show(`writing: ${n} of ${count} texts`);
    },
  }).finally(() => status.clear());
  const lines = result.texts.map((text, k) => `${JSON.stringify({ seed: seed + k, text })}\n`);
  if (out !== undefined) await writeTextFile(out, lines.join(''));
  return result;
}

function report(rows: readonly Row[], { stdout }: Io): string {
  const hasSpeed = rows.some(({ tokensPerForward }) => tokensPerForward !== undefined);
  const table = tableOf(
    [
      '',
      'bits a character',
      'distinct-2',
      'repeated 4-grams',
      'words',
      ...(hasSpeed ? ['tokens a forward'] : []),
    ],
    rows.map((row) => [
      row.name,
      `${row.bitsPerCharacter.toFixed(3)} ± ${row.standardError.toFixed(3)}`,
      row.distinct[1].toFixed(3),
      row.repeated.toFixed(3),
      `${row.words}`,
      ...(hasSpeed ? [row.tokensPerForward?.toFixed(2) ?? ''] : []),
    ]),
    stdout.columns,
  );
  return `${table}\nfew bits with many different pairs of words are good; few bits with few of them are a loop\n`;
}
