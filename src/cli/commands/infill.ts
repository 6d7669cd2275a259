import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { counted } from '../../base/format-count.ts';
import type { Infilling, InfillPart } from '../../language-model/language-model.ts';
import { colorsFor } from '../terminal/colors.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { fillingFlags } from '../filling-flags.ts';
import { readText } from '../input.ts';
import { liveCanvas, statisticsLine } from '../terminal/live-canvas.ts';
import { type LoadModel, loadModel, samplingDefaultsOf } from '../load-model.ts';
import { markerOf, partsOf } from '../markers.ts';
import { replaceTextFile } from '../replace-file.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  file: z
    .string()
    .meta({ placeholder: 'path' })
    .describe('a text with holes: {{24}} of 24 tokens, {{8..32}} of 8 to 32, {{?}} of any; - reads stdin'),
  hole: z
    .string()
    .default('{{')
    .describe('what opens a hole, its mirror image closes it; or both, as "<< >>"'),
  ...fillingFlags,
  json: z
    .boolean()
    .default(false)
    .describe('prints one line of JSON: the text, its holes and what they cost'),
});

/** `unmask infill`, with any way to load a model. */
export function infillCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Fills the holes of a text, and leaves all other text as it is, byte by byte',
    options,
    defaults: samplingDefaultsOf('stories'),
    positionals: ['file'],
    examples: [
      ['unmask infill letter.txt --in-place', 'fills the holes of a file'],
      [
        'echo "Tom was sad.{{4..24}} Then he was happy." | unmask infill -',
        'the likeliest length between 4 and 24 tokens',
      ],
      ['unmask infill page.html --hole "<%" --json', 'holes are written <%24%>'],
    ],
    async run(
      { file, hole, inPlace, model: path, adapter, device, weights, json, frameMs, ...filling },
      io,
      given,
    ) {
      if (inPlace && file === '-') throw new UsageError('--in-place needs a file, and - is stdin');
      const marker = markerOf(hole, '--hole');
      const text = await readText(file, io);
      partsOf(text, marker); // most mistakes don't wait for the model
      const seed = filling.seed ?? randomInt(2 ** 32);
      const model = await load({ model: path, adapter, device, weights }, io);
      const live = json ? undefined : liveCanvas(model, frameMs, io);
      try {
        const parts = partsOf(text, marker, model.config.maxLength);
        const asked = Object.entries(filling).filter(([key]) => given.has(key));
        const infilling = await model.infill({
          ...Object.fromEntries(asked),
          parts,
          seed,
          signal: io.signal,
          onFrame: (frame) => live?.show(frame),
        });
        live?.view.clear();
        if (inPlace) await replaceTextFile(file, text, infilling.text);
        if (json) io.stdout.write(jsonLine(infilling, seed));
        else if (!inPlace) io.stdout.write(live ? shown(parts, infilling, io) : infilling.text);
        io.stderr.write(statisticsLine(seed, infilling.stats, notes(infilling), io));
      } finally {
        live?.view.close();
        await model.close();
      }
    },
  };
}

export default infillCommand(loadModel);

function jsonLine({ text, holes, searched, stats }: Infilling, seed: number): string {
  const lengths = holes.map((hole) => ({ text: hole.text, tokens: [...hole.tokens] }));
  return `${JSON.stringify({ seed, text, holes: lengths, searched, stats })}\n`;
}

/** The whole text for a terminal, what was written in colour. */
function shown(parts: readonly InfillPart[], { holes }: Infilling, io: Io): string {
  const { cyan } = colorsFor(io.stdout, io.env);
  const left = holes.values();
  const text = parts.map((part) =>
    typeof part === 'string' ? visible(part) : cyan(visible(left.next().value!.text)),
  );
  return `${text.join('').replace(/\n$/, '')}\n`;
}

function notes({ holes, searched }: Infilling): string[] {
  const lengths = holes.map(({ tokens }) => tokens.length).join(', ');
  const one = holes.length === 1 ? `a hole of ${counted(holes[0].tokens.length, 'token')}` : undefined;
  const filled = one ?? (holes.length > 12 ? `${holes.length} holes` : `holes of ${lengths} tokens`);
  return searched === 0 ? [filled] : [filled, `${searched} canvases to find lengths`];
}
