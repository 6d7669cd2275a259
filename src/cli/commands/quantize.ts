import { z } from 'zod';
import { bytesText } from '../../base/format-bytes.ts';
import { quantizeSchema } from '../../model-files/quantize-options.ts';
import type { Quantized } from '../../model-files/quantize.ts';
import type { Command } from '../command.ts';
import { weightsProgress } from '../load-model.ts';
import { plainText } from '../input.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  model: z
    .string()
    .meta({ placeholder: 'path' })
    .describe('a model directory, a run of unmask train, a GGUF file, or org/name after unmask pull'),
  ...quantizeSchema.shape,
  text: quantizeSchema.shape.text
    .meta({ placeholder: 'path' })
    .describe('a file with the text for it [of a run what it held out, else stories that ship]'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

const command: Command<typeof options> = {
  summary: 'Quantises a model: its weights in fewer bits, and what that changes',
  options,
  positionals: ['model'],
  examples: [
    ['unmask quantize models/stories --weights int4', 'for --weights int4 of the other commands'],
    ['unmask quantize LLaDA-8B --weights int8 --out llada-int8 --no-compare', 'a model directory of its own'],
  ],
  async run({ model, text: file, json, ...asked }, io) {
    const { quantize } = await import('../../model-files/quantize.ts');
    const { heldOutText } = await import('../../library/held-out.ts');
    const text = file === undefined ? await heldOutText(model) : await plainText(file);
    const show = weightsProgress(io, { isFollowed: json });
    const quantized = await quantize(model, {
      ...asked,
      text,
      signal: io.signal,
      onProgress: ({ done, total }) => show(done, total),
      note: (sentence) => io.stderr.write(`${visible(sentence)}\n`),
    });
    io.stdout.write(json ? `${JSON.stringify(quantized)}\n` : table(quantized));
  },
};

export default command;

function table({ path, format, bytes, sourceBytes, error, predictions }: Quantized): string {
  const [worst] = error.tensors.toSorted((a, b) => b.relative - a.relative);
  const rows: [string, string][] = [
    ['written', path],
    ['weights', `${format}, ${bytesText(bytes)} for ${bytesText(sourceBytes)}`],
    ['error', `${percent(error.overall)} of the weights' root mean square`],
    ...(worst ? ([['worst', `${percent(worst.relative)}, ${worst.name}`]] satisfies [string, string][]) : []),
    ...(predictions ? compared(predictions) : []),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${visible(value)}\n`).join('');
}

function compared({
  rows,
  meanKl,
  maxKl,
  sameToken,
  natsPerToken,
}: NonNullable<Quantized['predictions']>): [string, string][] {
  const { reference, other } = natsPerToken;
  return [
    ['predictions', `KL ${meanKl.toExponential(1)} nats in the mean of ${rows}, ${maxKl.toFixed(3)} at most`],
    ['same token', percent(sameToken)],
    ['text', `${other.toFixed(3)} nats a token, ${reference.toFixed(3)} before`],
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
