import type { Model } from '../../language-model/language-model.ts';
import type { ScoredSampler } from '../../language-model/score-options.ts';
import { alone, type Ranks } from '../../ranks/ranks.ts';
import { sharedOut } from '../../ranks/share-out.ts';
import { strategyNamed } from '../../sampling/strategy-table.ts';
import { scoredSamplerSchema } from '../../language-model/score-options.ts';
import { judgeTexts, type Judgement } from '../judge/judge.ts';
import { writeTexts } from '../judge/write-texts.ts';
import { meanOf, type Mean } from '../mean.ts';
import type { PromptedText } from './read-prompts.ts';
import type { SamplingOutcome, HeldOutLikelihood } from './outcome.ts';
import type { Way } from './ways.ts';

/** What ways to sample are measured with. */
export interface MeasuringOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Who measures, and who is told of it. */
export interface MeasureWaysOptions extends MeasuringOptions {
  /** The ranks of the job, which share out the ways: each is given all outcomes. Default: this process alone. */
  readonly ranks?: Ranks;
  /** Is told which way this rank measures next. */
  readonly onWay?: (index: number, way: Way) => void;
}

/** Measures every way at every temperature; the outcomes come in this order. */
export async function* measureWays(
  { model, judge }: { readonly model: Model; readonly judge: Model },
  { ways, temperatures }: { readonly ways: readonly Way[]; readonly temperatures: readonly number[] },
  prompts: readonly PromptedText[],
  { ranks = alone, onWay, ...how }: MeasureWaysOptions,
): AsyncGenerator<SamplingOutcome, void, void> {
  const work = async ([index, way]: [number, Way]): Promise<SamplingOutcome[]> => {
    onWay?.(index, way);
    const heldOut = await likelihoodOf(model, way, prompts, how);
    const outcomes: SamplingOutcome[] = [];
    for (const temperature of temperatures)
      outcomes.push({ ...(await measureWay(model, judge, { way, temperature }, prompts, how)), heldOut });
    return outcomes;
  };
  for await (const outcomes of sharedOut(ranks, ways.entries(), { perRank: 1, work })) yield* outcomes;
}

/** Texts as they were written by people, cut to about as much as a model writes, for comparison. */
export async function judgeContinuations(
  judge: Model,
  model: Model,
  prompts: readonly PromptedText[],
  length: number,
  { signal }: Pick<MeasuringOptions, 'signal'> = {},
): Promise<Judgement | undefined> {
  const texts = prompts.map((text) => heldOut(model, text, length));
  return texts.some((text) => text === '') ? undefined : judgeTexts(judge, texts, { signal });
}

/** The first `length` tokens of how a text went on. */
function heldOut({ tokenizer }: Model, { continuation = '' }: PromptedText, length: number): string {
  return tokenizer.decode(tokenizer.encode(continuation).slice(0, length));
}

/**
 * How likely held-out text is under a way to sample, at temperature 1: nats a token, exact where the way draws no positions.
 *
 * @returns undefined for a way that changes what it wrote, under which a text has no likelihood, and where there is no text
 */
async function likelihoodOf(
  model: Model,
  way: Way,
  prompts: readonly PromptedText[],
  { seed, signal }: MeasuringOptions,
): Promise<HeldOutLikelihood | undefined> {
  const { length = 1, strategy = 'low-confidence' } = way.options;
  if (strategyNamed(strategy).likelihood === 'none') return undefined;
  const known = Object.entries(way.options).filter(([key]) => key in scoredSamplerSchema.shape);
  const sampler: Partial<ScoredSampler> = {
    ...Object.fromEntries(known),
    temperature: 1,
    tokensPerStep: way.tokensPerStep ?? 1,
  };
  const texts = prompts
    .map((text) => ({ prompt: text.prompt, answer: heldOut(model, text, length) }))
    .filter(({ answer }) => answer !== '');
  if (texts.length === 0) return undefined;
  const scores = await Promise.all(
    texts.map((text) => model.score({ ...text, sampler, samples: 2, seed, signal })),
  );
  const natsPerToken = meanOf(scores.map(({ nats, tokens }) => ({ value: nats, weight: tokens })));
  return { ...natsPerToken, isBound: scores[0].isBound };
}

/** Writes a text for every prompt in one way, one after another, and has them judged. */
async function measureWay(
  model: Model,
  judge: Model,
  { way, temperature }: { readonly way: Way; readonly temperature: number },
  prompts: readonly PromptedText[],
  { seed, signal }: MeasuringOptions,
): Promise<Omit<SamplingOutcome, 'heldOut'>> {
  // the sampler whose likelihood stands beside it knows of no penalties, which a model may have by default
  const plain = { frequencyPenalty: 0, presencePenalty: 0 };
  const requests = prompts.map(({ prompt }, k) => ({
    ...plain,
    ...way.options,
    temperature,
    prompt,
    seed: seed + k,
  }));
  const { texts, stats } = await writeTexts(model, requests, { sideBySide: 1, signal });
  const written = texts.map((text, k) => text.slice(prompts[k].prompt.length));
  const answered = prompts.flatMap(({ answer }, k) =>
    answer === undefined ? [] : [{ value: Number(written[k].trim() === answer.trim()), weight: 1 }],
  );
  const exact: Mean | undefined = answered.length > 0 ? meanOf(answered) : undefined;
  return {
    name: way.name,
    group: way.group,
    temperature,
    tokensPerForward: stats.tokensPerForward,
    tokensPerSecond: stats.tokensPerSecond,
    judgement: await judgeTexts(judge, written, { signal }),
    ...(exact && { exact }),
  };
}
