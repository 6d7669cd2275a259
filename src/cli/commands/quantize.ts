import { z } from 'zod';
import type { QuantisationRecord } from '../../model-files/quantised-copy.ts';
import type { Command } from '../command.ts';
import { weightsProgress } from '../load-model.ts';
import { fileText } from '../input.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  model: z
    .string()
    .meta({ placeholder: 'path' })
    .describe('a model directory, a run of unmask train, a GGUF file, or org/name after unmask pull'),
  weights: z.enum(['f16', 'int8', 'int4']).describe('how the weights are to be stored'),
  out: z
    .string()
    .optional()
    .meta({ placeholder: 'directory' })
    .describe('where the new model goes [where --weights of other commands looks for it]'),
  compare: z
    .boolean()
    .default(true)
    .describe('runs both models on a text and prints how their predictions differ'),
  text: z
    .string()
    .optional()
    .meta({ placeholder: 'path' })
    .describe('a file with the text for it [stories that ship]'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

/** What the command did. */
interface Report {
  readonly path: string;
  readonly format: string;
  readonly bytes: number;
  readonly sourceBytes: number;
  readonly error: QuantisationRecord['error'];
  readonly predictions?: Predictions;
}

type Predictions = NonNullable<QuantisationRecord['predictions']>;

const command: Command<typeof options> = {
  summary: "Stores a model's weights in fewer bits, and says what that changes",
  options,
  positionals: ['model'],
  examples: [
    ['unmask quantize models/stories --weights int4', 'for --weights int4 of the other commands'],
    ['unmask quantize LLaDA-8B --weights int8 --out llada-int8 --no-compare', 'a model directory of its own'],
  ],
  async run({ model: path, weights: format, out, compare, text, json }, io) {
    const { modelDirectory } = await import('../../model-files/open-model.ts');
    const { openUnquantised, quantiseModel, quantiseToCache, recordPredictions } =
      await import('../../model-files/quantised-copy.ts');
    const { prepareComparison } = await import('../../model-files/quantisation-error.ts');

    const source = await openUnquantised(await modelDirectory(path, (text) => io.stderr.write(`${text}\n`)));
    const given = text === undefined ? undefined : await fileText(text);
    const comparison = compare ? await prepareComparison(source, given) : undefined;
    const making = { onProgress: weightsProgress(io, { isFollowed: json }), signal: io.signal };
    const { place, record } =
      out === undefined
        ? await quantiseToCache(source, format, making)
        : { place: out, record: await quantiseModel(source, out, format, making) };
    const predictions = await comparison?.measure(place, io.signal);
    if (predictions) await recordPredictions(place, record, predictions);
    const report: Report = {
      path: place,
      format,
      bytes: record.bytes,
      sourceBytes: source.weights.totalBytes,
      error: record.error,
      ...(predictions && { predictions }),
    };
    io.stdout.write(json ? `${JSON.stringify(report)}\n` : table(report));
  },
};

export default command;

function table({ path, format, bytes, sourceBytes, error, predictions }: Report): string {
  const [worst] = error.tensors.toSorted((a, b) => b.relative - a.relative);
  const rows: [string, string][] = [
    ['written', path],
    ['weights', `${format}, ${mebibytes(bytes)} for ${mebibytes(sourceBytes)}`],
    ['error', `${percent(error.overall)} of the weights' root mean square`],
    ...(worst ? ([['worst', `${percent(worst.relative)}, ${worst.name}`]] satisfies [string, string][]) : []),
    ...(predictions ? compared(predictions) : []),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${visible(value)}\n`).join('');
}

function compared({ rows, meanKl, maxKl, sameToken, natsPerToken }: Predictions): [string, string][] {
  const { reference, other } = natsPerToken;
  return [
    ['predictions', `KL ${meanKl.toExponential(1)} nats in the mean of ${rows}, ${maxKl.toFixed(3)} at most`],
    ['same token', percent(sameToken)],
    ['text', `${other.toFixed(3)} nats a token, ${reference.toFixed(3)} before`],
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
