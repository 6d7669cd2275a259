import { z } from 'zod';
import type { Score } from '../../language-model/language-model.ts';
import { duration } from '../../base/format-duration.ts';
import { type Command, type Io, type Output, UsageError } from '../command.ts';
import { fileText, inputText } from '../input.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';
import { StatusLine } from '../terminal/status-line.ts';

const options = z.strictObject({
  text: z.string().optional().describe('the text to be scored, - reads it from stdin'),
  file: z.string().optional().meta({ placeholder: 'path' }).describe('a file with the text to be scored'),
  prompt: z.string().optional().describe('what is given before the text, and not scored'),
  ...modelOptions,
  samples: z
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe('draws of masks; the error falls with their square root'),
  seed: z.int().min(0).default(0).describe('same seed, same number'),
  json: z.boolean().default(false).describe('prints one line of JSON'),
});

/** `unmask score`, with any way to load a model. */
export function scoreCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Says how likely a text is: an upper bound on -log p, with its standard error',
    options,
    positionals: ['text'],
    examples: [
      ['unmask score "The cat sat on the mat."', 'a text'],
      ['unmask score --prompt "Once upon a" " time"', 'an answer, given a prompt'],
      ['unmask score --model runs/mine --file story.txt --json', 'a file, for another program'],
    ],
    async run({ text, file, prompt, model: path, adapter, device, weights, samples, seed, json }, io) {
      const answer = await textToScore(text, file, io);
      const model = await load({ model: path, adapter, device, weights }, io);
      const progress = new ScoreProgress(io.stderr, () => performance.now());
      try {
        const onProgress = (share: number): void => progress.show(share);
        const score = await model.score({ prompt, answer, samples, seed, onProgress, signal: io.signal });
        progress.clear();
        io.stdout.write(json ? `${JSON.stringify(score)}\n` : report(score));
      } finally {
        progress.clear();
        await model.close();
      }
    },
  };
}

export default scoreCommand(loadModel);

const liveMs = 200;
const plainMs = 10_000;

/** How far a score is: on a terminal a line that goes away at the end, elsewhere a line now and then. */
export class ScoreProgress {
  readonly #clock: () => number;
  readonly #beganMs: number;
  readonly #status: StatusLine;

  /** @param clock  milliseconds that never go back */
  constructor(output: Output, clock: () => number) {
    this.#clock = clock;
    this.#beganMs = clock();
    // what is soon done has no line
    this.#status = new StatusLine(output, clock, { liveMs, plainMs, shownMs: this.#beganMs });
  }

  /** @param share  of the work that is done, from 0 to 1 */
  show(share: number): void {
    if (share >= 1 || !this.#status.isDue) return;
    const leftMs = (this.#clock() - this.#beganMs) * (1 / share - 1);
    this.#status.show(`scoring: ${Math.floor(100 * share)} %, ${duration(leftMs)} left`);
  }

  /** Takes the live line away. */
  clear(): void {
    this.#status.clear();
  }
}

async function textToScore(text: string | undefined, file: string | undefined, io: Io): Promise<string> {
  if (text !== undefined && file !== undefined) throw new UsageError('give a text or --file, not both');
  const found = file === undefined ? await inputText(text ?? '', io) : await fileText(file);
  if (found === '') throw new UsageError('there is no text to score; give one, or --file, or - for stdin');
  return found;
}

function report({ nats, standardError, isBound, windows, forwards, ...score }: Score): string {
  const relation = isBound ? '≤' : '=';
  const error = isBound ? ` ± ${standardError.toFixed(2)}` : '';
  const pieces = windows > 1 ? `, in ${windows} pieces` : '';
  return [
    `-log p ${relation} ${nats.toFixed(2)}${error} nats`,
    `${score.natsPerToken.toFixed(3)} nats a token, ${score.bitsPerByte.toFixed(3)} bits a byte`,
    `${score.tokens} tokens, ${score.bytes} bytes${pieces}; ${forwards} forwards`,
    '',
  ].join('\n');
}
