import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { editingSchema, editSchema, usualChange } from '../../language-model/edit-options.ts';
import { counted } from '../../base/format-count.ts';
import { show } from '../../base/errors.ts';
import type { Edit } from '../../language-model/language-model.ts';
import type { TextSpan } from '../../base/text-edits.ts';
import { type Style, styleOf } from '../terminal/cells.ts';
import { colorsFor, palette } from '../terminal/colors.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { fillingFlags } from '../filling-flags.ts';
import { readText } from '../input.ts';
import { liveCanvas, statisticsLine } from '../terminal/live-canvas.ts';
import { type LoadModel, loadModel, samplingDefaultsOf } from '../load-model.ts';
import { markerOf, markerPlace, spansOf } from '../markers.ts';
import { replaceTextFile } from '../replace-file.ts';
import { diffPath, unifiedDiff } from '../unified-diff.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  file: z.string().meta({ placeholder: 'path' }).describe('the text to be edited, - reads stdin'),
  mark: z
    .string()
    .optional()
    .describe('rewrite what stands between marks, such as "[[": what opens one, or both, as "<< >>"'),
  lines: z.string().optional().meta({ placeholder: '3-5' }).describe('rewrite these lines, counted from 1'),
  find: z
    .string()
    .optional()
    .meta({ placeholder: 'regex' })
    .describe('rewrite all that a regular expression matches'),
  ...editSchema.shape,
  diff: z
    .boolean()
    .default(false)
    .describe('prints the changes instead of the text, for patch or git apply; a terminal shows them anyway'),
  ...fillingFlags,
  json: z
    .boolean()
    .default(false)
    .describe(
      'prints one line of JSON: the text, its changes with their probabilities, its tokens with theirs',
    ),
});

type Options = z.output<typeof options>;

/** `unmask edit`, with any way to load a model. */
export function editCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Rewrites what a model doubts in a text, or what is marked, and leaves all else as it is',
    options,
    defaults: samplingDefaultsOf('stories'),
    positionals: ['file'],
    examples: [
      ['unmask edit story.txt --dry-run', 'how sure the model is of each word'],
      ['unmask edit story.txt --max-change 0.1 --in-place', 'at most a tenth of the text changes'],
      [
        'unmask edit story.txt --find "big, big" --stretch 3 --diff',
        'rewrites what matches, and prints a diff',
      ],
    ],
    async run(asked, io, given) {
      const { file, inPlace, json, adapter, device, weights, frameMs } = asked;
      if (inPlace && file === '-') throw new UsageError('--in-place needs a file, and - is stdin');
      if (inPlace && asked.dryRun) throw new UsageError('--dry-run changes nothing, so leave out --in-place');
      if (asked.diff && json) throw new UsageError('give --diff or --json, not both');
      const original = await readText(file, io);
      const { text, spans } = whatToRewrite(original, asked);
      const seed = asked.seed ?? randomInt(2 ** 32);
      const requested = Object.entries(asked).filter(([key]) => key in editingSchema.shape && given.has(key));
      const model = await load({ model: asked.model, adapter, device, weights }, io);
      const live = json ? undefined : liveCanvas(model, frameMs, io);
      try {
        const edit = await model.edit({
          ...Object.fromEntries(requested),
          text,
          spans,
          seed,
          signal: io.signal,
          onFrame: (frame) => live?.show(frame),
        });
        live?.view.clear();
        if (inPlace) await replaceTextFile(file, original, edit.text);
        const name = file === '-' ? 'stdin' : diffPath(file);
        if (json) io.stdout.write(`${JSON.stringify({ seed, ...edit })}\n`);
        else if (asked.dryRun) io.stdout.write(live ? heat(text, edit, io) : doubtLines(text, edit));
        else if (asked.diff || (live && !inPlace))
          io.stdout.write(diffText(text, edit, name, live !== undefined, io));
        else if (!inPlace) io.stdout.write(edit.text);
        io.stderr.write(`${outcome(text, edit, asked)}\n`);
        if (edit.stats.forwards > 0) {
          const read = `${edit.scored} canvases scored`;
          io.stderr.write(statisticsLine(seed, edit.stats, [read], io));
        }
      } finally {
        live?.view.close();
        await model.close();
      }
    },
  };
}

export default editCommand(loadModel);

/** The text, and the stretches of it that a person names. */
function whatToRewrite(
  text: string,
  { mark, lines, find }: Options,
): { text: string; spans?: readonly TextSpan[] } {
  if ([mark, lines, find].filter((way) => way !== undefined).length > 1) {
    throw new UsageError('give one of --mark, --lines and --find');
  }
  if (mark !== undefined) return spansOf(text, markerOf(mark, '--mark'));
  if (lines !== undefined) return { text, spans: [linesSpan(text, lines)] };
  if (find !== undefined) return { text, spans: matches(text, find) };
  return { text };
}

/** From the first character of a line to the last of another, without the end of that line. */
function linesSpan(text: string, lines: string): TextSpan {
  const found = /^(\d+)(?:-(\d+))?$/.exec(lines);
  const [first, last] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
  const all = [...text.matchAll(/([^\r\n]*)(?:\r\n|\n|\r|$)/g)].filter(([whole]) => whole !== '');
  if (!found || first < 1 || last < first || last > all.length) {
    throw new UsageError(
      `--lines: must be lines of the text, which has ${all.length}, such as 2 or 3-5, got ${show(lines)}`,
    );
  }
  const [from, to] = [all[first - 1], all[last - 1]];
  const span = { start: from.index, end: to.index + to[1].length };
  if (span.start === span.end) throw new UsageError(`--lines: there is nothing in ${show(lines)} to rewrite`);
  return span;
}

function matches(text: string, expression: string): TextSpan[] {
  let regex: RegExp;
  try {
    regex = new RegExp(expression, 'gmu');
  } catch (error) {
    throw new UsageError(`--find: ${error instanceof Error ? error.message : String(error)}`);
  }
  const all = Array.from(text.matchAll(regex), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  })).filter(({ start, end }) => end > start);
  if (all.length === 0) throw new UsageError(`--find: ${show(expression)} matches nothing in the text`);
  return all;
}

function diffText(text: string, { changes }: Edit, name: string, onTerminal: boolean, io: Io): string {
  const lines = unifiedDiff(text, changes, name);
  if (!onTerminal) return lines.map((line) => `${line}\n`).join('');
  const colors = colorsFor(io.stdout, io.env);
  const paints: Readonly<Record<string, (line: string) => string>> = {
    '+': colors.green,
    '-': colors.red,
    '@': colors.cyan,
    ' ': (line) => line,
  };
  return lines
    .map((line, n) => `${(n < 2 ? colors.bold : (paints[line[0]] ?? colors.dim))(visible(line))}\n`)
    .join('');
}

/** The whole text, each token in the colour of its probability, what would be rewritten underlined. */
function heat(text: string, { tokens, doubts }: Edit, io: Io): string {
  const colors = colorsFor(io.stdout, io.env);
  const paint = palette(colors);
  const pieces = tokens.map(({ start, end, probability }) => {
    const painted = paint[styleOf(probability)](visible(text.slice(start, end)));
    return doubts.some((span) => span.start < end && span.end > start) ? colors.underline(painted) : painted;
  });
  const legend: Style[] = ['guess', 'unsure', 'likely', 'sure'];
  const names = legend.map((style) => paint[style](style)).join(' ');
  return `${pieces.join('').replace(/\n$/, '')}\n\n${names}   ${colors.underline('would be rewritten')}\n`;
}

/** One line for each stretch that would be rewritten. */
function doubtLines(text: string, edit: Edit): string {
  return edit.doubts
    .map(
      (span) =>
        `${markerPlace(text, span.start)}: ${show(text.slice(span.start, span.end))} ${least(edit, span)}\n`,
    )
    .join('');
}

/** The least probability in a stretch, for a reader. */
function least({ tokens }: Edit, span: TextSpan): string {
  const inside = tokens.filter(({ start, end }) => start < span.end && end > span.start);
  return String(Number(Math.min(...inside.map(({ probability }) => probability)).toPrecision(2)));
}

/** What came of it, in a sentence. */
function outcome(text: string, edit: Edit, { dryRun, threshold, maxChange = usualChange }: Options): string {
  const { changes, doubts, tokens } = edit;
  const stretches = (n: number): string => `${n} ${n === 1 ? 'stretch' : 'stretches'}`;
  if (changes.length > 0) {
    const from = changes.reduce((sum, { before }) => sum + before.length, 0);
    return `${stretches(changes.length)} rewritten, ${((100 * from) / text.length).toFixed(1)} % of its characters`;
  }
  if (doubts.length > 0) {
    return dryRun
      ? `${stretches(doubts.length)} would be rewritten`
      : `nothing was changed: for ${stretches(doubts.length)} the model found nothing likelier`;
  }
  if (tokens.length === 0) return 'nothing to change: the text is empty';
  const doubtful = tokens.filter(({ probability }) => probability < threshold);
  if (doubtful.length > 0) {
    const them = counted(doubtful.length, 'doubtful token');
    return `nothing was changed: ${them} in words that are more than --max-change ${maxChange} of the text`;
  }
  const surest = tokens.reduce((a, b) => (b.probability < a.probability ? b : a));
  const word = show(text.slice(surest.start, surest.end));
  return `nothing to change: the least likely is ${word} (${markerPlace(text, surest.start)}), with ${surest.probability.toPrecision(2)}, and the threshold is ${threshold}`;
}
