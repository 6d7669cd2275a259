import { InvalidOptionError, UnsupportedError } from './errors.ts';
import type { RowScorer } from './evaluation/scorer.ts';
import { fillHoles, type HoleFiller, type TextWithHoles } from './holes.ts';
import type { GenerateRequest, InfillRequest, Infilling } from './language-model.ts';
import { checkOptions } from './options.ts';
import { uniforms } from './random.ts';
import { cutAtEnd } from './sampling/canvas.ts';
import { type FillingOptions, fillingSchema, type SamplingOptions } from './sampling/options.ts';
import type { ResizingTokens } from './sampling/resize.ts';
import type { Frame, SampleOptions } from './sampling/sample.ts';
import { type SampleStats, together } from './sampling/stats.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** What writing into a text needs of a model. */
export interface HoleModel {
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly maxLength: number;
  readonly isCausal: boolean;
  readonly defaults: Partial<SamplingOptions>;
  /** The tokens by which the model resizes holes, where it has them. */
  readonly resizing?: ResizingTokens;
  readonly score: RowScorer;
  /** Samples a canvas to its end. */
  run(canvas: Int32Array, options: SamplingOptions, request: RunRequest): Promise<SampleStats>;
}

export interface RunRequest extends Pick<GenerateRequest, 'signal'> {
  /** Makes the options those of this canvas. */
  readonly adapt: (options: SampleOptions) => SampleOptions;
  readonly onFrame: (frame: Frame) => Promise<void> | void;
}

/** `Model.infill`. */
export async function infill(model: HoleModel, request: InfillRequest): Promise<Infilling> {
  const { parts, onFrame, signal, ...asked } = request;
  const { tokenizer, endIds } = model;
  const options = fillingOptions(model, asked);
  const isHole = parts.map((part) => typeof part !== 'string');
  if (!isHole.includes(true)) {
    throw new InvalidOptionError('parts', 'must have a hole to be filled', parts);
  }
  if (parts.every((part) => typeof part !== 'string' || part === '')) {
    const problem = 'must have text beside the holes; to write from nothing, generate';
    throw new InvalidOptionError('parts', problem, parts);
  }
  const text: { given: number[][]; lengths: TextWithHoles['lengths'][number][] } = {
    given: [[]],
    lengths: [],
  };
  for (const part of parts) {
    if (typeof part === 'string') text.given.at(-1)!.push(...tokenizer.encode(part));
    else {
      text.lengths.push(part.length);
      text.given.push([]);
    }
  }
  const { holes, scored, stats } = await fillWith(model, text, { options, onFrame, signal });

  const ended = text.given.at(-1)!.length === 0 ? cutAtEnd(holes.at(-1)!, endIds, 0) : holes.at(-1)!;
  const filled = [...holes.slice(0, -1), ended].map((tokens, h) => ({
    tokens,
    text: decodeAfter(tokenizer, text.given[h].at(-1), tokens),
  }));
  const left = filled.values();
  return {
    text: parts.map((part) => (typeof part === 'string' ? part : left.next().value!.text)).join(''),
    tokens: Int32Array.from(text.given.flatMap((ids, h) => [...ids, ...(filled[h]?.tokens ?? [])])),
    holes: filled,
    scored,
    stats,
  };
}

/** What a person asks of holes, with the defaults of the model and of the program. */
export function fillingOptions(
  { defaults, isCausal, resizing }: HoleModel,
  asked: object,
  own: Partial<FillingOptions> = {},
): FillingOptions {
  if (isCausal) {
    throw new UnsupportedError(
      "a causal model doesn't see the text behind a hole; it can only generate: give it the text as a prompt",
    );
  }
  const known = Object.entries({ ...defaults, ...own }).filter(([key]) => key in fillingSchema.shape);
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const options = checkOptions(fillingSchema, Object.fromEntries([...known, ...given]));
  if (options.expand && !resizing) {
    const problem = 'needs a model with the token <|expand|>, as DreamOn has it, and this one has none';
    throw new InvalidOptionError('expand', problem, true);
  }
  return options;
}

/** Fills the holes of a text in ids. */
export async function fillWith(
  model: HoleModel,
  text: TextWithHoles,
  { options, onFrame, signal }: { options: FillingOptions } & Pick<GenerateRequest, 'onFrame' | 'signal'>,
) {
  const { tokensPerStep, expand = true, ...sampling } = options;
  const { seed = 0, blockLength } = options;
  const spent: SampleStats[] = [];
  const filler: HoleFiller = {
    ...model,
    resizing: expand ? model.resizing : undefined,
    uniform: uniforms(seed, 'likelihood'),
    ...{ blockLength, tokensPerStep, signal },
    async fill(canvas, { banned, adapt }, see) {
      // each canvas has random numbers of its own
      const own = (seed + 0x9e3779b9 * spent.length) % 2 ** 53;
      const stats = await model.run(
        canvas,
        {
          ...sampling,
          ...{
            length: canvas.length,
            grow: false,
            stopRepeating: true,
            seed: own,
            banned: [...(sampling.banned ?? []), ...banned],
          },
        },
        {
          ...{ adapt, signal },
          onFrame: async (frame) => {
            see(frame);
            await onFrame?.(frame);
          },
        },
      );
      spent.push(stats);
    },
  };
  const { holes, scored } = await fillHoles(filler, text);
  return { holes, scored, stats: together(spent) };
}

/**
 * The text of ids that stand behind another: a tokenizer may write the beginning of a text in a way of its own, such as
 * without a space.
 */
export function decodeAfter(tokenizer: Tokenizer, before: number | undefined, ids: Int32Array): string {
  const alone = tokenizer.decode(ids);
  if (before === undefined) return alone;
  const [context, both] = [tokenizer.decode([before]), tokenizer.decode([before, ...ids])];
  return both.startsWith(context) ? both.slice(context.length) : alone;
}
