import { z } from 'zod';
import type { Model, Score } from '../../language-model/language-model.ts';
import { type ScoredSampler, scoredSamplerSchema } from '../../language-model/score-options.ts';
import { duration } from '../../base/format-duration.ts';
import { kebabCase } from '../../base/options.ts';
import { type Command, type Io, type Output, UsageError } from '../command.ts';
import { plainText, textOrFile } from '../input.ts';
import { type LoadModel, loadModel, modelOptions } from '../load-model.ts';
import { StatusLine } from '../terminal/status-line.ts';

const { strategy, ...samplerShape } = scoredSamplerSchema.shape;

const options = z.strictObject({
  text: z.string().optional().describe('the text to be scored, or a file with it; - reads it from stdin'),
  file: z.string().optional().meta({ placeholder: 'path' }).describe('a file with the text to be scored'),
  prompt: z.string().optional().describe('what is given before the text, and not scored'),
  ...modelOptions,
  samples: z
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe('draws of masks; the error falls with their square root'),
  sampler: strategy
    .unwrap()
    .optional()
    .describe(
      'says too how likely the text is under this strategy: exactly, or by a bound where it chooses positions at random; with the model’s blocks and the options below',
    ),
  orders: z
    .int()
    .min(2)
    .max(100_000)
    .default(8)
    .describe('for a sampler that chooses positions at random: how many orders are sampled'),
  ...samplerShape,
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
      ['unmask score --file story.txt --sampler low-confidence', 'exactly, as the sampler would write it'],
      ['unmask score --model runs/mine story.txt --json', 'a file, for another program'],
    ],
    async run({ text, file, prompt, samples, seed, json, sampler, orders, ...asked }, io, given) {
      const answer = await textToScore(text, file, io);
      const strategyOptions = samplerOptions(asked, given);
      const unused = [...Object.keys(strategyOptions), ...(given.has('orders') ? ['orders'] : [])];
      if (sampler === undefined && unused.length > 0)
        throw new UsageError(`--${kebabCase(unused[0])} is for a --sampler; say which`);
      const { model: path, adapter, device, weights } = asked;
      const model = await load({ model: path, adapter, device, weights }, io);
      const progress = new ScoreProgress(io.stderr, () => performance.now());
      const scored = (request: Partial<Parameters<Model['score']>[0]>): Promise<Score> =>
        model.score({
          prompt,
          answer,
          seed,
          onProgress: (share) => progress.show(share),
          signal: io.signal,
          ...request,
        });
      try {
        const score = await scored({ samples });
        const under = sampler && {
          ...(await scored({ samples: orders, sampler: { ...strategyOptions, strategy: sampler } })),
          strategy: sampler,
        };
        progress.clear();
        io.stdout.write(json ? `${JSON.stringify({ ...score, sampler: under })}\n` : report(score, under));
      } finally {
        progress.clear();
        await model.close();
      }
    },
  };
}

/** What the command line says of the sampler, beside its strategy. */
function samplerOptions(
  asked: Partial<ScoredSampler>,
  given: ReadonlySet<string>,
): Partial<Omit<ScoredSampler, 'strategy'>> {
  const named = Object.entries(asked).filter(([key]) => key in samplerShape && given.has(key));
  return Object.fromEntries(named);
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
  const found = file === undefined ? await textOrFile(text ?? '', io) : await plainText(file);
  if (found === '') throw new UsageError('there is no text to score; give one, or --file, or - for stdin');
  return found;
}

function report(score: Score, under?: Score & { readonly strategy: string }): string {
  const { tokens, bytes, windows } = score;
  const pieces = windows > 1 ? `, in ${windows} pieces` : '';
  return [
    ...likelihoodLines(score, ''),
    ...(under ? likelihoodLines(under, ` under ${under.strategy}`) : []),
    `${tokens} tokens, ${bytes} bytes${pieces}; ${score.forwards + (under?.forwards ?? 0)} forwards`,
    '',
  ].join('\n');
}

const likelihoodLines = (
  { nats, standardError, isBound, natsPerToken, bitsPerByte }: Score,
  under: string,
): string[] => [
  `-log p${under} ${isBound ? '≤' : '='} ${nats.toFixed(2)}${isBound ? ` ± ${standardError.toFixed(2)}` : ''} nats`,
  `${natsPerToken.toFixed(3)} nats a token, ${bitsPerByte.toFixed(3)} bits a byte`,
];
