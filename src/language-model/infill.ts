import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import type { RowScorer } from '../likelihood/scorer.ts';
import type { AskedSampling } from '../sampling/options.ts';
import { fitting } from './sample-request.ts';
import {
  boundsOf,
  fillHoles,
  type HoleFiller,
  type HoleLength,
  longestOf,
  type TextWithHoles,
} from './infill-windows.ts';
import type { GenerateRequest, InfillPart, InfillRequest, Infilling } from './language-model.ts';
import { checkOptions } from '../base/options.ts';
import { cutAtEnd } from '../sampling/canvas.ts';
import {
  checkFilling,
  type FillingOptions,
  fillingSchema,
  type FlatSamplingOptions,
  type SamplingOptions,
  showingSchema,
} from '../sampling/options.ts';
import type { ResizingTokens } from '../sampling/resize.ts';
import type { Frame, SampleOptions } from '../sampling/sample.ts';
import { type SampleStats, together } from '../sampling/stats.ts';
import { constraintIn } from '../sampling/constraint/constrain.ts';
import type { Language } from '../sampling/constraint/language.ts';
import { encodeWithin } from '../tokenizer/continuation.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** What writing into a text needs of a model. */
export interface HoleModel {
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  readonly endIds: readonly number[];
  readonly maxLength: number;
  readonly isCausal: boolean;
  /** See `ModelContext`. */
  readonly readsWhole: boolean;
  /** See `OpenedModel.noise`. */
  readonly noise?: 'uniform';
  readonly defaults: Partial<FlatSamplingOptions>;
  /** The tokens by which the model resizes holes, where it has them. */
  readonly resizing?: ResizingTokens;
  readonly score: RowScorer;
  /** A beginning of a text in ids, with what the model reads before every text. */
  opening(text: readonly number[]): readonly number[];
  /** @throws InvalidOptionError  for options that this model can't be sampled with */
  check(options: SamplingOptions): void;
  /** Samples a canvas to its end. */
  run(canvas: Int32Array, options: SamplingOptions, request: RunRequest): Promise<SampleStats>;
  /** See `Sampler.possibleLengths`. */
  possibleLengths(
    most: number,
    options: SamplingOptions,
    settings: Pick<GenerateRequest, 'signal' | 'language'>,
  ): Promise<Uint8Array>;
}

/** How one canvas is sampled on the way to filled holes. */
export interface RunRequest extends Pick<
  GenerateRequest,
  'signal' | 'candidates' | 'logitBias' | 'language'
> {
  /** Makes the options those of this canvas. */
  readonly adapt: (options: SampleOptions) => SampleOptions;
  readonly onFrame: NonNullable<GenerateRequest['onFrame']>;
}

/** `Model.infill`. */
export async function infillText(model: HoleModel, request: InfillRequest): Promise<Infilling> {
  const { parts, onFrame, signal, candidates, logitBias, language, ...asked } = request;
  const { tokenizer, endIds } = model;
  const options = fillingOptions(model, asked, language);
  const shown = checkOptions(showingSchema, { candidates });
  const isHole = parts.map((part) => typeof part !== 'string');
  if (!isHole.includes(true)) {
    throw new InvalidOptionError('parts', 'must have a hole to be filled', parts);
  }
  if (parts.every((part) => typeof part !== 'string' || part === '')) {
    const problem = 'must have text beside the holes; to write from nothing, generate';
    throw new InvalidOptionError('parts', problem, parts);
  }
  const constraint = constraintIn({ ...options, language });
  // a constraint is about the text of the hole, and would not find the space in it
  const text = textWithHoles(parts, constraint ? undefined : idsWithoutSpace, tokenizer);
  text.given[0] = [...model.opening(text.given[0])];
  const seen = { ...text, given: [...text.given.slice(0, -1), closing(model, text.given.at(-1)!, options)] };
  const { holes, searched, stats } = await fillWith(model, seen, {
    options,
    onFrame,
    signal,
    logitBias,
    language,
    ...shown,
  });

  const ended = text.given.at(-1)!.length === 0 ? cutAtEnd(holes.at(-1)!, endIds, 0) : holes.at(-1)!;
  const filled = [...holes.slice(0, -1), ended].map((tokens, h) => {
    const written = decodeAfter(tokenizer, text.given[h].at(-1), tokens);
    // the space that the hole began with stands in the given text
    return { tokens, text: text.notFirst[h] ? written.replace(/^ /, '') : written };
  });
  const left = filled.values();
  return {
    text: parts.map((part) => (typeof part === 'string' ? part : left.next().value!.text)).join(''),
    tokens: Int32Array.from(text.given.flatMap((ids, h) => [...ids, ...(filled[h]?.tokens ?? [])])),
    holes: filled,
    searched,
    stats,
  };
}

/** The end of a text in ids, with the end token that says so where the text is complete. */
export const closing = (
  { endIds }: HoleModel,
  text: readonly number[],
  { complete }: FillingOptions,
): readonly number[] => (complete ? [...text, endIds[0]] : text);

/**
 * The parts in ids, each text by itself.
 *
 * Where a text ends with a space before a hole, tokenizers have that space at the beginning of the next word. So it is left
 * to the hole, which then can't but begin with it.
 */
function textWithHoles(
  parts: readonly InfillPart[],
  idsNotFirst: ((tokenizer: Tokenizer) => readonly number[] | undefined) | undefined,
  tokenizer: Tokenizer,
) {
  const [given, lengths] = [[[]] as number[][], [] as HoleLength[]];
  const notFirst: (readonly number[] | undefined)[] = [];
  for (const [n, part] of parts.entries()) {
    if (typeof part === 'string') {
      const unspaced = isSpacedHole(part, parts[n + 1]) ? idsNotFirst?.(tokenizer) : undefined;
      const encoded = n === 0 ? tokenizer.encode.bind(tokenizer) : encodeWithin.bind(undefined, tokenizer);
      for (const id of encoded(unspaced ? part.slice(0, -1) : part)) given.at(-1)!.push(id);
      if (unspaced) notFirst[lengths.length] = unspaced;
    } else {
      lengths.push(lengthOf(part));
      given.push([]);
    }
  }
  return { given, lengths, notFirst };
}

/** @throws InvalidOptionError  for what is no hole */
export function lengthOf(hole: Exclude<InfillPart, string>): HoleLength {
  const { length, minimum, maximum } = hole as Partial<Record<'length' | 'minimum' | 'maximum', HoleLength>>;
  const isBounded = typeof minimum === 'number' && typeof maximum === 'number';
  if (length !== undefined && minimum === undefined && maximum === undefined) return length;
  if (length === undefined && isBounded) return [minimum, maximum];
  const problem =
    'must be texts, and holes as { length: 8 }, { length: "any" } or { minimum: 2, maximum: 8 }';
  throw new InvalidOptionError('parts', problem, hole);
}

const isSpacedHole = (text: string, next: InfillPart | undefined): boolean =>
  /\S $/.test(text) && next !== undefined && typeof next !== 'string';

/** The ids that don't stand for a space and something behind it; undefined where none does. */
function idsWithoutSpace(tokenizer: Tokenizer): number[] | undefined {
  const [context] = tokenizer.encode('a');
  const ids = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
  const unspaced = ids.filter((id) => !/^ \S/.test(decodeAfter(tokenizer, context, Int32Array.of(id))));
  return unspaced.length < ids.length ? unspaced : undefined;
}

/** What a person asks of holes, with the defaults of the model and of the program. */
export function fillingOptions(
  { defaults, readsWhole, isCausal, noise, resizing, endIds, check }: HoleModel,
  asked: object,
  language?: Language,
): FillingOptions {
  if (isCausal) {
    throw new UnsupportedError(
      "a causal model doesn't see the text behind a hole; it can only generate: give it the text as a prompt",
    );
  }
  const known = Object.entries(fitting({ defaults, readsWhole }, asked as AskedSampling, language)).filter(
    ([key]) => key in fillingSchema.shape,
  );
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const options = checkFilling(Object.fromEntries([...known, ...given]));
  if (given.some(([key]) => key === 'stepsPerBlock') && noise !== 'uniform') {
    const problem = 'is for models that write in stretches of their own; say tokensPerStep';
    throw new InvalidOptionError('stepsPerBlock', problem, options.stepsPerBlock);
  }
  if (options.expand && !resizing) {
    const problem = 'needs a model with the token <|expand|>, as DreamOn has it, and this one has none';
    throw new InvalidOptionError('expand', problem, true);
  }
  if (options.complete && endIds.length === 0) {
    throw new InvalidOptionError('complete', 'needs a model with a token for the end of a text', true);
  }
  check({ ...options, ...fixed });
  return options;
}

/** What has no meaning for holes. */
const fixed = {
  length: 1,
  grow: false,
  stopRepeating: true,
  reportCache: false,
  revise: 0,
  speculate: 0,
} as const;

/** Fills the holes of a text in ids. */
async function fillWith(
  model: HoleModel,
  text: TextWithHoles,
  {
    options,
    onFrame,
    ...watching
  }: { options: FillingOptions } & Pick<InfillRequest, 'onFrame' | keyof Omit<RunRequest, 'adapt'>>,
): Promise<Pick<Infilling, 'searched' | 'stats'> & { readonly holes: readonly Int32Array[] }> {
  const { tokensPerStep, expand = true, blockLength, seed = 0, banned = [] } = options;
  const constraint = constraintIn({ ...options, ...watching });
  checkHoles(model, text, { options, constraint });
  const spent: SampleStats[] = [];
  const filler: HoleFiller = {
    ...model,
    expand,
    isConstrained: constraint !== undefined,
    admits: constraint && (await admittedLengths(model, text, { options, constraint, ...watching })),
    blockLength,
    tokensPerStep,
    signal: watching.signal,
    async fill(canvas, { banned: others, adapt }, see) {
      const sampling = {
        ...options,
        ...fixed,
        // each canvas has random numbers of its own
        seed: (seed + 0x9e3779b9 * spent.length) % 2 ** 53,
        banned: [...banned, ...others],
      };
      const show = async (frame: Frame) => {
        const holes = see(frame);
        return onFrame?.(frame, holes);
      };
      spent.push(await model.run(canvas, sampling, { ...watching, adapt, onFrame: show }));
    },
  };
  const { holes, scored } = await fillHoles(filler, text);
  return { holes, searched: scored, stats: together(spent) };
}

/**
 * The lengths in a range of which there is a text under a constraint, for a hole that stands alone in front of given text.
 *
 * @throws InvalidOptionError  where there is none
 */
async function admittedLengths(
  model: HoleModel,
  { given, lengths }: TextWithHoles,
  {
    options,
    constraint,
    ...settings
  }: { options: FillingOptions; constraint: string } & Pick<RunRequest, 'signal' | 'language'>,
): Promise<HoleFiller['admits']> {
  const [length] = lengths;
  if (lengths.length > 1 || typeof length === 'number' || given[1].length === 0) return undefined;
  const { least, most } = boundsOf(length, { ...model, expand: false });
  const possible = await model.possibleLengths(most, { ...options, ...fixed }, settings);
  if (!possible.includes(1, least)) {
    const problem = `must admit a text of ${least} to ${most} tokens, as many as the hole may have`;
    throw new InvalidOptionError(constraint, problem, length);
  }
  return (n) => possible[n] === 1;
}

/** @throws InvalidOptionError  for what doesn't go with holes of these lengths */
function checkHoles(
  model: HoleModel,
  text: TextWithHoles,
  { options, constraint }: { options: FillingOptions; constraint: string | undefined },
): void {
  const { expand = true, guidance } = options;
  const resizes = expand && model.resizing !== undefined && text.lengths.includes('any');
  if (guidance !== 0 && resizes) {
    const problem =
      'takes the given text by its place, which resizing moves; say expand: false, or leave it out';
    throw new InvalidOptionError('guidance', problem, guidance);
  }
  if (!constraint) return;
  const longest = longestOf({ ...model, expand }, text);
  // the text around one hole may be cut off
  if (!resizes && (longest <= model.maxLength || text.lengths.length === 1)) return;
  const problem = resizes
    ? 'needs holes whose length is known; say expand: false'
    : `needs a text within the model's longest sequence (${model.maxLength} tokens)`;
  throw new InvalidOptionError(constraint, problem, `${longest} tokens`);
}

/**
 * The text of ids that stand behind another: a tokenizer may write the beginning of a text in a way of its own, such as
 * without a space.
 */
function decodeAfter(tokenizer: Tokenizer, before: number | undefined, ids: Int32Array): string {
  const alone = tokenizer.decode(ids);
  if (before === undefined) return alone;
  const [context, both] = [tokenizer.decode([before]), tokenizer.decode([before, ...ids])];
  return both.startsWith(context) ? both.slice(context.length) : alone;
}
